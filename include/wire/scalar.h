/* A value of an event as it stands in the message, JSON or CSV; it borrows the text. */
#ifndef HEATSTREAM_WIRE_SCALAR_H
#define HEATSTREAM_WIRE_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/number.h"

enum scalar_kind {
    SCALAR_NUMBER, /* a JSON number, in `number` */
    SCALAR_STRING, /* a JSON string, between its quotes */
    SCALAR_CELL    /* a CSV cell, between its quotes if it has them: what it means is open */
};

struct scalar {
    enum scalar_kind kind;
    bool escaped; /* holds a backslash, or doubled quotes */
    const uint8_t *begin, *end;
    struct number number;
};

/* False when it is no number. */
bool scalar_number(const struct scalar *scalar, struct number *number);

struct scalar_text {
    const uint8_t *begin;
    size_t size;
};

/* The text of a string or cell, unescaped; uses `scratch` where something was escaped. False when
 * it is a number, or an escaped text longer than `size`. */
bool scalar_to_text(const struct scalar *scalar, uint8_t *scratch, size_t size,
                    struct scalar_text *text);

#endif
