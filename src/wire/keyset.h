/* The keys of the JSON objects that are open, to find one that comes twice. Keys are compared
 * unescaped. Zero-initialised is empty; it allocates only for more keys at once than ever before.
 */
#ifndef HEATSTREAM_WIRE_KEYSET_H
#define HEATSTREAM_WIRE_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes between the quotes of a string that has been checked; borrowed. */
struct json_string {
    const uint8_t *begin, *end;
    bool escaped; /* holds a backslash */
};

struct keyset_entry {
    uint64_t hash;
    struct json_string key;
};

struct keyset {
    struct keyset_entry *entries; /* owned */
    size_t count, capacity;
};

void keyset_release(struct keyset *keys);

/* An object opens: what to hand to the calls below. */
size_t keyset_begin(const struct keyset *keys);

/* Adds a key of the object. */
void keyset_add(struct keyset *keys, const struct json_string *key);

/* The object closes: forgets its keys; false when two were equal. */
bool keyset_end(struct keyset *keys, size_t begin);

/* Compares an unescaped string with plain bytes. */
bool json_string_equals(const struct json_string *string, const char *text, size_t size);

/* Puts the unescaped bytes into `bytes`. False when they are more than `size`. */
bool json_string_copy(const struct json_string *string, uint8_t *bytes, size_t size,
                      size_t *copied);

#endif
