/* Events of one producer differ in their numbers alone. The text around the numbers of the last
 * event that json_scan_event() took is kept; a text that repeats it byte for byte, with any other
 * numbers in their places, needs no parsing: the scanner would take the same keys, spaces and
 * values that are none of the fields', and again find a number up to the same byte. Whatever
 * differs goes to the scanner. */
#ifndef HEATSTREAM_WIRE_JSON_SHAPE_H
#define HEATSTREAM_WIRE_JSON_SHAPE_H

#include "json.h"

enum { JSON_SHAPE_BYTES = 512 };

/* Zero-initialised knows no text. */
struct json_shape {
    int sizes[JSON_FIELDS + 1]; /* of the pieces: before, between and behind the numbers */
    int field[JSON_FIELDS];     /* whose number follows the piece, */
    bool integer[JSON_FIELDS];  /* and whether that was an integer */
    uint8_t text[JSON_SHAPE_BYTES];
    bool known;
};

/* Keeps the text around the numbers; forgets it where that is longer than JSON_SHAPE_BYTES. The
 * numbers are those json_scan_event() found in it. */
void json_shape_learn(struct json_shape *shape, const uint8_t *text, size_t size,
                      const struct number numbers[JSON_FIELDS]);

/* False when the text is not of this shape; it may be an event all the same. */
bool json_shape_scan(const struct json_shape *shape, const uint8_t *text, size_t size,
                     struct number numbers[JSON_FIELDS]);

#endif
