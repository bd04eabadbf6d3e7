/* Relations and alerts from one frame to the next. Internal to watch/. */
#ifndef HEATSTREAM_WATCH_JUDGEMENT_H
#define HEATSTREAM_WATCH_JUDGEMENT_H

#include "watch/rules.h"
#include "watch/watch.h"

/* Of one relation, within its present window. */
struct relation_state {
    double sum_a, sum_b;
    int64_t frames;
};

/* Of one alert: its last readings, oldest first; the last streak[i] count for level i+1. */
struct alert_state {
    int64_t level, readings;
    int64_t streak[WATCH_LEVELS];
    int64_t times_ms[WATCH_CONSECUTIVE];
    double values[WATCH_CONSECUTIVE];
};

/* What a frame did to an alert; nothing where from == to. `value` is NaN without a reading. */
struct alert_step {
    uint8_t from, to;
    double value;
};

struct judgement {
    struct relation_state *relations; /* [relation_count] */
    struct alert_state *alerts;       /* [alert_count] */
};

struct judgement judgement_create(const struct watch_rules *rules);
void judgement_release(struct judgement *judgement);
void judgement_copy(const struct watch_rules *rules, struct judgement *to,
                    const struct judgement *from);

/* By one frame. steps[alert_count], ratios[relation_count]. */
void judgement_take(const struct watch_rules *rules, struct judgement *judgement,
                    const struct watch_frame *frame, struct alert_step *steps, double *ratios);

#endif
