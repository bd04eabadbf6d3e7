/* The rate of one cell in one window, from the cell's events alone: v1 … vn with times
 * t1 <= … <= tn, sorted by (time, partition, offset). In doubles, in exactly this order of
 * operations:
 *
 *     mean      (((0.0 + v1) + v2) + …) / n
 *     sum       ((0.0 + v1) + v2) + …
 *     last      vn
 *
 * The other two estimate the rate at the middle of the window, m = start + floor(W / 2). Of equal
 * times the last event counts; one at m is on the left.
 *
 *     linear    a + (b - a) * ((m - ta) / (tb - ta)) through the nearest left (ta, a) and right
 *               (tb, b); all on one side: the rate of the nearest
 *     cubic     (((0.0 + w1) + w2) + w3) + w4 through the two nearest on each side, in order of
 *               time, with wi = ((vi * r1) * r2) * r3 and r = (m - tj) / (ti - tj) for j != i in
 *               order; fewer than two on a side: linear */
#ifndef HEATSTREAM_WINDOW_ESTIMATE_H
#define HEATSTREAM_WINDOW_ESTIMATE_H

#include "window/event_set.h"

enum estimate { ESTIMATE_MEAN, ESTIMATE_SUM, ESTIMATE_LAST, ESTIMATE_LINEAR, ESTIMATE_CUBIC };

/* `events` are the `count` >= 1 events of one cell in one window, sorted. */
double estimate_rate(enum estimate estimate, const struct event *events, int64_t count,
                     int64_t middle_ms);

#endif
