#include <string.h>

#include "base/varint.h"
#include "window/event_set.h"

/* An event is saved by its way from the one before in the set, the first by its way from zeros: one
 * byte of marks, then the steps of cell, time and offset, then what a mark says is there. Cells
 * never step back within a set, but any set may be saved. */
enum mark {
    HAS_PARTITION = 1, /* another one than before */
    HAS_RATE = 2,      /* other bits than before */
    HAS_TAG = 4,       /* it did not move as the cell did; where sensors are cells, it does */
    MARKS = HAS_PARTITION | HAS_RATE | HAS_TAG
};

enum {
    EVENT_LEAST = 4, /* bytes: marks and three steps */
    EVENT_MOST = 1 + 4 * VARINT_BYTES + sizeof(double) + sizeof(uint32_t)
};

static uint32_t tag_moved(const struct event *before, int64_t cell)
{
    return before->tag + (uint32_t)((uint64_t)cell - (uint64_t)before->cell);
}

static uint8_t *put_event(uint8_t *at, const struct event *before, const struct event *event)
{
    uint8_t *marks = at++;
    *marks = 0;
    at = varint_put(at, varint_step(before->cell, event->cell));
    at = varint_put(at, varint_step(before->time_ms, event->time_ms));
    at = varint_put(at, varint_step(before->offset, event->offset));
    if (event->partition != before->partition) {
        *marks |= HAS_PARTITION;
        at = varint_put(at, varint_step(before->partition, event->partition));
    }
    if (memcmp(&event->rate, &before->rate, sizeof event->rate) != 0) {
        *marks |= HAS_RATE;
        memcpy(at, &event->rate, sizeof event->rate);
        at += sizeof event->rate;
    }
    if (event->tag != tag_moved(before, event->cell)) {
        *marks |= HAS_TAG;
        memcpy(at, &event->tag, sizeof event->tag);
        at += sizeof event->tag;
    }
    return at;
}

void event_set_save(const struct event_set *set, struct buffer *state)
{
    static const struct event zeros;
    const struct event *before = &zeros;
    buffer_put_i64(state, set->count);
    for (int64_t i = 0; i < set->count; i++) {
        uint8_t *at = buffer_reserve(state, EVENT_MOST);
        state->size += (size_t)(put_event(at, before, &set->events[i]) - at);
        before = &set->events[i];
    }
}

static bool get_step(struct buffer_reader *state, int64_t before, int64_t *value)
{
    uint64_t step;
    if (!varint_get(state->data, state->size, &state->position, &step))
        return false;
    *value = varint_stepped(before, step);
    return true;
}

static bool get_bytes(struct buffer_reader *state, void *to, size_t size)
{
    if (size > state->size - state->position)
        return false;
    memcpy(to, state->data + state->position, size);
    state->position += size;
    return true;
}

/* `event` is the one before when called. */
static bool get_event(struct buffer_reader *state, struct event *event)
{
    const struct event before = *event;
    uint8_t marks = 0;
    int64_t partition = before.partition;
    if (!get_bytes(state, &marks, 1) || (marks & ~MARKS) ||
        !get_step(state, before.cell, &event->cell) ||
        !get_step(state, before.time_ms, &event->time_ms) ||
        !get_step(state, before.offset, &event->offset))
        return false;
    if (marks & HAS_PARTITION && !get_step(state, before.partition, &partition))
        return false;
    if (marks & HAS_RATE && !get_bytes(state, &event->rate, sizeof event->rate))
        return false;
    event->tag = tag_moved(&before, event->cell);
    if (marks & HAS_TAG && !get_bytes(state, &event->tag, sizeof event->tag))
        return false;
    event->partition = (int32_t)partition;
    return event->partition == partition;
}

static bool fits(const struct event *event, int64_t window, enum event_place place,
                 const struct event_limits *limits)
{
    static const uint32_t marks[] = {
        [EVENTS_OPEN] = 0, [EVENTS_WAITING] = EVENT_LATE | EVENT_WAITING, [EVENTS_CLOSED] = 0};
    uint32_t ignored = EVENT_SENSOR | (place == EVENTS_CLOSED ? EVENT_LATE : 0);
    return (event->tag & ~ignored) == marks[place] && event->partition >= 0 &&
           event->partition < limits->partitions && event->cell >= 0 &&
           event->cell < limits->cells && event->time_ms >= limits->t0_ms &&
           event_window(event->time_ms, limits->t0_ms, limits->window_ms) == window;
}

bool event_set_load(struct event_set *set, struct buffer_reader *state, int64_t window,
                    enum event_place place, const struct event_limits *limits)
{
    int64_t count = buffer_get_count(state, EVENT_LEAST);
    struct event event = {0};
    if (state->failed)
        return false;
    event_set_reserve(set, count);
    for (; set->count < count; set->count++) {
        if (!get_event(state, &event) || !fits(&event, window, place, limits) ||
            (set->count > 0 && event_order(&set->events[set->count - 1], &event) >= 0))
            return false;
        set->events[set->count] = event;
    }
    return true;
}
