/* Checked and floor arithmetic on times and counts. */
#ifndef HEATSTREAM_BASE_ARITH_H
#define HEATSTREAM_BASE_ARITH_H

#include <assert.h>
#include <limits.h>
#include <stdint.h>

/* floor(a / b) for b > 0; C's own division truncates towards zero. */
static inline int64_t floor_div(__int128 a, int64_t b)
{
    assert(b > 0);
    __int128 quotient = a / b;
    if (a % b < 0)
        quotient--;
    return quotient < INT64_MIN ? INT64_MIN : quotient > INT64_MAX ? INT64_MAX : (int64_t)quotient;
}

/* An exact sum cut to the range of int64: comparisons with any int64 time stay right. */
static inline int64_t clamp_to_int64(__int128 value)
{
    return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Narrows a count that must fit an MPI or local index by construction. */
static inline int narrow_to_int(int64_t value)
{
    assert(value >= INT_MIN && value <= INT_MAX);
    return (int)value;
}

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline int64_t min_int64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_int64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
