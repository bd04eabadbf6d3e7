#include "solve/boundary.h"

#include <string.h>

void boundary_fill_rows(double *column, int ny, const struct solver_side *bottom,
                        const struct solver_side *top)
{
    column[-1] = boundary_ghost(bottom, column[0]);
    column[ny] = boundary_ghost(top, column[ny - 1]);
}

void boundary_fill_column(double *ghost, const double *inner, int ny,
                          const struct solver_side *side)
{
    const double value = side->value;
    if (side->insulated)
        memcpy(ghost, inner, (size_t)ny * sizeof *ghost);
    else
        for (int j = 0; j < ny; j++)
            ghost[j] = value;
}

double boundary_column_excess(const double *inner, const double *ghost, int ny)
{
    double excess = 0.0;
    for (int j = 0; j < ny; j++)
        excess += inner[j] - ghost[j];
    return excess;
}
