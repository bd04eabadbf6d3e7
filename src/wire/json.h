/* A strict scanner for one event in JSON (RFC 8259): no tree, no copies, no allocation for the
 * usual record. */
#ifndef HEATSTREAM_WIRE_JSON_H
#define HEATSTREAM_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyset.h"
#include "wire/number.h"

enum { JSON_FIELDS = 4 };

/* A key to look for at the level of the event. */
struct json_field {
    const char *name;
    size_t size;
};

/* True when `text` is exactly one object, syntactically right to the last byte, without a key twice
 * in any object, and each field occurs with a number, which goes to numbers[i]. `keys` is scratch.
 */
bool json_scan_event(const uint8_t *text, size_t size, const struct json_field fields[JSON_FIELDS],
                     struct keyset *keys, struct number numbers[JSON_FIELDS]);

#endif
