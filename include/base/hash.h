/* The hash that stands for the content of a file or text: XXH3-128 (seed 0), canonical, in
 * lower-case hex. */
#ifndef HEATSTREAM_BASE_HASH_H
#define HEATSTREAM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { HASH_HEX_SIZE = 33 };

void hash_hex(const void *data, size_t size, char hex[HASH_HEX_SIZE]);

/* The same of bytes that come one after the other. */
struct hasher;

struct hasher *hasher_create(void);
void hasher_destroy(struct hasher *hasher); /* accepts NULL */
void hasher_add(struct hasher *hasher, const void *data, size_t size);

/* The first `size` bytes of an open file. STATUS_BAD_DATA when it has fewer, STATUS_IO. */
enum status hasher_add_file(struct hasher *hasher, int fd, const char *path, int64_t size,
                            struct error *err) MUST_CHECK;

/* Of all bytes so far; more may follow. */
void hasher_hex(const struct hasher *hasher, char hex[HASH_HEX_SIZE]);

#endif
