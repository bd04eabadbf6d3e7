#include "window/event_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };
enum { FEW = 16, SOME = 128 }; /* events sorted by insertion, by comparison at all */

void event_set_release(struct event_set *set)
{
    free(set->events);
    *set = (struct event_set){0};
}

void event_set_reserve(struct event_set *set, int64_t count)
{
    set->events = memory_grow(set->events, &set->capacity, count, sizeof *set->events);
}

static int by_place(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static int by_time(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return by_place(a, b);
}

static int by_cell(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    return by_time(a, b);
}

static int by_sensor(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    uint32_t left_sensor = a->tag & EVENT_SENSOR, right_sensor = b->tag & EVENT_SENSOR;
    if (left_sensor != right_sensor)
        return left_sensor < right_sensor ? -1 : 1;
    return by_place(a, b);
}

static void sort_some(struct event *events, int64_t count,
                      int (*compare)(const void *, const void *))
{
    if (count > FEW) {
        qsort(events, (size_t)count, sizeof *events, compare);
        return;
    }
    for (int64_t i = 1; i < count; i++) {
        struct event event = events[i];
        int64_t at = i;
        for (; at > 0 && compare(&event, &events[at - 1]) < 0; at--)
            events[at] = events[at - 1];
        events[at] = event;
    }
}

/* One stable counting pass over a digit of the cell number. */
static void radix_pass(const struct event *from, struct event *to, int64_t count, int shift)
{
    int64_t start[DIGITS] = {0};
    for (int64_t i = 0; i < count; i++)
        start[(from[i].cell >> shift) & (DIGITS - 1)]++;
    int64_t sum = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        int64_t here = start[digit];
        start[digit] = sum;
        sum += here;
    }
    for (int64_t i = 0; i < count; i++)
        to[start[(from[i].cell >> shift) & (DIGITS - 1)]++] = from[i];
}

static void sort_by_cell(struct event_set *set, int64_t cells, struct event_set *scratch)
{
    event_set_reserve(scratch, set->count);
    for (int shift = 0; shift < 63 && (cells - 1) >> shift; shift += DIGIT_BITS) {
        radix_pass(set->events, scratch->events, set->count, shift);
        struct event_set sorted = {scratch->events, set->count, scratch->capacity};
        *scratch = (struct event_set){.events = set->events, .capacity = set->capacity};
        *set = sorted;
    }
}

void event_set_sort(struct event_set *set, int64_t cells, struct event_set *scratch)
{
    if (set->count <= SOME) {
        sort_some(set->events, set->count, by_cell);
        return;
    }
    sort_by_cell(set, cells, scratch);
    struct event *events = set->events;
    for (int64_t first = 0, next; first < set->count; first = next) {
        next = first + 1;
        while (next < set->count && events[next].cell == events[first].cell)
            next++;
        if (next - first > 1)
            sort_some(events + first, next - first, by_time);
    }
}

void event_set_merge(struct event_set *set, const struct event_set *more)
{
    event_set_reserve(set, set->count + more->count);
    int64_t left = set->count - 1, right = more->count - 1;
    set->count += more->count;
    for (int64_t at = set->count - 1; right >= 0; at--)
        set->events[at] = left >= 0 && by_cell(&set->events[left], &more->events[right]) > 0
                              ? set->events[left--]
                              : more->events[right--];
}

static bool same_time(const struct event *a, const struct event *b)
{
    return a->cell == b->cell && a->time_ms == b->time_ms;
}

/* Events of one cell and time: keeps the first of each sensor, in order, and returns how many. */
static int64_t first_of_each(struct event *events, int64_t count, struct event_set *dropped)
{
    int64_t kept = 1;
    sort_some(events, count, by_sensor);
    for (int64_t i = 1; i < count; i++) {
        if ((events[i].tag ^ events[kept - 1].tag) & EVENT_SENSOR)
            events[kept++] = events[i];
        else
            dropped->events[dropped->count++] = events[i];
    }
    sort_some(events, kept, by_place);
    return kept;
}

void event_set_drop_duplicates(struct event_set *set, struct event_set *dropped)
{
    struct event *events = set->events;
    int64_t kept = 0;
    dropped->count = 0;
    for (int64_t first = 0, next; first < set->count; first = next) {
        next = first + 1;
        while (next < set->count && same_time(&events[next], &events[first]))
            next++;
        int64_t count = next - first;
        if (count > 1) {
            event_set_reserve(dropped, dropped->count + count);
            count = first_of_each(events + first, count, dropped);
        }
        if (kept != first)
            memmove(events + kept, events + first, (size_t)count * sizeof *events);
        kept += count;
    }
    set->count = kept;
}

int64_t event_set_count_late(const struct event_set *set)
{
    int64_t late = 0;
    for (int64_t i = 0; i < set->count; i++)
        late += (set->events[i].tag & EVENT_LATE) != 0;
    return late;
}

void event_set_save(const struct event_set *set, struct buffer *state)
{
    buffer_put_i64(state, set->count);
    buffer_append(state, set->events, (size_t)set->count * sizeof *set->events);
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
    int64_t count = buffer_get_count(state, sizeof *set->events);
    if (state->failed)
        return false;
    event_set_reserve(set, count);
    set->count = count;
    memcpy(set->events, state->data + state->position, (size_t)count * sizeof *set->events);
    state->position += (size_t)count * sizeof *set->events;
    for (int64_t i = 0; i < count; i++)
        if (!fits(&set->events[i], window, place, limits) ||
            (i > 0 && by_cell(&set->events[i - 1], &set->events[i]) >= 0))
            return false;
    return true;
}
