#include "window/rates.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

struct rates {
    int64_t cells;
    double gen_scale;
    struct event *scratch;
    struct heat *heat;
    int64_t scratch_capacity, heat_capacity;
};

struct rates *rates_create(int64_t cells, double gen_scale)
{
    struct rates *rates = calloc(1, sizeof *rates);
    if (!rates)
        abort();
    rates->cells = cells;
    rates->gen_scale = gen_scale;
    return rates;
}

void rates_destroy(struct rates *rates)
{
    if (!rates)
        return;
    free(rates->scratch);
    free(rates->heat);
    free(rates);
}

static void *make_room(void *memory, int64_t *capacity, int64_t count, size_t size)
{
    if (count <= *capacity)
        return memory;
    *capacity = 2 * count;
    free(memory);
    memory = malloc((size_t)*capacity * size);
    if (!memory)
        abort();
    return memory;
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

static void sort_by_cell(struct rates *rates, struct event *events, int64_t count)
{
    rates->scratch =
        make_room(rates->scratch, &rates->scratch_capacity, count, sizeof *rates->scratch);
    struct event *from = events, *to = rates->scratch;
    for (int shift = 0; shift < 63 && (rates->cells - 1) >> shift; shift += DIGIT_BITS) {
        radix_pass(from, to, count, shift);
        struct event *swap = from;
        from = to;
        to = swap;
    }
    if (from != events)
        memcpy(events, from, (size_t)count * sizeof *events);
}

static int compare(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static double mean(struct event *events, int64_t count)
{
    if (count > 1)
        qsort(events, (size_t)count, sizeof *events, compare);
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++)
        sum += events[i].rate;
    return sum / (double)count;
}

struct rates_result rates_mean(struct rates *rates, struct event *events, int64_t count)
{
    struct rates_result result = {0};
    rates->heat = make_room(rates->heat, &rates->heat_capacity, count, sizeof *rates->heat);
    if (count > 1)
        sort_by_cell(rates, events, count);
    for (int64_t first = 0, next; first < count; first = next) {
        next = first + 1;
        while (next < count && events[next].cell == events[first].cell)
            next++;
        double rate = rates->gen_scale * mean(events + first, next - first);
        result.cells_heard++;
        if (rate != 0.0)
            rates->heat[result.heat_count++] =
                (struct heat){.cell = events[first].cell, .rate = rate};
    }
    result.heat = rates->heat;
    return result;
}
