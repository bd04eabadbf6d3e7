#include "window/windows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "window/advance.h"
#include "windows_internal.h"

struct rates *windows_make_rates(const struct windows_config *config)
{
    return rates_create(&(struct rates_config){.cells = config->gnx * config->gny,
                                               .estimate = config->estimate,
                                               .span = config->span,
                                               .hold = config->hold,
                                               .gen_scale = config->gen_scale});
}

struct windows *windows_create(const struct windows_config *config, const int64_t *first_offset)
{
    assert(config->partitions > 0 && config->window_ms > 0 && config->snapshot_spacing > 0);
    struct windows *windows = memory_zeroed(1, sizeof *windows);
    windows->config = *config;
    windows->parts = memory_zeroed(config->partitions, sizeof *windows->parts);
    int64_t start_ms = clamp_to_int64((__int128)config->t0_ms + config->disorder_ms);
    for (int p = 0; p < config->partitions; p++) {
        struct partition *part = &windows->parts[p];
        part->clock = clock_create(config->clock_sensors, config->clock_expiry, start_ms);
        part->candidates =
            candidates_create(config->jump_ms, config->clock_sensors, config->clock_expiry);
        part->ledger.first_offset = part->ledger.next_offset = first_offset[p];
    }
    windows->panes = panes_create();
    windows->past = past_create();
    windows->rates = windows_make_rates(config);
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
        buffer_release(&windows->parts[p].gaps);
    }
    free(windows->parts);
    panes_destroy(windows->panes);
    past_destroy(windows->past);
    event_set_release(&windows->scratch);
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
    if (part->advances_done < part->advances.size)
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
    return !windows->closing && all_finished(windows) && !panes_next(windows->panes, INT64_MIN);
}

bool windows_can_close(const struct windows *windows)
{
    for (int p = 0; p < windows->config.partitions; p++)
        if (windows_wants(windows, p))
            return false;
    return !windows_exhausted(windows);
}

int64_t windows_dead_letters(struct windows *windows, const struct dead_letter **letters,
                             const uint8_t **bytes, size_t *size)
{
    letters_sort(&windows->letters);
    *letters = windows->letters.list;
    *bytes = windows->letters.bytes.data;
    *size = windows->letters.bytes.size;
    return windows->letters.count;
}

void windows_clear_dead_letters(struct windows *windows)
{
    for (int64_t i = 0; i < windows->letters.count; i++)
        windows->parts[windows->letters.list[i].partition].held--;
    letters_clear(&windows->letters);
}
