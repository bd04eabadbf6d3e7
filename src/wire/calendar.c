#include "calendar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, FEW = 32 };

struct calendar {
    struct slots *ring; /* [buckets] */
    int64_t buckets, taken, pending, span_us;
    struct slots scratch;
};

static void slots_reserve(struct slots *slots, size_t capacity)
{
    if (capacity <= slots->capacity)
        return;
    slots->items = memory_checked(realloc(slots->items, capacity * sizeof *slots->items));
    slots->capacity = capacity;
}

void slots_grow(struct slots *slots)
{
    slots_reserve(slots, slots->capacity ? 2 * slots->capacity : 64);
}

struct calendar *calendar_create(int64_t buckets, int64_t span_us)
{
    struct calendar *calendar = memory_zeroed(1, sizeof *calendar);
    calendar->ring = memory_zeroed(buckets, sizeof *calendar->ring);
    calendar->buckets = buckets;
    calendar->span_us = span_us;
    return calendar;
}

void calendar_destroy(struct calendar *calendar)
{
    if (!calendar)
        return;
    for (int64_t i = 0; i < calendar->buckets; i++)
        free(calendar->ring[i].items);
    free(calendar->ring);
    free(calendar->scratch.items);
    free(calendar);
}

void calendar_add(struct calendar *calendar, int64_t bucket, const struct slot *slot)
{
    assert(bucket >= calendar->taken && bucket < calendar->taken + calendar->buckets);
    slots_push(&calendar->ring[bucket % calendar->buckets], slot);
    calendar->pending++;
}

static void sort_few(struct slots *slots)
{
    for (size_t i = 1; i < slots->count; i++) {
        struct slot moving = slots->items[i];
        size_t j = i;
        for (; j > 0 && slots->items[j - 1].due_us > moving.due_us; j--)
            slots->items[j] = slots->items[j - 1];
        slots->items[j] = moving;
    }
}

/* One stable pass of a radix sort over the digit at `shift`. */
static void sort_digit(const struct slots *from, struct slot *to, int shift)
{
    size_t starts[DIGITS + 1] = {0};
    for (size_t i = 0; i < from->count; i++)
        starts[(from->items[i].due_us >> shift & (DIGITS - 1)) + 1]++;
    for (int digit = 0; digit < DIGITS; digit++)
        starts[digit + 1] += starts[digit];
    for (size_t i = 0; i < from->count; i++)
        to[starts[from->items[i].due_us >> shift & (DIGITS - 1)]++] = from->items[i];
}

static void swap_slots(struct slots *a, struct slots *b)
{
    struct slots other = *a;
    *a = *b;
    *b = other;
}

static void sort_by_due(struct slots *slots, struct slots *scratch, int64_t span_us)
{
    if (slots->count <= FEW) {
        sort_few(slots);
        return;
    }
    for (int shift = 0; shift < 63 && span_us >> shift > 0; shift += DIGIT_BITS) {
        slots_reserve(scratch, slots->count);
        sort_digit(slots, scratch->items, shift);
        scratch->count = slots->count;
        swap_slots(slots, scratch);
    }
}

void calendar_take(struct calendar *calendar, struct slots *slots)
{
    struct slots *bucket = &calendar->ring[calendar->taken++ % calendar->buckets];
    sort_by_due(bucket, &calendar->scratch, calendar->span_us - 1);
    calendar->pending -= (int64_t)bucket->count;
    slots->count = 0;
    swap_slots(bucket, slots);
}

int64_t calendar_pending(const struct calendar *calendar)
{
    return calendar->pending;
}
