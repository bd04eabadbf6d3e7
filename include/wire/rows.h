/* Rows of a CSV file, read as `source: file` reads them, with the reason where one is no event. */
#ifndef HEATSTREAM_WIRE_ROWS_H
#define HEATSTREAM_WIRE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/csv.h"
#include "wire/decoder.h"

enum { ROW_TIME, ROW_X, ROW_Y, ROW_VALUE };
enum { ROW_ID = ROW_X }; /* with a sensor table, and then there is no ROW_Y */
_Static_assert((int)ROW_VALUE + 1 == (int)CSV_FIELDS, "a row has the fields of an event");

/* Borrows from the file until the next one is read. With a fault only `line` means something. */
struct row {
    int64_t line;      /* of the file, whose header is line 1 */
    const char *fault; /* why it is no event; NULL: it is one */
    int64_t time_ms, x, y;
    struct scalar cells[CSV_FIELDS];
};

struct rows;

/* `decoding`: names of fields, unit of times, grid and limit; its format and columns are not
 * looked at, the sensor table is taken, whatever the outcome. STATUS_NO_INPUT names a file that
 * cannot be opened, has no header, or one that lacks a field or has it twice. */
enum status rows_open(const char *path, const struct decoder_config *decoding, struct rows **rows,
                      struct error *err) MUST_CHECK;
void rows_close(struct rows *rows); /* accepts NULL */

/* The next row; *ended after the last. */
enum status rows_next(struct rows *rows, struct row *row, bool *ended,
                      struct error *err) MUST_CHECK;

#endif
