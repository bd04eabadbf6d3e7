/* The time of an event in its unit, to milliseconds since 1970 UTC, rounded down. */
#ifndef HEATSTREAM_WIRE_EVENT_TIME_H
#define HEATSTREAM_WIRE_EVENT_TIME_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arith.h"
#include "wire/format.h"
#include "wire/scalar.h"

/* `ms` an integer literal within int64; `us` and `ns` integer literals of any length; `s` a decimal
 * without exponent of any length, taken exactly; iso8601 a text (instant_parse()). False when it is
 * anything else, or a time beyond int64. */
bool event_time_in_unit(enum time_unit unit, const struct number *number, int64_t *time_ms);
static inline bool event_time_of_number(enum time_unit unit, const struct number *number,
                                        int64_t *time_ms)
{
    return unit == TIME_MS ? number_to_int64(number, time_ms)
                           : event_time_in_unit(unit, number, time_ms);
}

bool event_time_of_scalar(enum time_unit unit, const struct scalar *scalar, int64_t *time_ms);

/* A binary time, in ms, us or ns. */
static inline int64_t event_time_of_int64(enum time_unit unit, int64_t time)
{
    assert(unit == TIME_MS || unit == TIME_US || unit == TIME_NS);
    return unit == TIME_MS ? time : floor_div(time, unit == TIME_US ? 1000 : 1000000);
}

/* A whole number of any unit but TIME_ISO8601; false beyond int64. */
static inline bool event_time_of_whole(enum time_unit unit, int64_t time, int64_t *time_ms)
{
    if (unit == TIME_S)
        return !__builtin_mul_overflow(time, 1000, time_ms);
    *time_ms = event_time_of_int64(unit, time);
    return true;
}

#endif
