/* /regions, /relations and /alerts of the frames file. */
#ifndef HEATSTREAM_RUN_WATCH_GROUPS_H
#define HEATSTREAM_RUN_WATCH_GROUPS_H

#include "deck/deck.h"
#include "store/frames_groups.h"
#include "watch/watch.h"

struct watch_groups;

/* Without a deck, on ranks other than 0, they have no texts. Read by watch_groups_create() only. */
struct watch_groups_config {
    int regions, relations, alerts, percentiles;
    const int *percentile;
    const struct deck *deck;
};

struct watch_groups *watch_groups_create(const struct watch_groups_config *config);
void watch_groups_destroy(struct watch_groups *groups); /* accepts NULL */

struct frames_groups watch_groups_of(const struct watch_groups *groups); /* borrowed */

/* The panels of a row, by readings [regions][3 + percentiles]; valid until the next call, and while
 * the view is. */
const void *const *watch_groups_fill(struct watch_groups *groups, const double *readings,
                                     const struct watch_view *view);

#endif
