#include "solve/stencil.h"

struct stencil stencil_of(double conductivity, double dx, double dy, double tau_s)
{
    double cx = (conductivity * tau_s) / (dx * dx);
    double cy = (conductivity * tau_s) / (dy * dy);
    return (struct stencil){.a = (1.0 - 2.0 * cx) - 2.0 * cy, .cx = cx, .cy = cy};
}

void stencil_column(const struct stencil *stencil, const double *restrict west,
                    const double *restrict column, const double *restrict east,
                    double *restrict next, int ny)
{
    const double a = stencil->a, cx = stencil->cx, cy = stencil->cy;
    for (int j = 0; j < ny; j++)
        next[j] = (a * column[j] + cx * (west[j] + east[j])) + cy * (column[j - 1] + column[j + 1]);
}

void stencil_heat_column(double *restrict next, const struct slab_heat *restrict heat, int count,
                         int64_t first_cell, int ny, double tau_s)
{
    if (count == ny)
        for (int j = 0; j < ny; j++)
            next[j] += tau_s * heat[j].rate;
    else
        for (int i = 0; i < count; i++)
            next[heat[i].cell - first_cell] += tau_s * heat[i].rate;
}
