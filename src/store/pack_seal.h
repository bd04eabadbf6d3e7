/* The last line of a packed file: how long it is without that line, and the digest of that. */
#ifndef HEATSTREAM_STORE_PACK_SEAL_H
#define HEATSTREAM_STORE_PACK_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Reads the whole file, appends its seal and brings both to the disk. *bytes: size with seal. */
enum status pack_seal_append(int fd, const char *path, int64_t *bytes,
                             struct error *err) MUST_CHECK;

/* True when the file ends as a sealed one does. */
bool pack_seal_ends(const char *path);

#endif
