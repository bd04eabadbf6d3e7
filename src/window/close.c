/* What a close tells: the open window, and before it those that late events have changed. */
#include <assert.h>

#include "base/arith.h"
#include "window/replay.h"
#include "windows_internal.h"

int64_t windows_memory(const struct windows_config *config)
{
    return config->hold + config->span - 1;
}

static int64_t first_replayable(const struct windows_config *config, int64_t open)
{
    int64_t horizon = open - config->horizon_windows;
    return horizon > 0 ? horizon - horizon % config->snapshot_spacing : 0;
}

int64_t windows_first_replayable(const struct windows *windows)
{
    return first_replayable(&windows->config, windows->open);
}

int64_t windows_first_kept(const struct windows_config *config, int64_t open)
{
    return max_int64(0, first_replayable(config, open) - windows_memory(config));
}

static void release_held(struct windows *windows, const struct event_set *set)
{
    for (int64_t first = 0, next = 0; first < set->count; first = next) {
        int32_t partition = set->events[first].partition;
        while (next < set->count && set->events[next].partition == partition)
            next++;
        windows->parts[partition].held -= next - first;
    }
}

static void settle(struct windows *windows, struct event_set *set)
{
    release_held(windows, set);
    event_set_sort(set, windows->config.gnx * windows->config.gny, &windows->scratch);
}

static void drop_duplicates(struct windows *windows, struct event_set *set)
{
    if (!windows->config.dedup)
        return;
    struct event_set *scratch = &windows->scratch.events;
    event_set_drop_duplicates(set, scratch);
    for (int64_t i = 0; i < scratch->count; i++) {
        const struct event *dropped = &scratch->events[i];
        struct ledger *ledger = &windows->parts[dropped->partition].ledger;
        ledger->fates[dropped->tag & EVENT_LATE ? FATE_LATE : FATE_ON_TIME]--;
        ledger->fates[FATE_DUPLICATE]++;
    }
}

/* These events wait no longer; how many of them did. */
static int64_t end_wait(struct event_set *set)
{
    int64_t waited = 0;
    for (int64_t i = 0; i < set->count; i++) {
        waited += (set->events[i].tag & EVENT_WAITING) != 0;
        set->events[i].tag &= ~EVENT_WAITING;
    }
    return waited;
}

/* Completes a closed window with the late events that wait for it. False when none counts. */
static bool merge_late(struct windows *windows, int64_t window)
{
    struct closed_set *closed = past_at(windows->past, window);
    struct event_set late = panes_take(windows->panes, window);
    settle(windows, &late);
    bool dedup = windows->config.dedup;
    int64_t counted = dedup ? 0 : end_wait(&late);
    event_set_merge(&closed->events, &late);
    panes_recycle(windows->panes, &late);
    closed->late += counted;
    if (dedup) { /* which events count is known when all are together */
        drop_duplicates(windows, &closed->events);
        counted = end_wait(&closed->events);
        closed->late = event_set_count_late(&closed->events);
    }
    return counted > 0;
}

/* True when every partition's own clock has passed the open window. */
static bool all_passed(const struct windows *windows)
{
    for (int p = 0; p < windows->config.partitions; p++)
        if (windows->parts[p].passed <= windows->open)
            return false;
    return true;
}

/* True when every partition's records, not a time-out, have passed the open window. */
static bool all_heard(const struct windows *windows)
{
    for (int p = 0; p < windows->config.partitions; p++)
        if (windows->parts[p].heard <= windows->open)
            return false;
    return true;
}

bool windows_next_is_provisional(const struct windows *windows)
{
    return !windows->provisional && windows_can_close(windows) && !all_passed(windows);
}

bool windows_next_corrects(const struct windows *windows)
{
    const struct pane *first = panes_next(windows->panes, INT64_MIN);
    return !windows->closing && first && first->window < windows->open;
}

static void begin_close(struct windows *windows)
{
    windows->closing = true;
    windows->provisional = windows->provisional || !all_passed(windows);
    int64_t changed = windows->open;
    for (const struct pane *pane;
         (pane = panes_next(windows->panes, INT64_MIN)) && pane->window < windows->open;) {
        int64_t window = pane->window;
        if (merge_late(windows, window))
            changed = min_int64(changed, window);
    }
    windows->changed = windows->told = changed;
    if (changed < windows->open)
        windows->told = changed - changed % windows->config.snapshot_spacing;
}

int64_t windows_middle_ms(const struct windows_config *config, int64_t window)
{
    uint64_t window_ms = (uint64_t)config->window_ms;
    return (int64_t)((uint64_t)config->t0_ms + (uint64_t)window * window_ms + window_ms / 2);
}

int64_t windows_end_ms(const struct windows_config *config, int64_t window)
{
    return clamp_to_int64(config->t0_ms + ((__int128)window + 1) * config->window_ms);
}

static struct rates_result next_rates(struct windows *windows, int64_t window)
{
    windows->rated = window + 1;
    return rates_next(windows->rates, window, windows_middle_ms(&windows->config, window),
                      &past_at(windows->past, window)->events);
}

static struct rates_result rates_of(struct windows *windows, int64_t window)
{
    if (windows->rated != window) {
        rates_forget(windows->rates);
        int64_t first = max_int64(0, window - windows_memory(&windows->config));
        for (int64_t before = first; before < window; before++)
            (void)next_rates(windows, before);
    }
    return next_rates(windows, window);
}

static void tell(struct windows *windows, enum close_kind kind, int64_t window,
                 struct closed_window *closed)
{
    const struct windows_config *config = &windows->config;
    const struct closed_set *set = past_at(windows->past, window);
    struct rates_result rates = rates_of(windows, window);
    *closed = (struct closed_window){
        .kind = kind,
        .window = window,
        .revision = set->revision,
        .end_ms = windows_end_ms(config, window),
        .provisional = set->provisional,
        .complete = set->complete,
        .heat_count = rates.heat_count,
        .heat = rates.heat,
        .events = set->events.count,
        .late = set->late,
        .missing = config->gnx * config->gny - rates.cells_heard,
        .dead = set->dead,
    };
}

static void tell_again(struct windows *windows, struct closed_window *closed)
{
    int64_t window = windows->told++;
    bool revised = window >= windows->changed;
    if (revised) {
        struct closed_set *set = past_at(windows->past, window);
        set->revision++;
        set->provisional = windows->provisional;
    }
    tell(windows, revised ? CLOSE_REVISED : CLOSE_REPLAY, window, closed);
}

static void end_close(struct windows *windows, struct closed_window *closed)
{
    struct closed_set set = {.events = panes_take(windows->panes, windows->open),
                             .dead = windows->dead_since_close,
                             .complete = all_heard(windows),
                             .provisional = windows->provisional};
    settle(windows, &set.events);
    drop_duplicates(windows, &set.events);
    past_add(windows->past, &set);
    tell(windows, CLOSE_NEW, windows->open, closed);
    windows->open++;
    windows->dead_since_close = 0;
    windows->closing = false;
    while (past_begin(windows->past) < windows_first_kept(&windows->config, windows->open)) {
        struct event_set events = past_drop(windows->past);
        panes_recycle(windows->panes, &events);
    }
}

void windows_close(struct windows *windows, struct closed_window *closed)
{
    assert(windows_can_close(windows));
    if (!windows->closing)
        begin_close(windows);
    if (windows->told < windows->open)
        tell_again(windows, closed);
    else
        end_close(windows, closed);
}

void windows_replay(struct windows *windows, int64_t window, struct closed_window *closed)
{
    assert(!windows->closing && window >= windows_first_replayable(windows) &&
           window < windows->open);
    tell(windows, CLOSE_REPLAY, window, closed);
}
