#include "json.h"

#include <string.h>

#include "json_scanner.h"

static bool is_continuation(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

/* One character beyond ASCII: shortest form, no surrogates, at most U+10FFFF. */
bool json_take_utf8(struct json_scanner *s)
{
    const uint8_t *at = s->at;
    ptrdiff_t left = s->end - at;
    if (at[0] >= 0xC2 && at[0] <= 0xDF) {
        s->at += 2;
        return left >= 2 && is_continuation(at[1]);
    }
    if ((at[0] & 0xF0) == 0xE0) {
        s->at += 3;
        return left >= 3 && is_continuation(at[1]) && is_continuation(at[2]) &&
               !(at[0] == 0xE0 && at[1] < 0xA0) && !(at[0] == 0xED && at[1] >= 0xA0);
    }
    s->at += 4;
    return at[0] >= 0xF0 && at[0] <= 0xF4 && left >= 4 && is_continuation(at[1]) &&
           is_continuation(at[2]) && is_continuation(at[3]) && !(at[0] == 0xF0 && at[1] < 0x90) &&
           !(at[0] == 0xF4 && at[1] >= 0x90);
}

static bool take_hex4(struct json_scanner *s, unsigned *value)
{
    if (s->end - s->at < 4)
        return false;
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = *s->at++;
        unsigned digit = (uint8_t)(c - '0') < 10           ? c - (unsigned)'0'
                         : (uint8_t)((c | 0x20) - 'a') < 6 ? (c | 0x20u) - 'a' + 10
                                                           : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Behind `\u`: a surrogate must be the high one of a pair. */
static bool take_code(struct json_scanner *s)
{
    unsigned high, low;
    if (!take_hex4(s, &high) || (high >= 0xDC00 && high <= 0xDFFF))
        return false;
    if (high < 0xD800 || high > 0xDFFF)
        return true;
    return json_take(s, '\\') && json_take(s, 'u') && take_hex4(s, &low) && low >= 0xDC00 &&
           low <= 0xDFFF;
}

/* Behind the backslash. */
static bool take_escape(struct json_scanner *s)
{
    if (s->at == s->end)
        return false;
    uint8_t c = *s->at++;
    return c == 'u' ? take_code(s) : c != 0 && strchr("\"\\/bfnrt", c) != NULL;
}

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

bool json_take_string(struct json_scanner *s, struct json_string *string)
{
    if (!json_take(s, '"'))
        return false;
    *string = (struct json_string){.begin = s->at};
    for (;;) {
        while (s->at < s->end && is_plain(*s->at))
            s->at++;
        if (s->at == s->end || *s->at < ' ')
            return false;
        if (*s->at == '"')
            break;
        if (*s->at != '\\') {
            if (!json_take_utf8(s))
                return false;
            continue;
        }
        s->at++;
        string->escaped = true;
        if (!take_escape(s))
            return false;
    }
    string->end = s->at++;
    return true;
}

static bool take_word(struct json_scanner *s, const char *word, size_t size)
{
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
        return false;
    s->at += size;
    return true;
}

bool json_take_key(struct json_scanner *s, struct json_string *key)
{
    json_skip_space(s);
    if (!json_take_string(s, key))
        return false;
    json_skip_space(s);
    if (!json_take(s, ':'))
        return false;
    json_skip_space(s);
    return true;
}

static bool skip_members(struct json_scanner *s, int level)
{
    struct json_string key;
    do {
        if (!json_take_key(s, &key))
            return false;
        keyset_add(s->keys, &key);
        if (!json_skip_value(s, level))
            return false;
        json_skip_space(s);
    } while (json_take(s, ','));
    return json_take(s, '}');
}

/* Behind the opening brace of an object at `level`. */
static bool skip_object(struct json_scanner *s, int level)
{
    json_skip_space(s);
    if (json_take(s, '}'))
        return true;
    size_t begin = keyset_begin(s->keys);
    return skip_members(s, level) && keyset_end(s->keys, begin);
}

static bool skip_array(struct json_scanner *s, int level)
{
    json_skip_space(s);
    if (json_take(s, ']'))
        return true;
    do {
        json_skip_space(s);
        if (!json_skip_value(s, level))
            return false;
        json_skip_space(s);
    } while (json_take(s, ','));
    return json_take(s, ']');
}

/* A value inside an object or array at `level`; recursion ends at JSON_LEVELS. */
bool json_skip_value(struct json_scanner *s, int level)
{
    struct json_string string;
    struct number number;
    if (s->at == s->end)
        return false;
    switch (*s->at) {
    case '"':
        return json_take_string(s, &string);
    case '{':
        s->at++;
        return level < JSON_LEVELS && skip_object(s, level + 1);
    case '[':
        s->at++;
        return level < JSON_LEVELS && skip_array(s, level + 1);
    case 't':
        return take_word(s, "true", 4);
    case 'f':
        return take_word(s, "false", 5);
    case 'n':
        return take_word(s, "null", 4);
    default:
        return number_scan(&s->at, s->end, &number);
    }
}

/* The index of the field a key names, or -1. Most keys differ in length from most fields. */
static int find_field(const struct json_string *key, const struct json_field *fields)
{
    size_t size = (size_t)(key->end - key->begin);
    for (int i = 0; i < JSON_FIELDS; i++)
        if ((key->escaped || size == fields[i].size) &&
            json_string_equals(key, fields[i].name, fields[i].size))
            return i;
    return -1;
}

/* Key and value of the event itself; `seen` has a bit per field. */
static bool take_member(struct json_scanner *s, const struct json_field *fields,
                        struct number *numbers, unsigned *seen)
{
    struct json_string key;
    if (!json_take_key(s, &key))
        return false;
    int field = find_field(&key, fields);
    if (field < 0) {
        keyset_add(s->keys, &key);
        return json_skip_value(s, 1);
    }
    if (*seen >> field & 1u)
        return false;
    *seen |= 1u << field;
    return number_scan(&s->at, s->end, &numbers[field]);
}

bool json_scan_event(const uint8_t *text, size_t size, const struct json_field fields[JSON_FIELDS],
                     struct keyset *keys, struct number numbers[JSON_FIELDS])
{
    struct json_scanner scanner = {text, text + size, keys}, *s = &scanner;
    unsigned seen = 0;
    keys->count = 0;
    json_skip_space(s);
    if (!json_take(s, '{'))
        return false;
    do {
        if (!take_member(s, fields, numbers, &seen))
            return false;
        json_skip_space(s);
    } while (json_take(s, ','));
    if (!json_take(s, '}') || seen != (1u << JSON_FIELDS) - 1 || !keyset_end(keys, 0))
        return false;
    json_skip_space(s);
    return s->at == s->end;
}
