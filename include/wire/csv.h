/* Lines of CSV (RFC 4180, without line breaks inside of fields). */
#ifndef HEATSTREAM_WIRE_CSV_H
#define HEATSTREAM_WIRE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "wire/scalar.h"

enum { CSV_FIELDS = 4, CSV_NAMES_MIN = 3 };

/* Which column of a line holds which field; -1: the field is not wanted. */
struct csv_layout {
    int columns;
    int column[CSV_FIELDS];
};

/* names[i] NULL: the field is not wanted. STATUS_NO_INPUT names a field that the header lacks or
 * has twice. */
enum status csv_read_header(const char *header, const char *const names[CSV_FIELDS],
                            struct csv_layout *layout, struct error *err) MUST_CHECK;

/* The same from a list of column names, each wanted one of which must be there once. */
struct csv_layout csv_layout_of(const char *const *columns, int count,
                                const char *const names[CSV_FIELDS]);

/* True when the line, with or without its line end, has as many cells as the layout has columns;
 * the wanted ones go to scalars[i]. */
bool csv_split_line(const struct csv_layout *layout, const uint8_t *text, size_t size,
                    struct scalar scalars[CSV_FIELDS]);

/* True when a first line is the header of a CSV file: at least three names, no data. */
bool csv_is_header(const uint8_t *text, size_t size);

/* Takes the next cell; *at ends behind its comma, or becomes NULL after the last. False when a
 * quote is out of place. */
bool csv_take_cell(const uint8_t **at, const uint8_t *end, struct scalar *cell);

/* `size` without the CR or CR LF or LF at its end. */
size_t csv_line_size(const uint8_t *text, size_t size);

/* True when the cell, its doubled quotes undone, is this name. */
bool csv_cell_is(const struct scalar *cell, const char *name);

#endif
