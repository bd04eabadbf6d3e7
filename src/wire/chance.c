#include "wire/chance.h"

#include <math.h>

double chance_exponential(double uniform)
{
    return -chance_log(uniform);
}

static double polynomial(const double *coefficients, int count, double x)
{
    double value = coefficients[0];
    for (int i = 1; i < count; i++)
        value = value * x + coefficients[i];
    return value;
}

/* Acklam's rational approximation, relative error below 1.2e-9. */
double chance_normal(double uniform)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01, 1};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    double tail = uniform < 0.5 ? uniform : 1 - uniform;
    if (tail >= 0.02425) {
        double q = uniform - 0.5, r = q * q;
        return polynomial(a, 6, r) * q / polynomial(b, 6, r);
    }
    double q = sqrt(-2 * chance_log(tail));
    double value = polynomial(c, 6, q) / polynomial(d, 5, q);
    return uniform < 0.5 ? value : -value;
}
