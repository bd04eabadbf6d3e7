/* Synthetic sensors: the same configuration yields the same messages, offsets and order everywhere.
 *
 * Every cell is a sensor that speaks once per step: at step s (from 0) cell (x, y) sends
 * {time: start + s*step + round(N(0, jitter)), gen: value with probability p, else 0}. Each message
 * is delivered after an exponentially distributed delay, may be dropped or doubled, and goes to
 * partition floor(x*P/nx) or by a hash of its key. All choices are made by a counter-based random
 * function of (seed, step, cell), never by a stream of state, so that any part can be made again on
 * its own. */
#ifndef HEATSTREAM_WIRE_GENERATOR_H
#define HEATSTREAM_WIRE_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "wire/event_avro.h"
#include "wire/format.h"

struct generator_config {
    int64_t gnx, gny;
    int partitions;
    bool partition_by_key; /* else floor(x * P / nx) */
    uint64_t seed;
    int64_t start_ms, step_ms;
    int64_t steps; /* 0: endless */
    double probability, value;
    bool zeros; /* sensors that generate nothing say so; else they are silent */
    double jitter_ms, delay_ms, dropout, duplicates;
    const char *field_time, *field_x, *field_y, *field_value; /* JSON keys; NULL: the usual names */
    const struct event_avro *avro; /* for the Avro formats; has to live as long as what uses it */
};

struct generated {
    int partition;
    int64_t offset; /* counted per partition from 0, in delivery order */
    int64_t time_ms;
    int64_t x, y;
    double value;
    int64_t step; /* the step at whose delivery time it leaves */
};

struct generator;

/* The strings are copied. */
struct generator *generator_create(const struct generator_config *config);

/* Yields one partition's events only, equal to those of the whole, offsets included. It makes
 * events and nothing else: what encodes them is a generator of all partitions. */
struct generator *generator_create_part(const struct generator_config *config, int partition);
void generator_destroy(struct generator *generator); /* accepts NULL */

/* The next event in delivery order; false after the last. */
bool generator_next(struct generator *generator, struct generated *event);

/* Leaves out the next `count` events of one partition's generator: the others stay what they were.
 * Immediate where every sensor speaks and nothing is delayed, dropped or doubled. */
void generator_skip(struct generator *generator, int64_t count);

/* The number of events a partition will ever have, INT64_MAX when endless. Makes them all, unless
 * it can be told from the configuration. */
int64_t generator_count(const struct generator_config *config, int partition);

/* By a generator of all partitions. Appends the event's value (and, for binary, its key to `key`;
 * others have none) as it lies on the topic. */
void generator_encode(const struct generator *generator, const struct generated *event,
                      enum event_format format, struct buffer *key, struct buffer *value);

/* Bytes of a message, key and value together, at most; of a generator of all partitions. */
size_t generator_longest(const struct generator *generator, enum event_format format);

#endif
