#include "json_shape.h"

#include <string.h>

static void put_piece(struct json_shape *shape, int piece, const uint8_t *begin, const uint8_t *end,
                      int *used)
{
    ptrdiff_t size = end - begin;
    if (size > JSON_SHAPE_BYTES - *used) {
        shape->known = false;
        return;
    }
    memcpy(shape->text + *used, begin, (size_t)size);
    shape->sizes[piece] = (int)size;
    *used += (int)size;
}

/* The field whose number is the first at or behind `at`. */
static int next_field(const struct number numbers[JSON_FIELDS], const uint8_t *at)
{
    int next = -1;
    for (int i = 0; i < JSON_FIELDS; i++)
        if (numbers[i].begin >= at && (next < 0 || numbers[i].begin < numbers[next].begin))
            next = i;
    return next;
}

void json_shape_learn(struct json_shape *shape, const uint8_t *text, size_t size,
                      const struct number numbers[JSON_FIELDS])
{
    const uint8_t *at = text;
    int used = 0;
    shape->known = true;
    for (int piece = 0; piece < JSON_FIELDS && shape->known; piece++) {
        int field = next_field(numbers, at);
        put_piece(shape, piece, at, numbers[field].begin, &used);
        shape->field[piece] = field;
        at = numbers[field].end;
    }
    if (shape->known)
        put_piece(shape, JSON_FIELDS, at, text + size, &used);
}

static uint64_t load_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* memcmp() of a few bytes costs more than they do. */
static bool is_equal(const uint8_t *a, const uint8_t *b, ptrdiff_t size)
{
    const ptrdiff_t word = (ptrdiff_t)sizeof(uint64_t);
    ptrdiff_t at = 0;
    for (; at + word <= size; at += word)
        if (load_word(a + at) != load_word(b + at))
            return false;
    if (size >= word)
        return load_word(a + size - word) == load_word(b + size - word);
    for (; at < size; at++)
        if (a[at] != b[at])
            return false;
    return true;
}

bool json_shape_scan(const struct json_shape *shape, const uint8_t *text, size_t size,
                     struct number numbers[JSON_FIELDS])
{
    const uint8_t *at = text, *end = text + size, *piece = shape->text;
    if (!shape->known)
        return false;
    for (int i = 0; i < JSON_FIELDS; i++) {
        if (end - at < shape->sizes[i] || !is_equal(at, piece, shape->sizes[i]))
            return false;
        at += shape->sizes[i];
        piece += shape->sizes[i];
        if (!number_scan(&at, end, &numbers[shape->field[i]]))
            return false;
    }
    return end - at == shape->sizes[JSON_FIELDS] && is_equal(at, piece, shape->sizes[JSON_FIELDS]);
}
