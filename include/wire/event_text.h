/* Generated events as bytes on the wire. */
#ifndef HEATSTREAM_WIRE_EVENT_TEXT_H
#define HEATSTREAM_WIRE_EVENT_TEXT_H

#include "wire/generator.h"

enum { EVENT_KEY_BYTES = 8, EVENT_VALUE_BYTES = 16 };

/* x << 32 | y, big-endian. */
void event_key(int64_t x, int64_t y, uint8_t key[EVENT_KEY_BYTES]);

/* The partition of a cell by a hash of that key. */
int event_partition_by_key(int64_t x, int64_t y, int partitions);

/* Appends bytes of UTF-8 as a JSON string. */
void event_text_quote(struct buffer *json, const void *text, size_t size);

void event_text_put_binary(const struct generated *event, struct buffer *key, struct buffer *value);

/* The parts of a JSON event that stay the same: keys and the usual values. */
struct event_text;

struct event_text *event_text_create(const struct generator_config *config);
void event_text_destroy(struct event_text *text); /* accepts NULL */

/* Bytes of an event, at most. */
size_t event_text_longest(const struct event_text *text);

void event_text_put_json(const struct event_text *text, const struct generated *event,
                         struct buffer *value);

#endif
