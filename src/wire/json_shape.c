#include "json_shape.h"

#include <string.h>

#include "digits.h"

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
        shape->integer[piece] = numbers[field].integer;
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

static uint32_t load_half(const uint8_t *at)
{
    uint32_t half;
    memcpy(&half, at, sizeof half);
    return half;
}

/* memcmp() of a few bytes costs more than they do. The last word may overlap the one before. */
static inline bool is_equal(const uint8_t *a, const uint8_t *b, ptrdiff_t size)
{
    const ptrdiff_t word = sizeof(uint64_t), half = sizeof(uint32_t);
    if (size >= word) {
        for (ptrdiff_t at = 0; at < size - word; at += word)
            if (load_word(a + at) != load_word(b + at))
                return false;
        return load_word(a + size - word) == load_word(b + size - word);
    }
    if (size >= half)
        return load_half(a) == load_half(b) &&
               load_half(a + size - half) == load_half(b + size - half);
    for (ptrdiff_t at = 0; at < size; at++)
        if (a[at] != b[at])
            return false;
    return true;
}

/* An integer as nearly all are: digits alone, of two words at most, and text for as long behind
 * them. False where number_scan() has to look. */
static inline bool scan_integer(const uint8_t **position, const uint8_t *end, struct number *number)
{
    const uint8_t *begin = *position, *at = begin;
    uint64_t value = 0;
    int count = DIGITS_WORD;
    for (int words = 0; words < 2 && count == DIGITS_WORD && end - at >= DIGITS_WORD; words++) {
        uint64_t word = digits_load(at);
        count = digits_count(word);
        if (count == 0)
            return false;
        value = digits_append(value, word, count);
        at += count;
    }
    if (count == DIGITS_WORD || *at == '.' || (*at | 0x20) == 'e' ||
        (*begin == '0' && at - begin > 1))
        return false;
    *number =
        (struct number){.begin = begin, .end = at, .integer = true, .exact = true, .digits = value};
    *position = at;
    return true;
}

bool json_shape_scan(const struct json_shape *shape, const uint8_t *text, size_t size,
                     struct number numbers[JSON_FIELDS])
{
    const uint8_t *at = text, *end = text + size, *piece = shape->text;
    if (!shape->known)
        return false;
    for (int i = 0; i < JSON_FIELDS; i++) {
        struct number *number = &numbers[shape->field[i]];
        if (end - at < shape->sizes[i] || !is_equal(at, piece, shape->sizes[i]))
            return false;
        at += shape->sizes[i];
        piece += shape->sizes[i];
        if (!(shape->integer[i] && scan_integer(&at, end, number)) &&
            !number_scan(&at, end, number))
            return false;
    }
    return end - at == shape->sizes[JSON_FIELDS] && is_equal(at, piece, shape->sizes[JSON_FIELDS]);
}
