#include "deck/timestep.h"

double timestep_tau_s(int64_t window_ms, int64_t substeps)
{
    return (double)window_ms / 1000.0 / (double)substeps;
}

double timestep_stability(double conductivity, double dx, double dy, double tau_s)
{
    return conductivity * tau_s / (dx * dx) + conductivity * tau_s / (dy * dy);
}

int64_t timestep_least_substeps(double conductivity, double dx, double dy, int64_t window_ms)
{
    /* Rounding is monotone, so stability never grows with n and bisection finds the exact edge. A
     * NaN (0/0 for tiny spacings) compares false and counts as unstable. */
    int64_t unstable = 0, stable = INT32_MAX;
    if (!(timestep_stability(conductivity, dx, dy, timestep_tau_s(window_ms, stable)) <= 0.5))
        return 0;
    while (stable - unstable > 1) {
        int64_t middle = unstable + (stable - unstable) / 2;
        double tau_s = timestep_tau_s(window_ms, middle);
        if (timestep_stability(conductivity, dx, dy, tau_s) <= 0.5)
            stable = middle;
        else
            unstable = middle;
    }
    return stable;
}
