#include "chance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* x = m * 2^e with m in [sqrt(1/2), sqrt(2)). */
static inline double split(double x, double *exponent)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t power = (int64_t)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    bool above = m > 0x1.6a09e667f3bcdp0;
    *exponent = (double)(power + above);
    return above ? m * 0.5 : m;
}

/* log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172. */
static inline double log_of(double m, double exponent)
{
    static const double terms[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                   1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
    double s = (m - 1) / (m + 1), z = s * s, series = 0;
    for (int i = 0; i < 10; i++)
        series = (series + terms[i]) * z;
    return exponent * 0x1.62e42fefa39efp-1 + 2 * (s + s * series);
}

double chance_log(double x)
{
    double exponent, m = split(x, &exponent);
    return log_of(m, exponent);
}

void chance_logs(const double x[CHANCE_LOGS], double logs[CHANCE_LOGS])
{
    double exponent[CHANCE_LOGS], m[CHANCE_LOGS];
    for (int i = 0; i < CHANCE_LOGS; i++)
        m[i] = split(x[i], &exponent[i]);
    for (int i = 0; i < CHANCE_LOGS; i++)
        logs[i] = log_of(m[i], exponent[i]);
}

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
