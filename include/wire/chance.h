/* Counter-based random numbers: each is a function of (key, counter) alone. Only + - * / and sqrt
 * are used, so that they are the same on every machine. */
#ifndef HEATSTREAM_WIRE_CHANCE_H
#define HEATSTREAM_WIRE_CHANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The counter of a cell's random number that says whether it is hot; the generator's others come
 * behind. */
enum { CHANCE_OF_HEAT };

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that scatters every bit. */
static inline uint64_t chance_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint64_t chance_hash(uint64_t key, uint64_t counter)
{
    return chance_mix(key + (counter + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

static inline double chance_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A whole number of a size below 2^51. As with the sum below, no width of vectors lacks what it
 * takes. */
static inline double chance_real(int64_t whole)
{
    const double shift = 0x1.8p52;
    return chance_double((uint64_t)whole + UINT64_C(0x4338000000000000)) - shift;
}

/* Uniform in the open interval (0, 1), on a grid of 2^-53. */
static inline double chance_uniform(uint64_t bits)
{
    double whole = chance_double(bits >> 12 | UINT64_C(0x4330000000000000)) - 0x1p52;
    return (whole + 0.5) * 0x1p-52;
}

/* Natural logarithm of a positive normal number x = m * 2^e, m in [sqrt(1/2), sqrt(2)), to a few
 * units in the last place: log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172. */
static inline double chance_log(double x)
{
    static const double terms[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                   1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    double m = chance_double((bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52);
    double exponent = chance_real((int64_t)(bits >> 52) - 1023);
    bool above = m > 0x1.6a09e667f3bcdp0;
    exponent = above ? exponent + 1 : exponent;
    m = above ? m * 0.5 : m;
    double s = (m - 1) / (m + 1), z = s * s, series = 0;
    for (int i = 0; i < 10; i++)
        series = (series + terms[i]) * z;
    return exponent * 0x1.62e42fefa39efp-1 + 2 * (s + s * series);
}

/* Mean 1, from a uniform number. */
double chance_exponential(double uniform);

/* Mean 0, variance 1: the inverse of the normal distribution function at a uniform number. */
double chance_normal(double uniform);

#endif
