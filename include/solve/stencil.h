/* The coefficients of one step. */
#ifndef HEATSTREAM_SOLVE_STENCIL_H
#define HEATSTREAM_SOLVE_STENCIL_H

/* Written by stencil_of() only. */
struct stencil {
    double a, cx, cy;
};

/* cx = (k*tau)/(dx*dx), cy = (k*tau)/(dy*dy), a = (1 - 2*cx) - 2*cy. */
struct stencil stencil_of(double conductivity, double dx, double dy, double tau_s);

#endif
