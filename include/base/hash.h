/* The hash that stands for the content of a file or text. */
#ifndef HEATSTREAM_BASE_HASH_H
#define HEATSTREAM_BASE_HASH_H

#include <stddef.h>

enum { HASH_HEX_SIZE = 33 };

/* XXH3-128 (seed 0) of the bytes, canonical, in lower-case hex. */
void hash_hex(const void *data, size_t size, char hex[HASH_HEX_SIZE]);

#endif
