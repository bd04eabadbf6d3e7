/* Generated events as Avro: made from a plan, so that what is written is what is read. */
#ifndef HEATSTREAM_WIRE_EVENT_AVRO_H
#define HEATSTREAM_WIRE_EVENT_AVRO_H

#include "base/buffer.h"
#include "wire/avro_plan.h"

enum { EVENT_AVRO_PLAIN = -1 };

struct event_avro;
struct generated;

/* `schema_id`: of the Confluent form, or EVENT_AVRO_PLAIN. `value`: what a sensor sends besides 0.
 *
 * What the plan does not ask for is written as the least its type has: null where a union has it,
 * else its first branch; 0, false, the first symbol, no bytes and no items. STATUS_BAD_DECK names
 * `file` and why events cannot be written: a time that is no long in ms or us, an identifier for a
 * cell, a value that its type cannot hold exactly, a record that cannot end, or events of more than
 * 4 KiB. The plan is needed no longer afterwards. */
enum status event_avro_create(const struct avro_plan *plan, const char *file, int64_t schema_id,
                              double value, struct event_avro **event,
                              struct error *err) MUST_CHECK;
void event_avro_destroy(struct event_avro *event); /* accepts NULL */

/* Bytes of an event, at most. */
size_t event_avro_longest(const struct event_avro *event);

/* Appends one event; a time beyond int64 microseconds stays at its end. */
void event_avro_put(const struct event_avro *event, const struct generated *generated,
                    struct buffer *value);

#endif
