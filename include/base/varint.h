/* Integers in as few bytes as they need: seven bits a byte, the lowest first, the high bit set in
 * all but the last (LEB128, as in Kafka's, Avro's and protobuf's records). Signed ones are folded
 * first (zigzag), so that small magnitudes stay small. */
#ifndef HEATSTREAM_BASE_VARINT_H
#define HEATSTREAM_BASE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VARINT_BYTES = 10 }; /* at most */

/* Writes up to VARINT_BYTES at `end` and returns the new end. */
static inline uint8_t *varint_put(uint8_t *end, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *end++ = (uint8_t)(value | 0x80);
    *end++ = (uint8_t)value;
    return end;
}

/* From bytes[*at], which moves on; false where `size` or 64 bits are exceeded. */
static inline bool varint_get(const uint8_t *bytes, size_t size, size_t *at, uint64_t *value)
{
    uint64_t found = 0;
    for (unsigned shift = 0; shift < 64 && *at < size; shift += 7) {
        uint8_t byte = bytes[(*at)++];
        if (shift == 63 && byte > 1)
            return false;
        found |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = found;
            return true;
        }
    }
    return false;
}

/* 0, -1, 1, -2, … become 0, 1, 2, 3, … */
static inline uint64_t varint_fold(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_unfold(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

/* The way from one int64 to another, also where it does not fit: the sum comes round again. */
static inline uint64_t varint_step(int64_t from, int64_t to)
{
    return varint_fold((int64_t)((uint64_t)to - (uint64_t)from));
}

static inline int64_t varint_stepped(int64_t from, uint64_t step)
{
    return (int64_t)((uint64_t)from + (uint64_t)varint_unfold(step));
}

#endif
