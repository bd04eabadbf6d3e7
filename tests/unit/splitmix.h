/* SplitMix64 (Steele, Lea, Flood 2014): seeded numbers for tests that draw their cases. */
#ifndef HEATSTREAM_TESTS_SPLITMIX_H
#define HEATSTREAM_TESTS_SPLITMIX_H

#include <stdint.h>

static inline uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* From 0 to sides - 1. */
static inline unsigned roll(uint64_t *state, unsigned sides)
{
    return (unsigned)(next_random(state) % sides);
}

#endif
