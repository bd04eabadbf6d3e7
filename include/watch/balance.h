/* Whether the heat of a run adds up: what came in, less what went out through the boundary, is the
 * change of what is there. A meter of the solver's correctness that needs no second solution. Heat
 * is temperature times area. Pure. */
#ifndef HEATSTREAM_WATCH_BALANCE_H
#define HEATSTREAM_WATCH_BALANCE_H

#include "base/buffer.h"
#include "base/status.h"

struct balance;

/* The heat of a row of the frames file; in and out since the row before it. */
struct balance_row {
    int64_t row;
    double content, in, out;
};

/* What is missing: (content - content of the row before) - (in - out); and that by the largest of
 * both contents, in and out, which is rounding only, 1e-16 a step, where the solver is right. 0
 * where there is no heat at all. */
struct balance_error {
    double residual, ratio;
};

/* Corrections reach the last `kept` rows; `initial` is the content before row 0. */
struct balance *balance_create(int64_t kept, double initial);
void balance_destroy(struct balance *balance); /* accepts NULL */

/* The next row, or one of the last `kept` anew: then those after it are to follow. */
struct balance_error balance_take(struct balance *balance, const struct balance_row *row);

/* The content of nx times ny cells of one temperature, summed as measure_field() does. */
double balance_uniform(int64_t nx, int64_t ny, double temperature, double cell_area);

/* What is needed to go on, of a balance with the same `kept`; STATUS_BAD_DATA. */
void balance_save(const struct balance *balance, struct buffer *out);
enum status balance_load(struct balance *balance, struct buffer_reader *reader,
                         struct error *err) MUST_CHECK;

#endif
