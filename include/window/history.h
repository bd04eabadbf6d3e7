/* What earlier windows leave to the rates of later ones, all before gen_scale.
 *
 *     estimate of a cell in window w without an event, hold n: that of the newest of the windows
 *         w - n .. w - 1 in which the cell has an event, else 0
 *     span n: ((((0.0 + r[k-n+1]) + r[k-n+2]) + …) + r[k]) / n, r[w] being the rate of window w
 *         (held ones too), 0 for w < 0
 *
 * So the rates of window k are a function of the estimates of the windows k - span + 1 - hold .. k
 * alone: a history that is new and fed with these yields the same bits.
 *
 * Memory, at most twice that for room to grow: hold keeps 64 bytes a cell heard in its n windows,
 * merging included; span keeps 16 bytes for each rate other than 0 of its last n - 1 windows, so at
 * most 16 * (n - 1) * cells, and 32 * cells to add them up. */
#ifndef HEATSTREAM_WINDOW_HISTORY_H
#define HEATSTREAM_WINDOW_HISTORY_H

#include <stdint.h>

struct cell_rate {
    int64_t cell;
    double rate;
};

/* Sorted by cell. Zero-initialised is empty; `rates` is owned. */
struct rate_list {
    struct cell_rate *rates;
    int64_t count, capacity;
};

void rate_list_release(struct rate_list *list);

/* Empties the list and makes room for `count` rates. */
void rate_list_reset(struct rate_list *list, int64_t count);

struct history;

/* span >= 1 windows; hold >= 0 windows, 0: cells without an event have rate 0. */
struct history *history_create(int span, int64_t hold);
void history_destroy(struct history *history); /* accepts NULL */

/* The rates of `window`, the one after that of the call before, from its estimates: one for each
 * cell with an event, zeros included. Cells that are not in the result have rate 0. Valid until the
 * next call, and as long as `estimates`. */
const struct rate_list *history_next(struct history *history, int64_t window,
                                     const struct rate_list *estimates);

/* As new: any window may come next. Keeps the memory. */
void history_forget(struct history *history);

#endif
