#include "window/windows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "window/advance.h"
#include "windows_internal.h"

struct windows *windows_create(const struct windows_config *config, const int64_t *first_offset)
{
    assert(config->partitions > 0 && config->window_ms > 0);
    struct windows *windows = calloc(1, sizeof *windows);
    if (!windows)
        abort();
    windows->config = *config;
    windows->parts = calloc((size_t)config->partitions, sizeof *windows->parts);
    if (!windows->parts)
        abort();
    int64_t start_ms = clamp_to_int64((__int128)config->t0_ms + config->disorder_ms);
    for (int p = 0; p < config->partitions; p++) {
        struct partition *part = &windows->parts[p];
        part->clock = clock_create(config->clock_sensors, config->clock_expiry, start_ms);
        part->candidates =
            candidates_create(config->jump_ms, config->clock_sensors, config->clock_expiry);
        part->ledger.first_offset = part->ledger.next_offset = first_offset[p];
    }
    windows->panes = panes_create();
    windows->rates = rates_create(&(struct rates_config){.cells = config->gnx * config->gny,
                                                         .estimate = config->estimate,
                                                         .span = config->span,
                                                         .hold = config->hold,
                                                         .gen_scale = config->gen_scale});
    return windows;
}

void windows_destroy(struct windows *windows)
{
    if (!windows)
        return;
    for (int p = 0; p < windows->config.partitions; p++) {
        clock_destroy(windows->parts[p].clock);
        candidates_destroy(windows->parts[p].candidates);
        buffer_release(&windows->parts[p].advances);
    }
    free(windows->parts);
    panes_destroy(windows->panes);
    rates_destroy(windows->rates);
    letters_release(&windows->letters);
    free(windows);
}

void windows_update_passed(const struct windows *windows, struct partition *part)
{
    __int128 beyond =
        (__int128)clock_time_ms(part->clock) - windows->config.t0_ms - windows->config.disorder_ms;
    part->passed = floor_div(beyond, windows->config.window_ms);
}

bool windows_wants(const struct windows *windows, int partition)
{
    const struct partition *part = &windows->parts[partition];
    return !part->finished && part->passed <= windows->open;
}

static enum status check_held(const struct windows *windows, const struct record *record,
                              struct error *err)
{
    const struct partition *part = &windows->parts[record->partition];
    if (part->held <= windows->config.max_open_events)
        return STATUS_OK;
    return error_set(
        err, STATUS_BAD_DATA,
        "partition %d: more than stream.max_open_events = %lld events wait for window "
        "%lld to close (offset %lld): its clock stands still at %lld ms; do its sensors "
        "repeat one time, or is stream.disorder_ms far too large?",
        record->partition, (long long)windows->config.max_open_events, (long long)windows->open,
        (long long)record->offset, (long long)clock_time_ms(part->clock));
}

enum status windows_take(struct windows *windows, const struct record *record, struct error *err)
{
    assert(windows_wants(windows, record->partition));
    struct partition *part = &windows->parts[record->partition];
    struct ledger *ledger = &part->ledger;
    if (record->offset < ledger->next_offset) {
        ledger->redelivered++;
        return STATUS_OK;
    }
    ledger->fates[FATE_SKIPPED] += record->offset - ledger->next_offset;
    ledger->next_offset = record->offset + 1;
    TRY(windows_classify(windows, part, record, err));
    windows_reach(windows, record->partition, ledger->next_offset);
    return check_held(windows, record, err);
}

void windows_finish(struct windows *windows, int partition, int64_t end)
{
    assert(windows_wants(windows, partition));
    struct partition *part = &windows->parts[partition];
    if (end > part->ledger.next_offset) {
        part->ledger.fates[FATE_SKIPPED] += end - part->ledger.next_offset;
        part->ledger.next_offset = end;
    }
    part->finished = true;
}

static bool all_finished(const struct windows *windows)
{
    for (int p = 0; p < windows->config.partitions; p++)
        if (!windows->parts[p].finished)
            return false;
    return true;
}

bool windows_exhausted(const struct windows *windows)
{
    return all_finished(windows) && panes_last_window(windows->panes) < windows->open;
}

bool windows_can_close(const struct windows *windows)
{
    for (int p = 0; p < windows->config.partitions; p++)
        if (windows_wants(windows, p))
            return false;
    return !windows_exhausted(windows);
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

static void release_held(struct windows *windows, const struct pane *pane)
{
    for (int64_t i = 0; i < pane->count; i++)
        windows->parts[pane->events[i].partition].held--;
}

/* m of the open window, modulo 2^64: it may lie past the last event that there can be. */
static int64_t middle_of_open(const struct windows *windows)
{
    uint64_t window_ms = (uint64_t)windows->config.window_ms;
    return (int64_t)((uint64_t)windows->config.t0_ms + (uint64_t)windows->open * window_ms +
                     window_ms / 2);
}

void windows_close(struct windows *windows, struct closed_window *closed)
{
    assert(windows_can_close(windows));
    bool passed = all_passed(windows);
    windows->provisional = windows->provisional || !passed;
    struct pane *pane = panes_find(windows->panes, windows->open);
    int64_t events = pane ? pane->count : 0;
    struct rates_result rates = rates_next(windows->rates, windows->open, middle_of_open(windows),
                                           pane ? pane->events : NULL, events);
    if (pane)
        release_held(windows, pane);
    *closed = (struct closed_window){
        .window = windows->open,
        .end_ms = clamp_to_int64(windows->config.t0_ms +
                                 ((__int128)windows->open + 1) * windows->config.window_ms),
        .provisional = windows->provisional,
        .complete = all_heard(windows),
        .heat_count = rates.heat_count,
        .heat = rates.heat,
        .events = events,
        .missing = windows->config.gnx * windows->config.gny - rates.cells_heard,
        .dead = windows->dead_since_close,
    };
    panes_drop(windows->panes, windows->open);
    windows->dead_since_close = 0;
    windows->open++;
}

int64_t windows_dead_letters(struct windows *windows, const struct dead_letter **letters,
                             const uint8_t **bytes)
{
    letters_sort(&windows->letters);
    *letters = windows->letters.list;
    *bytes = windows->letters.bytes.data;
    return windows->letters.count;
}

void windows_clear_dead_letters(struct windows *windows)
{
    for (int64_t i = 0; i < windows->letters.count; i++)
        windows->parts[windows->letters.list[i].partition].held--;
    letters_clear(&windows->letters);
}
