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

struct watch_rows {
    void *context;

    /* The record of a row; STATUS_NO_INPUT when it is not there (any more, or yet). */
    enum status (*row)(void *context, int64_t row, struct watch_row *out, struct error *err);

    /* The cells of a box within the grid, x fastest, from y0 upwards: cells[y1 - y0][x1 - x0],
     * rounded to f32 where they are stored as f64. */
    enum status (*cells)(void *context, int64_t row, const struct watch_box *box, float *cells,
                         struct error *err);
};

#endif
