/* A queue of events by delivery time: buckets in a ring, sorted when their time has come. */
#ifndef HEATSTREAM_WIRE_CALENDAR_H
#define HEATSTREAM_WIRE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An event on its way. */
struct slot {
    int64_t due_us; /* within its bucket */
    int64_t step;   /* of its making */
    int32_t x, y;
    bool hot, doubled;
};

/* A growing array; zero-initialised is empty. */
struct slots {
    struct slot *items; /* owned */
    size_t count, capacity;
};

/* Makes room for one more. */
void slots_grow(struct slots *slots);

static inline void slots_push(struct slots *slots, const struct slot *slot)
{
    if (slots->count == slots->capacity)
        slots_grow(slots);
    slots->items[slots->count++] = *slot;
}

struct calendar;

/* Holds `buckets` consecutive buckets, each `span_us` long. */
struct calendar *calendar_create(int64_t buckets, int64_t span_us);
void calendar_destroy(struct calendar *calendar); /* accepts NULL */

/* `bucket` counts from 0 and must be one of the `buckets` not yet taken. */
void calendar_add(struct calendar *calendar, int64_t bucket, const struct slot *slot);

/* Exchanges the contents of the next bucket, sorted by due_us, of equal ones as added, for what
 * *slots held, which is forgotten. */
void calendar_take(struct calendar *calendar, struct slots *slots);

/* Events not yet taken. */
int64_t calendar_pending(const struct calendar *calendar);

#endif
