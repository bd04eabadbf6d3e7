#include "window/early.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "windows_internal.h"

struct early {
    const struct windows *windows;
    struct rates *rates;
    struct event_set set; /* of the open window */
    struct event_scratch scratch;
};

struct early *early_create(const struct windows *windows)
{
    struct early *early = memory_zeroed(1, sizeof *early);
    early->windows = windows;
    early->rates = windows_make_rates(&windows->config);
    return early;
}

void early_destroy(struct early *early)
{
    if (!early)
        return;
    rates_destroy(early->rates);
    event_set_release(&early->set);
    event_scratch_release(&early->scratch);
    free(early);
}

/* A copy of the open window's events, as the close would have them. */
static void take_events(struct early *early)
{
    const struct windows *windows = early->windows;
    const struct pane *pane = panes_next(windows->panes, windows->open - 1);
    struct event_set *set = &early->set;
    set->count = 0;
    if (!pane || pane->window != windows->open)
        return;
    event_set_reserve(set, pane->events.count);
    memcpy(set->events, pane->events.events, (size_t)pane->events.count * sizeof *set->events);
    set->count = pane->events.count;
    event_set_sort(set, windows->config.gnx * windows->config.gny, &early->scratch);
    if (windows->config.dedup)
        event_set_drop_duplicates(set, &early->scratch.events);
}

static struct rates_result rates_of(struct early *early)
{
    const struct windows *windows = early->windows;
    const struct windows_config *config = &windows->config;
    int64_t first = max_int64(past_begin(windows->past), windows->open - windows_memory(config));
    rates_forget(early->rates);
    for (int64_t before = first; before < windows->open; before++)
        (void)rates_next(early->rates, before, windows_middle_ms(config, before),
                         &past_at(windows->past, before)->events);
    return rates_next(early->rates, windows->open, windows_middle_ms(config, windows->open),
                      &early->set);
}

static int count_passed(const struct windows *windows)
{
    int passed = 0;
    for (int p = 0; p < windows->config.partitions; p++)
        passed += !windows_wants(windows, p);
    return passed;
}

void early_look(struct early *early, struct early_window *seen)
{
    const struct windows *windows = early->windows;
    const struct windows_config *config = &windows->config;
    assert(!windows->closing);
    take_events(early);
    struct rates_result rates = rates_of(early);
    *seen = (struct early_window){
        .window = windows->open,
        .end_ms = windows_end_ms(config, windows->open),
        .clocks = config->partitions,
        .clocks_passed = count_passed(windows),
        .events = early->set.count,
        .missing = config->gnx * config->gny - rates.cells_heard,
        .heat_count = rates.heat_count,
        .heat = rates.heat,
    };
}
