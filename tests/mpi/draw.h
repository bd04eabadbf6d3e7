/* Random numbers that are a function of what they are drawn for, so that every rank draws the same.
 */
#ifndef HEATSTREAM_TESTS_DRAW_H
#define HEATSTREAM_TESTS_DRAW_H

#include <stdint.h>

/* splitmix64 of (seed, index). */
static inline uint64_t draw_bits(uint64_t seed, int64_t index)
{
    uint64_t z = seed * 0xD1342543DE82EF95u + ((uint64_t)index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Uniform in [0, 1). */
static inline double draw_unit(uint64_t seed, int64_t index)
{
    return (double)(draw_bits(seed, index) >> 11) * 0x1p-53;
}

static inline int draw_below(uint64_t seed, int64_t index, int limit)
{
    return (int)(draw_bits(seed, index) % (uint64_t)limit);
}

#endif
