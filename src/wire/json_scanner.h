/* The parts of the JSON scanner (RFC 8259): no tree, no copies. Every call moves `at` behind what
 * it took, and returns false where the text is no JSON. */
#ifndef HEATSTREAM_WIRE_JSON_SCANNER_H
#define HEATSTREAM_WIRE_JSON_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyset.h"

enum { JSON_LEVELS = 64 };

struct json_scanner {
    const uint8_t *at, *end;
    struct keyset *keys;
};

static inline void json_skip_space(struct json_scanner *s)
{
    while (s->at < s->end && *s->at <= ' ' &&
           (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

static inline bool json_take(struct json_scanner *s, uint8_t c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* One character beyond ASCII: shortest form, no surrogates, at most U+10FFFF. May move `at` beyond
 * the end when it fails. */
bool json_take_utf8(struct json_scanner *s);

bool json_take_string(struct json_scanner *s, struct json_string *string);

/* A key with the space and the colon around it. */
bool json_take_key(struct json_scanner *s, struct json_string *key);

/* Any value inside an object or array at `level`. */
bool json_skip_value(struct json_scanner *s, int level);

#endif
