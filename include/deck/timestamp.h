/* ISO 8601 instants. */
#ifndef HEATSTREAM_DECK_TIMESTAMP_H
#define HEATSTREAM_DECK_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

/* YYYY-MM-DDTHH:MM:SS[.1-9 digits](Z|+HH:MM|-HH:MM) to milliseconds since 1970 UTC, rounded down.
 * False when it is anything else: no zone, a day the month lacks, second 60, a zone beyond 23:59.
 */
bool timestamp_parse(const char *text, int64_t *time_ms);

#endif
