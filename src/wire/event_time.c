#include "event_time.h"

#include <string.h>

#include "base/instant.h"

static bool push_digit(uint64_t *whole, unsigned digit, uint64_t limit)
{
    if (*whole > (limit - digit) / 10)
        return false;
    *whole = *whole * 10 + digit;
    return true;
}

/* The literal times 10^shift, rounded down; false beyond int64, or when it has an exponent. */
static bool shift_down(const struct number *number, int shift, int64_t *value)
{
    const uint8_t *first = number->begin + number->negative, *end = number->end;
    const uint8_t *point = memchr(first, '.', (size_t)(end - first));
    uint64_t limit = (uint64_t)INT64_MAX + number->negative, whole = 0;
    int64_t kept = (point ? point : end) - first + shift;
    bool rest = false;
    for (const uint8_t *at = first; at < end; at++) {
        if (*at == '.')
            continue;
        unsigned digit = *at - (unsigned)'0';
        if (digit > 9 || (kept > 0 && !push_digit(&whole, digit, limit)))
            return false;
        rest = rest || (kept <= 0 && digit > 0);
        kept--;
    }
    for (; kept > 0; kept--)
        if (!push_digit(&whole, 0, limit))
            return false;
    if (number->negative && rest && whole++ == limit)
        return false;
    *value = (int64_t)(number->negative ? 0 - whole : whole);
    return true;
}

bool event_time_in_unit(enum time_unit unit, const struct number *number, int64_t *time_ms)
{
    switch (unit) {
    case TIME_S:
        return shift_down(number, 3, time_ms);
    case TIME_US:
        return number->integer && shift_down(number, -3, time_ms);
    case TIME_NS:
        return number->integer && shift_down(number, -6, time_ms);
    default:
        return false;
    }
}

bool event_time_of_scalar(enum time_unit unit, const struct scalar *scalar, int64_t *time_ms)
{
    struct number number;
    struct scalar_text text;
    uint8_t scratch[INSTANT_BYTES_MAX];
    if (unit == TIME_ISO8601)
        return scalar_to_text(scalar, scratch, sizeof scratch, &text) &&
               instant_parse((const char *)text.begin, text.size, time_ms);
    return scalar_number(scalar, &number) && event_time_of_number(unit, &number, time_ms);
}
