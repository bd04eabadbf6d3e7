/* What the parameters of a request ask for, of a run with so many cells and frames. Pure. A
 * parameter that is not there has its default; false: one is no number, or out of range. */
#ifndef HEATSTREAM_WATCH_QUERY_H
#define HEATSTREAM_WATCH_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tell.h"
#include "watch/view.h"

enum { QUERY_MOST_POINTS = 2000 };

struct query {
    const char *(*parameter)(const void *context, const char *name); /* NULL: not there */
    const void *context;
    int64_t gnx, gny, first_row, rows;
};

/* `row`, by default the newest: any number, for who has the frames knows which there are. */
bool query_row(const struct query *query, int64_t *row);

/* `row`; `stat`; `x0`, `y0`, `x1`, `y1`: at least one cell within the grid, by default all. */
bool query_view(const struct query *query, struct view *view);

/* `points`, from 1 to QUERY_MOST_POINTS; `from`, at least first_row, and `to`, not negative; by
 * default so many that the newest is the last. What comes out lies within the rows, or is empty:
 * first > last. */
bool query_range(const struct query *query, struct tell_range *range);

/* `from`, a number of alerts, by default 0. */
bool query_alerts(const struct query *query, int64_t *from);

/* One of `count` names, by default the first. */
bool query_choice(const struct query *query, const char *name, const char *const *names, int count,
                  int *index);

/* `x` and `y` of a cell of the grid, by default 0. */
bool query_cell(const struct query *query, int64_t *x, int64_t *y);

#endif
