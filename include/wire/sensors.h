/* The sensor table: which cell a sensor heats, and how its readings become rates.
 *
 * A CSV file in UTF-8 with a header row: columns id, x, y, and gain and offset or none of them, in
 * any order; no others, so that a misspelt one is not passed over. A row is a sensor; rows count
 * from 0. Several sensors may share a cell. */
#ifndef HEATSTREAM_WIRE_SENSORS_H
#define HEATSTREAM_WIRE_SENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct sensor {
    int64_t cell; /* x * gny + y */
    double gain,
        offset; /* rate = gain * value + offset, in two roundings; 1 and 0 without columns */
};

struct sensors;

/* STATUS_NO_INPUT when the file cannot be read. STATUS_BAD_DECK names file:line of an id that is
 * empty or there twice, a number that is none, a cell outside the grid, text that is not UTF-8, a
 * row of the wrong length, or the header where a column is missing, unknown or there twice. */
enum status sensors_load(const char *path, int64_t gnx, int64_t gny, struct sensors **sensors,
                         struct error *err) MUST_CHECK;

/* The same from memory; `name` stands for the file in messages. */
enum status sensors_parse(const char *name, const uint8_t *text, size_t size, int64_t gnx,
                          int64_t gny, struct sensors **sensors, struct error *err) MUST_CHECK;
void sensors_destroy(struct sensors *sensors); /* accepts NULL */

int64_t sensors_count(const struct sensors *sensors);
size_t sensors_longest_id(const struct sensors *sensors); /* bytes */

/* The row of an identifier, compared byte by byte, or -1. */
int64_t sensors_find(const struct sensors *sensors, const uint8_t *id, size_t size);
const struct sensor *sensors_at(const struct sensors *sensors, int64_t row);

/* XXH3-128 of the file's bytes in canonical hex. */
const char *sensors_digest(const struct sensors *sensors);

#endif
