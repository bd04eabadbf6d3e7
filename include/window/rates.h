/* From the events of a closed window to one rate a cell. A rate is a function of the set of a
 * cell's events, sorted by (time, partition, offset): arrival order has no say. */
#ifndef HEATSTREAM_WINDOW_RATES_H
#define HEATSTREAM_WINDOW_RATES_H

#include "window/event.h"
#include "window/panes.h"

struct rates;

/* `cells` is the number of cells of the grid, which are numbered from 0. */
struct rates *rates_create(int64_t cells, double gen_scale);
void rates_destroy(struct rates *rates); /* accepts NULL */

struct rates_result {
    int64_t heat_count;
    const struct heat
        *heat; /* sorted by cell, without zeros; owned by the rates until their next call */
    int64_t cells_heard; /* cells with at least one event */
};

/* The mean of each cell: the events' rates summed in order from 0.0, divided by their number, times
 * gen_scale. Sorts the events in place by (cell, time, partition, offset). */
struct rates_result rates_mean(struct rates *rates, struct event *events, int64_t count);

#endif
