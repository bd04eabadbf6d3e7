#include "window/rates.h"

#include <stdlib.h>
#include <string.h>

#include "window/history.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

struct rates {
    struct rates_config config;
    struct history *history;
    struct rate_list estimates; /* of the window at hand, where earlier ones matter */
    struct event *scratch;
    struct heat *heat;
    int64_t scratch_capacity, heat_capacity;
};

struct rates *rates_create(const struct rates_config *config)
{
    struct rates *rates = calloc(1, sizeof *rates);
    if (!rates)
        abort();
    rates->config = *config;
    rates->history = history_create(config->span, config->hold);
    return rates;
}

void rates_destroy(struct rates *rates)
{
    if (!rates)
        return;
    history_destroy(rates->history);
    rate_list_release(&rates->estimates);
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
    for (int shift = 0; shift < 63 && (rates->config.cells - 1) >> shift; shift += DIGIT_BITS) {
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

/* Every estimate of a single event is its rate. */
static double estimate_of(const struct rates *rates, struct event *events, int64_t count,
                          int64_t middle_ms)
{
    if (count == 1)
        return events->rate;
    qsort(events, (size_t)count, sizeof *events, compare);
    return estimate_rate(rates->config.estimate, events, count, middle_ms);
}

static void put_heat(struct rates *rates, struct rates_result *result, int64_t cell, double rate)
{
    double scaled = rates->config.gen_scale * rate;
    if (scaled != 0.0)
        rates->heat[result->heat_count++] = (struct heat){.cell = cell, .rate = scaled};
}

static void put_history(struct rates *rates, struct rates_result *result, int64_t window)
{
    const struct rate_list *list = history_next(rates->history, window, &rates->estimates);
    rates->heat = make_room(rates->heat, &rates->heat_capacity, list->count, sizeof *rates->heat);
    for (int64_t i = 0; i < list->count; i++)
        put_heat(rates, result, list->rates[i].cell, list->rates[i].rate);
}

struct rates_result rates_next(struct rates *rates, int64_t window, int64_t middle_ms,
                               struct event *events, int64_t count)
{
    struct rates_result result = {0};
    bool alone = rates->config.span == 1 && rates->config.hold == 0;
    if (alone)
        rates->heat = make_room(rates->heat, &rates->heat_capacity, count, sizeof *rates->heat);
    else
        rate_list_reset(&rates->estimates, count);
    if (count > 1)
        sort_by_cell(rates, events, count);
    for (int64_t first = 0, next; first < count; first = next) {
        next = first + 1;
        while (next < count && events[next].cell == events[first].cell)
            next++;
        int64_t cell = events[first].cell;
        double rate = estimate_of(rates, events + first, next - first, middle_ms);
        if (alone)
            put_heat(rates, &result, cell, rate);
        else
            rates->estimates.rates[result.cells_heard] = (struct cell_rate){cell, rate};
        result.cells_heard++;
    }
    rates->estimates.count = alone ? 0 : result.cells_heard;
    if (!alone)
        put_history(rates, &result, window);
    result.heat = rates->heat;
    return result;
}

void rates_save(const struct rates *rates, struct buffer *state)
{
    history_save(rates->history, state);
}

enum status rates_load(struct rates *rates, struct buffer_reader *state, int64_t next_window,
                       struct error *err)
{
    return history_load(rates->history, state, rates->config.cells, next_window, err);
}
