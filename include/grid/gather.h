/* The cells of a box of the grid on their way from the ranks that own them to rank 0. */
#ifndef HEATSTREAM_GRID_GATHER_H
#define HEATSTREAM_GRID_GATHER_H

#include "grid/field.h"

/* Columns x0 .. x1 - 1, rows y0 .. y1 - 1. */
struct cell_box {
    int64_t x0, y0, x1, y1;
};

struct gather;

/* Local. The box holds at least one cell and lies within the grid. No rank allocates more than its
 * own share of the box. */
struct gather *gather_create(const struct domain *domain, const struct cell_box *box);
void gather_destroy(struct gather *gather); /* accepts NULL */

/* Collective, MPI_Gatherv. On rank 0 the temperature of cell (x, y) becomes
 * cells[(x - x0) * (y1 - y0) + (y - y0)], its bits unchanged; `cells` is ignored elsewhere. */
void gather_box(struct gather *gather, const struct field *field, double *cells);

#endif
