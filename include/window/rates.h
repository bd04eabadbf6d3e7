/* From the events of a closed window to one rate a cell: its estimate (estimate.h), then hold and
 * span (history.h), times gen_scale. A rate is a function of the sets of a cell's events, each
 * sorted by (time, partition, offset): arrival order has no say. */
#ifndef HEATSTREAM_WINDOW_RATES_H
#define HEATSTREAM_WINDOW_RATES_H

#include "window/estimate.h"

struct rates;

struct rates_config {
    int64_t cells; /* of the grid, numbered from 0 */
    enum estimate estimate;
    int span;     /* n >= 1 windows: hopping mean of the rates of the last n */
    int64_t hold; /* n windows a silent cell keeps its last estimate; 0: its rate is 0 at once */
    double gen_scale;
};

struct rates *rates_create(const struct rates_config *config);
void rates_destroy(struct rates *rates); /* accepts NULL */

struct rates_result {
    int64_t heat_count;
    const struct heat
        *heat; /* sorted by cell, without zeros; owned by the rates until their next call */
    int64_t cells_heard; /* cells with at least one event */
};

/* The rates of `window` from its events, which are in order. Windows come one by one; those that a
 * rate can depend on are this one and the hold + span - 1 before. So after rates_forget() the same
 * is told of a window, if those before it are fed anew. */
struct rates_result rates_next(struct rates *rates, int64_t window, int64_t middle_ms,
                               const struct event_set *set);

/* Forgets all windows: any may come next. */
void rates_forget(struct rates *rates);

#endif
