#include "temperature_text.h"

#include <stdio.h>
#include <string.h>

#include "wire/event_text.h"

/* The longest value: four texts of names, six integers, a double. */
_Static_assert(TEMPERATURE_VALUE_SIZE >= 96 + 6 * SHORTEST_INTEGER_SIZE + SHORTEST_DOUBLE_SIZE,
               "room for any value");

void temperature_text_init(struct temperature_text *text)
{
    *text = (struct temperature_text){.numbers = shortest_create()};
}

void temperature_text_release(struct temperature_text *text)
{
    shortest_destroy(text->numbers);
}

static char *put(char *at, const char *literal)
{
    size_t size = strlen(literal);
    memcpy(at, literal, size);
    return at + size;
}

void temperature_text_begin(struct temperature_text *text, const struct temperature_frame *frame)
{
    uint64_t window = (uint64_t)frame->window;
    for (int i = TEMPERATURE_CELL_AT - 1; i >= 0; i--, window >>= 8)
        text->key[i] = (uint8_t)window;
    char *end = put(text->value, "{\"time\":");
    end = put(shortest_put_int64(frame->end_ms, end), ",\"gridX\":");
    text->head_size = (size_t)(end - text->value);
    text->tail_size = (size_t)snprintf(
        text->tail, sizeof text->tail, ",\"window\":%lld,\"revision\":%lld,\"final\":%s}",
        (long long)frame->window, (long long)frame->revision, frame->final ? "true" : "false");
}

void temperature_text_put(struct temperature_text *text, int64_t x, int64_t y, double temperature)
{
    event_key(x, y, text->key + TEMPERATURE_CELL_AT);
    char *at = text->value + text->head_size;
    at = put(shortest_put_int64(x, at), ",\"gridY\":");
    at = put(shortest_put_int64(y, at), ",\"temp\":");
    at = shortest_put_double(text->numbers, temperature, at);
    memcpy(at, text->tail, text->tail_size);
    text->value_size = (size_t)(at - text->value) + text->tail_size;
}
