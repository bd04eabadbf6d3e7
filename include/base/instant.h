/* ISO 8601 instants. */
#ifndef HEATSTREAM_BASE_INSTANT_H
#define HEATSTREAM_BASE_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTANT_BYTES_MAX = 35 }; /* no instant is longer */

/* All `size` bytes of YYYY-MM-DDTHH:MM:SS[.1-9 digits](Z|+HH:MM|-HH:MM) to milliseconds since 1970
 * UTC, rounded down. False when it is anything else: no zone, a day the month lacks, second 60, a
 * zone beyond 23:59. */
bool instant_parse(const char *text, size_t size, int64_t *time_ms);

#endif
