#include "window/past.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

struct past {
    struct closed_set *ring; /* window w lies at w modulo the capacity */
    int64_t begin, end, capacity;
};

struct past *past_create(void)
{
    return memory_zeroed(1, sizeof(struct past));
}

void past_destroy(struct past *past)
{
    if (!past)
        return;
    while (past->begin < past->end) {
        struct event_set events = past_drop(past);
        event_set_release(&events);
    }
    free(past->ring);
    free(past);
}

int64_t past_begin(const struct past *past)
{
    return past->begin;
}

int64_t past_end(const struct past *past)
{
    return past->end;
}

struct closed_set *past_at(const struct past *past, int64_t window)
{
    assert(window >= past->begin && window < past->end);
    return &past->ring[window % past->capacity];
}

static void widen(struct past *past)
{
    struct past wider = {.begin = past->begin, .end = past->end};
    wider.ring = memory_room(NULL, &wider.capacity, 2 * past->capacity, sizeof *wider.ring);
    for (int64_t window = past->begin; window < past->end; window++)
        *past_at(&wider, window) = *past_at(past, window);
    free(past->ring);
    *past = wider;
}

void past_add(struct past *past, const struct closed_set *set)
{
    if (past->end - past->begin == past->capacity)
        widen(past);
    past->end++;
    *past_at(past, past->end - 1) = *set;
}

struct event_set past_drop(struct past *past)
{
    struct event_set events = past_at(past, past->begin)->events;
    past->begin++;
    return events;
}

static void set_save(const struct closed_set *set, struct buffer *state)
{
    buffer_put_i64(state, set->revision);
    buffer_put_i64(state, set->dead);
    buffer_put_u8(state, (uint8_t)(set->complete | set->provisional << 1));
    event_set_save(&set->events, state);
}

void past_save(const struct past *past, struct buffer *state)
{
    buffer_put_i64(state, past->end - past->begin);
    for (int64_t window = past->begin; window < past->end; window++)
        set_save(past_at(past, window), state);
}

static bool set_load(struct past *past, struct buffer_reader *state,
                     const struct event_limits *limits)
{
    struct closed_set set = {.revision = buffer_get_tally(state)};
    set.dead = buffer_get_tally(state);
    uint8_t flags = buffer_get_u8(state);
    set.complete = flags & 1;
    set.provisional = flags & 2;
    bool good = event_set_load(&set.events, state, past->end, EVENTS_CLOSED, limits);
    set.late = event_set_count_late(&set.events);
    past_add(past, &set);
    return good && !state->failed && flags <= 3;
}

bool past_load(struct past *past, struct buffer_reader *state, int64_t begin, int64_t end,
               const struct event_limits *limits)
{
    int64_t count = buffer_get_count(state, 25);
    if (state->failed || count != end - begin)
        return false;
    past->begin = past->end = begin;
    bool good = true;
    for (int64_t i = 0; i < count && good; i++)
        good = set_load(past, state, limits);
    return good;
}
