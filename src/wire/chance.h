/* Counter-based random numbers: each is a function of (key, counter) alone. Only + - * / and sqrt
 * are used, so that they are the same on every machine. */
#ifndef HEATSTREAM_WIRE_CHANCE_H
#define HEATSTREAM_WIRE_CHANCE_H

#include <stdint.h>

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

/* Uniform in the open interval (0, 1), on a grid of 2^-53. */
static inline double chance_uniform(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Natural logarithm of a positive normal number, to a few units in the last place. */
double chance_log(double x);

enum { CHANCE_LOGS = 8 };

/* chance_log() of several at once, in hardly more time: one alone waits for itself at each step. */
void chance_logs(const double x[CHANCE_LOGS], double logs[CHANCE_LOGS]);

/* Mean 1, from a uniform number. */
double chance_exponential(double uniform);

/* Mean 0, variance 1: the inverse of the normal distribution function at a uniform number. */
double chance_normal(double uniform);

#endif
