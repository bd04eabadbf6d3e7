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
        windows_follow_clock(windows, part);
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
    event_scratch_release(&windows->scratch);
    rates_destroy(windows->rates);
    letters_release(&windows->letters);
    free(windows);
}

void windows_follow_clock(const struct windows *windows, struct partition *part)
{
    const struct windows_config *config = &windows->config;
    __int128 mx_ms = clock_time_ms(part->clock);
    part->passed = floor_div(mx_ms - config->t0_ms - config->disorder_ms, config->window_ms);
    part->believed_ms = clamp_to_int64(mx_ms + config->jump_ms);
}

bool windows_wants(const struct windows *windows, int partition)
{
    const struct partition *part = &windows->parts[partition];
    return !part->finished && part->passed <= windows->open;
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
