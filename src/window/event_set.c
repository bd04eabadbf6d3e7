#include "window/event_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };
enum { FEW = 16, SOME = 128 }; /* events sorted by insertion, by comparison at all */
enum { RUN_EVENTS = 64 };      /* shorter runs, by the mean, are not worth looking at */

void event_set_release(struct event_set *set)
{
    free(set->events);
    *set = (struct event_set){0};
}

void event_scratch_release(struct event_scratch *scratch)
{
    event_set_release(&scratch->events);
    free(scratch->keys);
    free(scratch->runs);
    *scratch = (struct event_scratch){0};
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

int event_order(const void *left, const void *right)
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

/* The bits of the numbers below `count`. */
static int bits_below(int64_t count)
{
    return count > 1 ? 64 - __builtin_clzll((uint64_t)count - 1) : 0;
}

/* From counts of digits to where the first of each belongs. */
static void make_starts(int64_t starts[DIGITS], int bits)
{
    int64_t sum = 0;
    for (int digit = 0; digit < 1 << bits; digit++) {
        int64_t here = starts[digit];
        starts[digit] = sum;
        sum += here;
    }
}

/* The events have moved to the spare memory. */
static void exchange(struct event_set *set, struct event_set *spare)
{
    struct event_set moved = {spare->events, set->count, spare->capacity};
    *spare = (struct event_set){.events = set->events, .capacity = set->capacity};
    *set = moved;
}

/* In one stable counting pass: cells are numbers of one digit. */
static void sort_few_cells(struct event_set *set, struct event_set *spare, int cell_bits)
{
    int64_t starts[DIGITS] = {0};
    event_set_reserve(spare, set->count);
    for (int64_t i = 0; i < set->count; i++)
        starts[set->events[i].cell]++;
    make_starts(starts, cell_bits);
    for (int64_t i = 0; i < set->count; i++)
        spare->events[starts[set->events[i].cell]++] = set->events[i];
    exchange(set, spare);
}

static void sort_digit(const uint64_t *from, uint64_t *to, int64_t count, int shift, int bits)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    int64_t starts[DIGITS] = {0};
    for (int64_t i = 0; i < count; i++)
        starts[from[i] >> shift & mask]++;
    make_starts(starts, bits);
    for (int64_t i = 0; i < count; i++)
        to[starts[from[i] >> shift & mask]++] = from[i];
}

/* Of keys[2 * count] the first half; returns the half that is in order then. */
static const uint64_t *sort_keys(uint64_t *keys, int64_t count, int index_bits, int cell_bits)
{
    uint64_t *from = keys, *to = keys + count;
    int passes = (cell_bits + DIGIT_BITS - 1) / DIGIT_BITS;
    int bits = (cell_bits + passes - 1) / passes;
    for (int pass = 0; pass < passes; pass++) {
        sort_digit(from, to, count, index_bits + pass * bits, bits);
        uint64_t *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

static bool in_order(const struct event *a, const struct event *b)
{
    return a->cell < b->cell || (a->cell == b->cell && event_order(a, b) < 0);
}

/* The runs of rising events, each of one partition, that the set consists of; 0 when they are too
 * many to be of use. */
static int64_t find_runs(const struct event_set *set, struct event_scratch *scratch)
{
    const int64_t most = set->count / RUN_EVENTS;
    const struct event *begin = set->events, *end = set->events + set->count;
    int64_t count = 0;
    scratch->runs =
        memory_room(scratch->runs, &scratch->run_capacity, most + 1, sizeof *scratch->runs);
    for (const struct event *event = begin + 1; event < end; event++) {
        if (event[-1].partition == event->partition && in_order(event - 1, event))
            continue;
        if (count == most)
            return 0;
        scratch->runs[count++] = (struct event_run){begin, event};
        begin = event;
    }
    scratch->runs[count++] = (struct event_run){begin, end};
    return count;
}

static int by_begin(const void *left, const void *right)
{
    return event_order(((const struct event_run *)left)->begin,
                       ((const struct event_run *)right)->begin);
}

/* Partitions that each hold some of the cells and tell them in turn give runs that only have to be
 * put one behind the other. False when the events are not such; nothing has changed then. */
static bool sort_runs(struct event_set *set, struct event_scratch *scratch)
{
    int64_t count = find_runs(set, scratch);
    struct event_run *runs = scratch->runs;
    if (count <= 1)
        return count == 1;
    qsort(runs, (size_t)count, sizeof *runs, by_begin);
    for (int64_t i = 1; i < count; i++)
        if (!in_order(runs[i - 1].end - 1, runs[i].begin))
            return false;
    event_set_reserve(&scratch->events, set->count);
    struct event *to = scratch->events.events;
    for (int64_t i = 0; i < count; i++) {
        memcpy(to, runs[i].begin, (size_t)(runs[i].end - runs[i].begin) * sizeof *to);
        to += runs[i].end - runs[i].begin;
    }
    exchange(set, &scratch->events);
    return true;
}

/* By keys cell << index_bits | index: in many passes these 8 bytes are moved about instead of an
 * event's 40. */
static void sort_many_cells(struct event_set *set, struct event_scratch *scratch, int index_bits,
                            int cell_bits)
{
    scratch->keys =
        memory_room(scratch->keys, &scratch->key_capacity, 2 * set->count, sizeof *scratch->keys);
    bool falls = false;
    for (int64_t i = 0; i < set->count; i++) {
        scratch->keys[i] = (uint64_t)set->events[i].cell << index_bits | (uint64_t)i;
        falls |= i > 0 && scratch->keys[i] < scratch->keys[i - 1];
    }
    if (!falls)
        return;
    const uint64_t *keys = sort_keys(scratch->keys, set->count, index_bits, cell_bits);
    const uint64_t mask = (UINT64_C(1) << index_bits) - 1;
    event_set_reserve(&scratch->events, set->count);
    for (int64_t i = 0; i < set->count; i++)
        scratch->events.events[i] = set->events[keys[i] & mask];
    exchange(set, &scratch->events);
}

/* Of events in order of cells, those of one cell by time. */
static void sort_within_cells(struct event_set *set)
{
    struct event *events = set->events;
    for (int64_t first = 0, next; first < set->count; first = next) {
        next = first + 1;
        while (next < set->count && events[next].cell == events[first].cell)
            next++;
        if (next - first > 1)
            sort_some(events + first, next - first, by_time);
    }
}

void event_set_sort(struct event_set *set, int64_t cells, struct event_scratch *scratch)
{
    int index_bits = bits_below(set->count), cell_bits = bits_below(cells);
    if (set->count <= SOME || index_bits + cell_bits > 64) {
        sort_some(set->events, set->count, event_order);
        return;
    }
    if (sort_runs(set, scratch))
        return;
    if (cell_bits <= DIGIT_BITS)
        sort_few_cells(set, &scratch->events, cell_bits);
    else
        sort_many_cells(set, scratch, index_bits, cell_bits);
    sort_within_cells(set);
}

void event_set_merge(struct event_set *set, const struct event_set *more)
{
    event_set_reserve(set, set->count + more->count);
    int64_t left = set->count - 1, right = more->count - 1;
    set->count += more->count;
    for (int64_t at = set->count - 1; right >= 0; at--)
        set->events[at] = left >= 0 && event_order(&set->events[left], &more->events[right]) > 0
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
