#include "window/windows_state.h"

#include <assert.h>
#include <stdio.h>

#include "base/arith.h"
#include "windows_internal.h"

enum { STATE_VERSION = 6 };

int64_t windows_open_window(const struct windows *windows)
{
    return windows->open;
}

const struct ledger *windows_ledger(const struct windows *windows, int partition)
{
    return &windows->parts[partition].ledger;
}

int64_t windows_clock_ms(const struct windows *windows, int partition)
{
    return clock_time_ms(windows->parts[partition].clock);
}

int64_t windows_in_doubt(const struct windows *windows, int partition)
{
    return candidates_in_doubt(windows->parts[partition].candidates, NULL);
}

bool windows_doubt(const struct windows *windows, bool at_end, char *text, size_t size)
{
    int worst = -1;
    int64_t most = 0, step_ms;
    for (int p = 0; p < windows->config.partitions; p++) {
        const struct candidates *candidates = windows->parts[p].candidates;
        int64_t in_doubt = candidates_in_doubt(candidates, NULL);
        bool counts =
            at_end ? candidates_held(candidates) > 0 : in_doubt >= windows->config.clock_expiry;
        if (!counts || (worst >= 0 && in_doubt <= most))
            continue;
        worst = p;
        most = in_doubt;
    }
    if (worst < 0)
        return false;
    (void)candidates_in_doubt(windows->parts[worst].candidates, &step_ms);
    snprintf(text, size,
             "partition %d: %lld records in doubt, steps of %lld ms against jump_ms %lld; raise "
             "window_ms or horizon_windows",
             worst, (long long)most, (long long)step_ms, (long long)windows->config.jump_ms);
    return true;
}

int windows_waits_for(const struct windows *windows, int64_t *behind_ms)
{
    int slowest = -1;
    int64_t least_ms = 0;
    for (int p = 0; p < windows->config.partitions; p++) {
        int64_t time_ms = clock_time_ms(windows->parts[p].clock);
        if (!windows_wants(windows, p) || (slowest >= 0 && time_ms >= least_ms))
            continue;
        slowest = p;
        least_ms = time_ms;
    }
    __int128 closes_at = (__int128)windows->config.t0_ms + windows->config.disorder_ms +
                         ((__int128)windows->open + 1) * windows->config.window_ms;
    *behind_ms = slowest < 0 ? 0 : clamp_to_int64(closes_at - least_ms);
    return slowest;
}

static void partition_save(const struct partition *part, struct buffer *state)
{
    buffer_put_i64(state, part->ledger.first_offset);
    buffer_put_i64(state, part->ledger.next_offset);
    for (int fate = 0; fate < FATE_COUNT; fate++)
        buffer_put_i64(state, part->ledger.fates[fate]);
    buffer_put_i64(state, part->heard);
    clock_save(part->clock, state);
    candidates_save(part->candidates, state);
}

void windows_save(struct windows *windows, struct buffer *state)
{
    assert(!windows->closing);
    buffer_put_i64(state, STATE_VERSION);
    buffer_put_i64(state, windows->config.partitions);
    buffer_put_i64(state, windows->open);
    buffer_put_u8(state, windows->provisional);
    buffer_put_i64(state, windows->dead_since_close);
    for (int p = 0; p < windows->config.partitions; p++)
        partition_save(&windows->parts[p], state);
    past_save(windows->past, state);
    panes_save(windows->panes, windows->config.gnx * windows->config.gny, state);
    letters_save(&windows->letters, state);
}

static bool ledger_adds_up(const struct ledger *ledger)
{
    __int128 sum = ledger->first_offset;
    for (int fate = 0; fate < FATE_COUNT; fate++)
        sum += ledger->fates[fate];
    return sum == ledger->next_offset;
}

static enum status partition_load(struct windows *windows, int p, struct buffer_reader *state,
                                  struct error *err)
{
    struct partition *part = &windows->parts[p];
    part->ledger.first_offset = buffer_get_tally(state);
    part->ledger.next_offset = buffer_get_tally(state);
    for (int fate = 0; fate < FATE_COUNT; fate++)
        part->ledger.fates[fate] = buffer_get_tally(state);
    if (state->failed || !ledger_adds_up(&part->ledger))
        return error_set(err, STATUS_BAD_DATA, "the saved ledger of a partition does not add up");
    part->heard = buffer_get_i64(state);
    TRY(clock_load(part->clock, state, err));
    int64_t cells = windows->config.gnx * windows->config.gny;
    TRY(candidates_load(part->candidates, state, p, cells, err));
    if (part->ledger.fates[FATE_CANDIDATE] != candidates_held(part->candidates))
        return error_set(err, STATUS_BAD_DATA,
                         "the saved ledger of partition %d forgets candidates", p);
    return STATUS_OK;
}

static enum status events_load(struct windows *windows, struct buffer_reader *state,
                               struct error *err)
{
    const struct windows_config *config = &windows->config;
    struct event_limits limits = {.partitions = config->partitions,
                                  .cells = config->gnx * config->gny,
                                  .t0_ms = config->t0_ms,
                                  .window_ms = config->window_ms};
    int64_t first = windows_first_kept(config, windows->open);
    if (!past_load(windows->past, state, first, windows->open, &limits))
        return error_set(err, STATUS_BAD_DATA,
                         "the saved events of the closed windows %lld to %lld make no sense",
                         (long long)first, (long long)windows->open - 1);
    TRY(panes_load(windows->panes, state, windows->open, &limits, err));
    const struct pane *pane = panes_next(windows->panes, INT64_MIN);
    if (pane && pane->window < windows->open - config->horizon_windows)
        return error_set(err, STATUS_BAD_DATA,
                         "a saved late event of window %lld is beyond the horizon of window %lld",
                         (long long)pane->window, (long long)windows->open);
    return STATUS_OK;
}

/* What each partition has that waits for a close; it is not saved. */
static void count_held(struct windows *windows)
{
    int64_t after = INT64_MIN;
    for (const struct pane *pane; (pane = panes_next(windows->panes, after)); after = pane->window)
        for (int64_t i = 0; i < pane->events.count; i++)
            windows->parts[pane->events.events[i].partition].held++;
    for (int64_t i = 0; i < windows->letters.count; i++)
        windows->parts[windows->letters.list[i].partition].held++;
}

enum status windows_load(struct windows *windows, struct buffer_reader *state, struct error *err)
{
    int64_t version = buffer_get_i64(state);
    int64_t partitions = buffer_get_i64(state);
    if (state->failed || version != STATE_VERSION || partitions != windows->config.partitions)
        return error_set(err, STATUS_BAD_DATA,
                         "the saved event-time state is of version %lld for %lld partitions; "
                         "version %d for %d is needed",
                         (long long)version, (long long)partitions, STATE_VERSION,
                         windows->config.partitions);
    windows->open = buffer_get_tally(state);
    windows->provisional = buffer_get_u8(state);
    windows->dead_since_close = buffer_get_tally(state);
    if (state->failed)
        return error_set(err, STATUS_BAD_DATA, "the saved event-time state has no open window");
    for (int p = 0; p < windows->config.partitions; p++) {
        TRY(partition_load(windows, p, state, err));
        windows_follow_clock(windows, &windows->parts[p]);
    }
    TRY(events_load(windows, state, err));
    TRY(letters_load(&windows->letters, state, windows->config.partitions, err));
    count_held(windows);
    return STATUS_OK;
}
