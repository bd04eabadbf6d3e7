#include "window/rates.h"

#include <stdlib.h>

#include "base/memory.h"
#include "window/history.h"

struct rates {
    struct rates_config config;
    struct history *history;
    struct rate_list estimates; /* of the window at hand, where earlier ones matter */
    struct heat *heat;
    int64_t heat_capacity;
};

struct rates *rates_create(const struct rates_config *config)
{
    struct rates *rates = memory_zeroed(1, sizeof *rates);
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
    free(rates->heat);
    free(rates);
}

/* Every estimate of a single event is its rate. */
static double estimate_of(const struct rates *rates, const struct event *events, int64_t count,
                          int64_t middle_ms)
{
    if (count == 1)
        return events->rate;
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
    rates->heat = memory_room(rates->heat, &rates->heat_capacity, list->count, sizeof *rates->heat);
    for (int64_t i = 0; i < list->count; i++)
        put_heat(rates, result, list->rates[i].cell, list->rates[i].rate);
}

struct rates_result rates_next(struct rates *rates, int64_t window, int64_t middle_ms,
                               const struct event_set *set)
{
    struct rates_result result = {0};
    const struct event *events = set->events;
    bool alone = rates->config.span == 1 && rates->config.hold == 0;
    if (alone)
        rates->heat =
            memory_room(rates->heat, &rates->heat_capacity, set->count, sizeof *rates->heat);
    else
        rate_list_reset(&rates->estimates, set->count);
    for (int64_t first = 0, next; first < set->count; first = next) {
        next = first + 1;
        while (next < set->count && events[next].cell == events[first].cell)
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

void rates_forget(struct rates *rates)
{
    history_forget(rates->history);
}
