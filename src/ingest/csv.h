/* Lines of a CSV file (RFC 4180, without line breaks inside of fields). */
#ifndef HEATSTREAM_INGEST_CSV_H
#define HEATSTREAM_INGEST_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "json.h"
#include "number.h"

/* Which column of a file holds which field. */
struct csv_layout {
    int columns;
    int column[JSON_FIELDS];
};

/* STATUS_NO_INPUT names a field that the header lacks or has twice. */
enum status csv_read_header(const char *header, const struct json_field fields[JSON_FIELDS],
                            struct csv_layout *layout, struct error *err) MUST_CHECK;

/* True when the line has as many fields as the header and the four are numbers. */
bool csv_scan_line(const struct csv_layout *layout, const uint8_t *text, size_t size,
                   struct number numbers[JSON_FIELDS]);

/* True when a first line is the header of a CSV file: at least four names, no data. */
bool csv_is_header(const uint8_t *text, size_t size);

#endif
