/* Numbers of the JSON grammar, also used for CSV: scanned without a locale, without allocating. */
#ifndef HEATSTREAM_WIRE_NUMBER_H
#define HEATSTREAM_WIRE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A literal as scanned; it borrows the text. */
struct number {
    const uint8_t *begin, *end;
    bool negative;
    bool integer;     /* neither fraction nor exponent */
    bool exact;       /* `digits` holds all significant digits */
    uint64_t digits;  /* all digits as one integer, point left out */
    int64_t exponent; /* value = digits * 10^exponent, when exact */
};

/* Scans the longest number at *at and moves *at behind it; false when there is none. */
bool number_scan(const uint8_t **at, const uint8_t *end, struct number *number);

/* False when it is not an integer literal, or outside int64. */
static inline bool number_to_int64(const struct number *number, int64_t *value)
{
    uint64_t limit = (uint64_t)INT64_MAX + number->negative;
    if (!number->integer || !number->exact || number->digits > limit)
        return false;
    *value = (int64_t)(number->negative ? 0 - number->digits : number->digits);
    return true;
}

/* Correctly rounded; infinite beyond double, zero or denormal below. */
double number_to_double(const struct number *number);

#endif
