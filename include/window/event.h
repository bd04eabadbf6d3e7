/* The plain types that event time is made of. Times are milliseconds since 1970 UTC. */
#ifndef HEATSTREAM_WINDOW_EVENT_H
#define HEATSTREAM_WINDOW_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of an offset. Every offset below a partition's next one has exactly one fate. */
enum fate {
    FATE_ON_TIME,
    FATE_LATE,
    FATE_DUPLICATE,
    FATE_CANDIDATE,
    FATE_FUTURE,
    FATE_TOO_LATE,
    FATE_BEFORE_START,
    FATE_UNDECODABLE,
    FATE_UNKNOWN_SENSOR,
    FATE_OUT_OF_RANGE,
    FATE_NOT_FINITE,
    FATE_SKIPPED, /* never delivered: transaction markers, aborted transactions, compacted records
                   */
    FATE_LOST,    /* gone before they were read, and gone on without on request: see gap.h */
    FATE_COUNT
};

/* The name used in the ledger, in dead letters and in metrics: "on_time", "late", … */
const char *fate_name(enum fate fate);

enum { EVENT_SENSORS = 1 << 30 }; /* rows of a sensor table, at most */

/* A record as the decoder hands it over. `key` and `value` are borrowed and may be NULL (no key, a
 * tombstone). With a verdict other than FATE_ON_TIME only partition, offset, the raw bytes and, if
 * has_time, time_ms mean something. */
struct record {
    enum fate verdict; /* FATE_ON_TIME: decoded and in range; else the reason it is a dead letter */
    int partition;
    int64_t offset;
    bool has_time;
    int64_t time_ms;
    int64_t cell; /* x * ny + y on the global grid */
    int64_t
        sensor;  /* identity of the sensor: the cell, or its row, below EVENT_SENSORS, in a sensor
                       table */
    double rate; /* temperature units per second, before gen_scale */
    const uint8_t *key, *value;
    size_t key_size, value_size;
};

/* Window of a time at or after t0; the difference of two int64 always fits uint64. */
static inline int64_t event_window(int64_t time_ms, int64_t t0_ms, int64_t window_ms)
{
    uint64_t window = ((uint64_t)time_ms - (uint64_t)t0_ms) / (uint64_t)window_ms;
    return window > INT64_MAX ? INT64_MAX : (int64_t)window;
}

/* Heat of one cell over one window; written by the window room, global cell numbers. */
struct heat {
    int64_t cell;
    double rate; /* temperature units per second, gen_scale applied, never 0 */
};

enum { DEAD_LETTER_BYTES = 4096 };

/* How many bytes are kept of a raw key or value of this length. */
static inline size_t dead_letter_kept(size_t length)
{
    return length < DEAD_LETTER_BYTES ? length : DEAD_LETTER_BYTES;
}

/* A record that was refused, with what is kept of its raw bytes: they lie in the owner's byte
 * buffer at key_at and value_at. */
struct dead_letter {
    int partition;
    enum fate reason;
    int64_t offset;
    bool has_time, has_key, has_value;
    int64_t time_ms;
    int64_t key_bytes, value_bytes; /* full lengths; dead_letter_kept() of them are kept */
    size_t key_at, value_at;
};

#endif
