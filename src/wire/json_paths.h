/* Fields of an event anywhere in nested JSON objects: the general form of json_scan_event(). */
#ifndef HEATSTREAM_WIRE_JSON_PATHS_H
#define HEATSTREAM_WIRE_JSON_PATHS_H

#include "json.h"
#include "wire/scalar.h"

struct json_paths;

/* names[i]: keys from the event inwards, joined by dots, copied; NULL: the field is not wanted. No
 * path is the beginning of another. */
struct json_paths *json_paths_create(const char *const names[JSON_FIELDS]);
void json_paths_destroy(struct json_paths *paths); /* accepts NULL */

/* True when `text` is exactly one object, right to the last byte, without a key twice in any
 * object, and each path leads through objects to a number or a string, which goes to scalars[i].
 * Arrays are not entered. `keys` is scratch. */
bool json_scan_paths(const uint8_t *text, size_t size, const struct json_paths *paths,
                     struct keyset *keys, struct scalar scalars[JSON_FIELDS]);

#endif
