/* Decimal digits eight at a time, as they lie in a little-endian word: the first in its lowest
 * byte. Method: D. Lemire, "Number parsing at a gigabyte per second" (2021). */
#ifndef HEATSTREAM_WIRE_DIGITS_H
#define HEATSTREAM_WIRE_DIGITS_H

#include <stdint.h>
#include <string.h>

enum { DIGITS_WORD = 8 };

static inline uint64_t digits_load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word ^ UINT64_C(0x3030303030303030);
}

/* How many of a loaded word's bytes are digits, from the first on. */
static inline int digits_count(uint64_t word)
{
    /* a sum carries from a byte that is no digit into later ones only */
    uint64_t others = ((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080);
    return others ? __builtin_ctzll(others) / 8 : DIGITS_WORD;
}

/* Appends the first `count` digits of a loaded word, at least one, to those of `value`, modulo
 * 2^64: neighbours are joined, then pairs, then fours. */
static inline uint64_t digits_append(uint64_t value, uint64_t word, int count)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    uint64_t digits = word << (64 - 8 * count);
    digits = digits * (1 + (10 << 8)) >> 8 & UINT64_C(0x00ff00ff00ff00ff);
    digits = digits * (1 + (100 << 16)) >> 16 & UINT64_C(0x0000ffff0000ffff);
    digits = digits * (1 + (UINT64_C(10000) << 32)) >> 32;
    return value * powers[count] + digits;
}

#endif
