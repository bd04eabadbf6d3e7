/* Frames as the page reads them: whoever has them, a run that is going on or the files of one,
 * hands over these calls. They are made on the server's thread, one at a time. */
#ifndef HEATSTREAM_WATCH_ROWS_H
#define HEATSTREAM_WATCH_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* One row of /series; temperatures in the deck's unit, heat in that unit times area. */
struct watch_row {
    int64_t window, event_time_ms, revision;
    double change, t_min, t_max, t_mean, heat_content, heat_in, heat_out, heat_residual, latency_ms;
    int64_t events, late, missing, dead;
    bool final, complete;
};

/* Columns x0 .. x1 - 1, rows y0 .. y1 - 1 of the grid, at least one cell. */
struct watch_box {
    int64_t x0, y0, x1, y1;
};

/* What a region is at. */
struct page_reading {
    double min, mean, max; /* NaN: not measured yet */
    int level;             /* the highest of the alerts on it */
};

struct watch_rows {
    void *context;

    /* The record of a row; STATUS_NO_INPUT when it is not there (any more, or yet). */
    enum status (*row)(void *context, int64_t row, struct watch_row *out, struct error *err);

    /* The cells of a box within the grid, x fastest, from y0 upwards: cells[y1 - y0][x1 - x0],
     * rounded to f32 where they are stored as f64. */
    enum status (*cells)(void *context, int64_t row, const struct watch_box *box, float *cells,
                         struct error *err);

    /* Of each of `count` regions in a row; NULL: nobody knows. */
    enum status (*readings)(void *context, int64_t row, int count, struct page_reading *readings,
                            struct error *err);
};

/* Of a difference A - B over all cells, as `heatstream compare` has them. */
struct watch_norms {
    double max, rms; /* the largest |A - B|, infinite where one is not a number */
    int64_t cells;   /* that differ */
    int64_t x, y;    /* where it is largest; of several the first by x, then y */
};

/* Another run beside this one. A row N here is the row of it that is of the same window as row N of
 * this run; STATUS_NO_INPUT where it has none. Called as the above. */
struct watch_other {
    const char *name;
    struct watch_rows rows, difference; /* difference: this run less the other; its cells only */
    void *context;
    enum status (*norms)(void *context, int64_t row, struct watch_norms *norms, struct error *err);
};

#endif
