/* The cells of a box of the grid on their way from the ranks that own them to rank 0. */
#ifndef HEATSTREAM_GRID_GATHER_H
#define HEATSTREAM_GRID_GATHER_H

#include "grid/field.h"

/* Columns x0 .. x1 - 1, rows y0 .. y1 - 1. */
struct cell_box {
    int64_t x0, y0, x1, y1;
};

struct gather;

/* Local. The box holds at least one cell and lies within the grid. It is gathered in pieces of
 * whole columns of it, of at most `most` cells or one column, so that no rank ever holds more than
 * a piece, or its own share of one. The domain is borrowed. */
struct gather *gather_create(const struct domain *domain, const struct cell_box *box, int64_t most);
void gather_destroy(struct gather *gather); /* accepts NULL */

/* The pieces from left to right, and the part of the box that one of them is. Local. */
int64_t gather_pieces(const struct gather *gather);
struct cell_box gather_box_of(const struct gather *gather, int64_t piece);

/* Collective, MPI_Gatherv. On rank 0 the temperature of cell (x, y) of the piece becomes
 * cells[(x - x0) * (y1 - y0) + (y - y0)], with x0, y0 and y1 of the piece, its bits unchanged;
 * `cells` is ignored elsewhere. */
void gather_piece(struct gather *gather, int64_t piece, const struct field *field, double *cells);

#endif
