/* Numbers most significant byte first, in words where these bytes are a word. */
#ifndef HEATSTREAM_WIRE_BIG_ENDIAN_H
#define HEATSTREAM_WIRE_BIG_ENDIAN_H

#include <stdint.h>
#include <string.h>

static inline uint64_t big_endian_get64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return __builtin_bswap64(word);
}

static inline uint32_t big_endian_get32(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return __builtin_bswap32(word);
}

static inline void big_endian_put64(uint8_t *at, uint64_t value)
{
    uint64_t word = __builtin_bswap64(value);
    memcpy(at, &word, sizeof word);
}

#endif
