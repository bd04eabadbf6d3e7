/* The frames that corrections can reach, and what was judged of them. Internal to watch/. */
#ifndef HEATSTREAM_WATCH_HISTORY_H
#define HEATSTREAM_WATCH_HISTORY_H

#include "judgement.h"

/* Written by watch.c and watch_state.c. */
struct past_frame {
    struct watch_frame frame; /* its readings lie in `readings` of the watch */
    double *readings;         /* [regions][stats], owned */
    struct alert_step *steps; /* [alert_count], owned: as they were told */
};

struct watch {
    const struct watch_rules *rules;
    struct past_frame *past; /* [kept], a ring: the oldest at `first` */
    int64_t kept, first, count;
    struct judgement base; /* before the oldest frame */
    struct judgement head; /* after the first `judged` of the frames */
    int64_t judged;
    struct alert_step *steps; /* [alert_count], of a judgement */
    double *ratios;           /* [relation_count] */
    uint8_t *levels, *region_levels;
};

struct past_frame *history_at(const struct watch *watch, int64_t i);

#endif
