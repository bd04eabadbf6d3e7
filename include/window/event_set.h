/* The events of one window, and the one order in which they count: by (cell, time, partition,
 * offset). What is told of a window is a function of its set, never of the order of arrival. */
#ifndef HEATSTREAM_WINDOW_EVENT_SET_H
#define HEATSTREAM_WINDOW_EVENT_SET_H

#include "base/buffer.h"
#include "window/event.h"

/* Bits of a tag; a bit-field would cost the hot path a stalled load. */
#define EVENT_SENSOR ((uint32_t)EVENT_SENSORS - 1) /* low bits of the record's sensor */
#define EVENT_LATE (UINT32_C(1) << 30)             /* came when its window had closed */
#define EVENT_WAITING (UINT32_C(1) << 31)          /* late, and not yet in its window's set */

struct event {
    int64_t time_ms, offset, cell;
    double rate; /* temperature units per second */
    int32_t partition;
    uint32_t tag; /* with the cell, EVENT_SENSOR of it tells sensors apart */
};

/* The order of a set, for qsort: negative, 0 or positive. */
int event_order(const void *left, const void *right);

/* Zero-initialised is empty. `events` is owned; events may be appended by whoever reserves. */
struct event_set {
    struct event *events;
    int64_t count, capacity;
};

void event_set_release(struct event_set *set);

/* Events that lie one behind the other in the order of a set: [begin, end). */
struct event_run {
    const struct event *begin, *end;
};

/* Memory to sort in, used again and again; zero-initialised is empty. */
struct event_scratch {
    struct event_set events;
    uint64_t *keys; /* owned */
    int64_t key_capacity;
    struct event_run *runs; /* owned */
    int64_t run_capacity;
};

void event_scratch_release(struct event_scratch *scratch);

/* Makes room for `count` events in all. */
void event_set_reserve(struct event_set *set, int64_t count);

/* Brings the events into order; cells are numbered 0 .. cells - 1. The events of the scratch are
 * lost, and their memory may change places with that of the set. */
void event_set_sort(struct event_set *set, int64_t cells, struct event_scratch *scratch);

/* Adds `more`, which stays as it is; both are in order, and so is the result. */
void event_set_merge(struct event_set *set, const struct event_set *more);

/* Of events of equal (time, sensor) the lowest (partition, offset) stays. The others are moved to
 * `dropped`, which is emptied first. The set is in order and stays so. */
void event_set_drop_duplicates(struct event_set *set, struct event_set *dropped);

int64_t event_set_count_late(const struct event_set *set);

/* Where events lie, and so what they must be like. */
enum event_place {
    EVENTS_OPEN,    /* in a window that has not closed: on time */
    EVENTS_WAITING, /* late, for a window that has: waiting to be merged */
    EVENTS_CLOSED   /* in a window that has, late or not */
};

/* What a saved event must fit. */
struct event_limits {
    int partitions;
    int64_t cells, t0_ms, window_ms;
};

/* Some seven bytes an event, by what is different from the one before; the set is in order, so that
 * equal sets give equal bytes. */
void event_set_save(const struct event_set *set, struct buffer *state);

/* Into an empty set; false when the saved events are not in order, without repetition, or not such
 * as can lie there for this window. */
bool event_set_load(struct event_set *set, struct buffer_reader *state, int64_t window,
                    enum event_place place, const struct event_limits *limits);

#endif
