/* The arithmetic of one step on plain arrays: no MPI, no allocation, one order of operations. */
#ifndef HEATSTREAM_SOLVE_STENCIL_H
#define HEATSTREAM_SOLVE_STENCIL_H

#include "grid/scatter.h"

/* Written by stencil_of() only. */
struct stencil {
    double a, cx, cy;
};

/* cx = (k*tau)/(dx*dx), cy = (k*tau)/(dy*dy), a = (1 - 2*cx) - 2*cy. */
struct stencil stencil_of(double conductivity, double dx, double dy, double tau_s);

/* next[j] = (a*u + cx*(west + east)) + cy*(south + north) for j in [0, ny). `column` also has rows
 * -1 and ny. `next` overlaps none of the others. */
void stencil_column(const struct stencil *stencil, const double *west, const double *column,
                    const double *east, double *next, int ny);

/* next[cell - first_cell] += tau_s * rate for `count` entries of one column in rising order, of
 * which no cell comes twice; row 0 is cell `first_cell`. */
void stencil_heat_column(double *next, const struct slab_heat *heat, int count, int64_t first_cell,
                         int ny, double tau_s);

#endif
