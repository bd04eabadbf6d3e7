/* What lies one spacing outside the grid, and the heat that leaves through it. On plain arrays. */
#ifndef HEATSTREAM_SOLVE_BOUNDARY_H
#define HEATSTREAM_SOLVE_BOUNDARY_H

#include "solve/solver.h"

/* The ghost of a cell: the held value, or the cell itself where no heat may pass. */
static inline double boundary_ghost(const struct solver_side *side, double inner)
{
    return side->insulated ? inner : side->value;
}

/* Sets rows -1 and ny of a column. */
void boundary_fill_rows(double *column, int ny, const struct solver_side *bottom,
                        const struct solver_side *top);

/* Sets a ghost column beside the outermost column `inner`. */
void boundary_fill_column(double *ghost, const double *inner, int ny,
                          const struct solver_side *side);

/* The sum of inner[j] - ghost[j] for j from 0 to ny-1, from 0.0. */
double boundary_column_excess(const double *inner, const double *ghost, int ny);

#endif
