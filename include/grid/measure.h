/* Sums and extremes of a field that do not depend on the number of ranks: of each column, the sums
 * of every eighth cell are added in pairs (s[i] + s[i + 4], then + 2, then + 1), rank 0 adds the
 * columns from left to right. */
#ifndef HEATSTREAM_GRID_MEASURE_H
#define HEATSTREAM_GRID_MEASURE_H

#include <stdbool.h>

#include "grid/field.h"

/* Without `finite`, min, max and sum mean nothing. */
struct measure {
    double min, max, sum;
    bool finite;          /* no NaN and no infinity */
    int64_t bad_x, bad_y; /* the first cell that is not finite, in order of x, then y; else -1 */
    double bad_value;     /* and what it holds */
};

struct measurer;

struct measurer *measurer_create(const struct domain *domain);
void measurer_destroy(struct measurer *measurer); /* accepts NULL */

/* Collective; the result is valid on every rank. */
struct measure measure_field(struct measurer *measurer, const struct field *field);

/* The same in two steps, for who does more with a column while it is in the cache: each owned
 * column once (local), then of all (collective). */
void measure_take(struct measurer *measurer, const struct field *field, int i);
struct measure measure_combine(struct measurer *measurer);

/* Collective: the sum of columns[0 .. nx) over the whole grid, in order of x; valid on every rank.
 */
double measure_columns(struct measurer *measurer, const double *columns);

#endif
