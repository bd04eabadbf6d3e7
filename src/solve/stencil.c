#include "solve/stencil.h"

struct stencil stencil_of(double conductivity, double dx, double dy, double tau_s)
{
    double cx = (conductivity * tau_s) / (dx * dx);
    double cy = (conductivity * tau_s) / (dy * dy);
    return (struct stencil){.a = (1.0 - 2.0 * cx) - 2.0 * cy, .cx = cx, .cy = cy};
}
