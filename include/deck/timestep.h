/* The time step the deck implies. Explicit forward Euler in two dimensions is stable while
 * k*tau/dx^2 + k*tau/dy^2 <= 1/2 (von Neumann). */
#ifndef HEATSTREAM_DECK_TIMESTEP_H
#define HEATSTREAM_DECK_TIMESTEP_H

#include <stdint.h>

/* tau in seconds of a window divided into n steps: window_ms / 1000.0 / n. */
double timestep_tau_s(int64_t window_ms, int64_t substeps);

/* k*tau/(dx*dx) + k*tau/(dy*dy), in this order, in doubles. */
double timestep_stability(double conductivity, double dx, double dy, double tau_s);

/* The least n >= 1 that is stable, or 0 when even INT32_MAX steps a window are not enough. */
int64_t timestep_least_substeps(double conductivity, double dx, double dy, int64_t window_ms);

#endif
