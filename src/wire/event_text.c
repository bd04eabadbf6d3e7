#include "wire/event_text.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/shortest.h"
#include "big_endian.h"

enum { PARTS = 4 };

struct event_text {
    struct buffer parts[PARTS]; /* what stands before each number: `{"time":`, `,"gridX":`, … */
    struct shortest *numbers;
    size_t longest;
};

void event_key(int64_t x, int64_t y, uint8_t key[EVENT_KEY_BYTES])
{
    big_endian_put64(key, (uint64_t)x << 32 | (uint64_t)y);
}

int event_partition_by_key(int64_t x, int64_t y, int partitions)
{
    uint8_t key[EVENT_KEY_BYTES];
    event_key(x, y, key);
    return (int)(XXH32(key, sizeof key, 0) % (unsigned)partitions);
}

void event_text_put_binary(const struct generated *event, struct buffer *key, struct buffer *value)
{
    uint64_t bits;
    memcpy(&bits, &event->value, sizeof bits);
    uint8_t *at = buffer_reserve(key, EVENT_KEY_BYTES);
    event_key(event->x, event->y, at);
    key->size += EVENT_KEY_BYTES;
    at = buffer_reserve(value, EVENT_VALUE_BYTES);
    big_endian_put64(at, (uint64_t)event->time_ms);
    big_endian_put64(at + 8, bits);
    value->size += EVENT_VALUE_BYTES;
}

void event_text_quote(struct buffer *json, const void *text, size_t size)
{
    const uint8_t *at = text, *end = at + size;
    buffer_put_u8(json, '"');
    for (; at < end; at++) {
        if (*at < ' ')
            buffer_printf(json, "\\u%04x", (unsigned)*at);
        else if (*at == '"' || *at == '\\')
            buffer_printf(json, "\\%c", *at);
        else
            buffer_put_u8(json, *at);
    }
    buffer_put_u8(json, '"');
}

struct event_text *event_text_create(const struct generator_config *config)
{
    static const char *const usual[PARTS] = {"time", "gridX", "gridY", "gen"};
    const char *given[PARTS] = {config->field_time, config->field_x, config->field_y,
                                config->field_value};
    struct event_text *text = memory_zeroed(1, sizeof *text);
    for (int i = 0; i < PARTS; i++) {
        buffer_put_u8(&text->parts[i], i ? ',' : '{');
        const char *name = given[i] ? given[i] : usual[i];
        event_text_quote(&text->parts[i], name, strlen(name));
        buffer_put_u8(&text->parts[i], ':');
        text->longest += text->parts[i].size + SHORTEST_DOUBLE_SIZE;
    }
    text->numbers = shortest_create();
    return text;
}

void event_text_destroy(struct event_text *text)
{
    if (!text)
        return;
    for (int i = 0; i < PARTS; i++)
        buffer_release(&text->parts[i]);
    shortest_destroy(text->numbers);
    free(text);
}

size_t event_text_longest(const struct event_text *text)
{
    return text->longest + 1;
}

static uint8_t *put_part(uint8_t *at, const struct buffer *part)
{
    memcpy(at, part->data, part->size);
    return at + part->size;
}

static uint8_t *put_integer(uint8_t *at, int64_t value)
{
    return (uint8_t *)shortest_put_int64(value, (char *)at);
}

static uint8_t *put_double(const struct event_text *text, uint8_t *at, double value)
{
    return (uint8_t *)shortest_put_double(text->numbers, value, (char *)at);
}

void event_text_put_json(const struct event_text *text, const struct generated *event,
                         struct buffer *value)
{
    uint8_t *begin = buffer_reserve(value, event_text_longest(text)), *at = begin;
    at = put_integer(put_part(at, &text->parts[0]), event->time_ms);
    at = put_integer(put_part(at, &text->parts[1]), event->x);
    at = put_integer(put_part(at, &text->parts[2]), event->y);
    at = put_double(text, put_part(at, &text->parts[3]), event->value);
    *at++ = '}';
    value->size += (size_t)(at - begin);
}
