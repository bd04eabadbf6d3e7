#include "keyset.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Unescapes byte by byte. */
struct cursor {
    const uint8_t *at, *end;
    uint8_t pending[4];
    int pending_count, pending_at;
};

static unsigned hex_value(const uint8_t *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned digit = at[i] <= '9' ? at[i] - (unsigned)'0' : (at[i] | 0x20u) - 'a' + 10;
        value = value << 4 | digit;
    }
    return value;
}

static void push_utf8(struct cursor *cursor, unsigned code)
{
    uint8_t *out = cursor->pending;
    int count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = count - 1; i > 0; i--, code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)(lead[count] | code);
    cursor->pending_count = count;
    cursor->pending_at = 0;
}

static void unescape_code(struct cursor *cursor)
{
    unsigned code = hex_value(cursor->at);
    cursor->at += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex_value(cursor->at + 2) - 0xDC00);
        cursor->at += 6;
    }
    push_utf8(cursor, code);
}

static uint8_t unescape_short(uint8_t c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* The next unescaped byte, or -1 at the end. */
static int cursor_next(struct cursor *cursor)
{
    if (cursor->pending_at < cursor->pending_count)
        return cursor->pending[cursor->pending_at++];
    if (cursor->at == cursor->end)
        return -1;
    uint8_t c = *cursor->at++;
    if (c != '\\')
        return c;
    c = *cursor->at++;
    if (c != 'u')
        return unescape_short(c);
    unescape_code(cursor);
    return cursor->pending[cursor->pending_at++];
}

static struct cursor cursor_on(const struct json_string *string)
{
    return (struct cursor){.at = string->begin, .end = string->end};
}

static bool strings_equal(const struct json_string *a, const struct json_string *b)
{
    struct cursor left = cursor_on(a), right = cursor_on(b);
    int c;
    do {
        c = cursor_next(&left);
        if (c != cursor_next(&right))
            return false;
    } while (c >= 0);
    return true;
}

bool json_string_equals(const struct json_string *string, const char *text, size_t size)
{
    if (!string->escaped)
        return (size_t)(string->end - string->begin) == size &&
               memcmp(string->begin, text, size) == 0;
    struct json_string plain = {(const uint8_t *)text, (const uint8_t *)text + size, false};
    struct cursor left = cursor_on(string);
    for (const uint8_t *at = plain.begin; at < plain.end; at++)
        if (cursor_next(&left) != *at)
            return false;
    return cursor_next(&left) < 0;
}

bool json_string_copy(const struct json_string *string, uint8_t *bytes, size_t size, size_t *copied)
{
    struct cursor cursor = cursor_on(string);
    size_t count = 0;
    for (int c = cursor_next(&cursor); c >= 0; c = cursor_next(&cursor)) {
        if (count == size)
            return false;
        bytes[count++] = (uint8_t)c;
    }
    *copied = count;
    return true;
}

/* FNV-1a over the unescaped bytes, then mixed. */
static uint64_t string_hash(const struct json_string *string)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct cursor cursor = cursor_on(string);
    for (int c = cursor_next(&cursor); c >= 0; c = cursor_next(&cursor))
        hash = (hash ^ (uint64_t)c) * UINT64_C(0x100000001b3);
    return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

void keyset_release(struct keyset *keys)
{
    free(keys->entries);
    *keys = (struct keyset){0};
}

size_t keyset_begin(const struct keyset *keys)
{
    return keys->count;
}

void keyset_add(struct keyset *keys, const struct json_string *key)
{
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity ? keys->capacity * 2 : 256;
        keys->entries =
            memory_checked(realloc(keys->entries, keys->capacity * sizeof *keys->entries));
    }
    keys->entries[keys->count++] = (struct keyset_entry){string_hash(key), *key};
}

static void sift_down(struct keyset_entry *entries, size_t root, size_t count)
{
    struct keyset_entry moving = entries[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && entries[child + 1].hash > entries[child].hash)
            child++;
        if (entries[child].hash <= moving.hash)
            break;
        entries[root] = entries[child];
    }
    entries[root] = moving;
}

/* qsort() may allocate, and its worst case is not promised. */
static void sort_by_hash(struct keyset_entry *entries, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(entries, i, count);
    for (size_t last = count; last-- > 1;) {
        struct keyset_entry largest = entries[0];
        entries[0] = entries[last];
        entries[last] = largest;
        sift_down(entries, 0, last);
    }
}

bool keyset_end(struct keyset *keys, size_t begin)
{
    size_t count = keys->count - begin;
    keys->count = begin;
    if (count < 2)
        return true;
    struct keyset_entry *entries = keys->entries + begin;
    sort_by_hash(entries, count);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j-- > 0 && entries[j].hash == entries[i].hash;)
            if (strings_equal(&entries[j].key, &entries[i].key))
                return false;
    return true;
}
