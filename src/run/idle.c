#include "run/idle.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/memory.h"
#include "run/stop.h"
#include "window/advance.h"
#include "window/windows_state.h"

enum { SHORTEST_NAP_MS = 5, LONGEST_NAP_MS = 200 };

struct silence {
    int64_t taken;  /* messages of the partition when it was last seen to move */
    double since_s; /* by stop_clock_s() */
    bool announced;
};

struct idle {
    struct idle_config config;
    struct silence *silences;     /* [partitions] */
    struct journal_idle *entries; /* [partitions], scratch */
    int64_t open_window;
    double opened_s; /* when the open window was first seen open */
};

struct idle *idle_create(const struct idle_config *config)
{
    struct idle *idle = memory_zeroed(1, sizeof *idle);
    idle->config = *config;
    idle->silences = memory_zeroed(config->partitions, sizeof *idle->silences);
    idle->entries = memory_zeroed(config->partitions, sizeof *idle->entries);
    idle->opened_s = stop_clock_s();
    for (int p = 0; p < config->partitions; p++)
        idle->silences[p].since_s = idle->opened_s;
    return idle;
}

void idle_destroy(struct idle *idle)
{
    if (!idle)
        return;
    free(idle->silences);
    free(idle->entries);
    free(idle);
}

int idle_patience_ms(const struct idle *idle)
{
    int64_t patience_ms = min_int64(idle->config.window_ms / 2, idle->config.idle_ms / 4);
    return narrow_to_int(max_int64(SHORTEST_NAP_MS, min_int64(patience_ms, LONGEST_NAP_MS)));
}

static void note_movement(struct idle *idle, double now_s)
{
    for (int p = 0; p < idle->config.partitions; p++) {
        int64_t taken = drain_taken(idle->config.drain, p);
        if (taken != idle->silences[p].taken)
            idle->silences[p] = (struct silence){.taken = taken, .since_s = now_s};
    }
    int64_t open = windows_open_window(idle->config.windows);
    if (open != idle->open_window)
        idle->opened_s = now_s;
    idle->open_window = open;
}

/* True when every partition that holds the open window back has been silent long enough. */
static bool all_blockers_silent(const struct idle *idle, double now_s)
{
    int blockers = 0;
    for (int p = 0; p < idle->config.partitions; p++) {
        if (!windows_wants(idle->config.windows, p))
            continue;
        blockers++;
        if ((now_s - idle->silences[p].since_s) * 1000 < (double)idle->config.idle_ms)
            return false;
    }
    bool nobody_leads = blockers == idle->config.partitions;
    double open_ms = (now_s - idle->opened_s) * 1000;
    return blockers > 0 && (!nobody_leads || open_ms >= (double)idle->config.window_ms);
}

static void announce(struct idle *idle, int p)
{
    if (!idle->silences[p].announced)
        log_warn("partition %d is silent: windows close without it until it speaks again", p);
    idle->silences[p].announced = true;
}

/* Asks where the partition ends now. False when there is more to come, or nobody tells: whether the
 * broker is lost for good is for the reading to say. */
static bool stands_at_end(const struct idle *idle, int p, int64_t *end)
{
    int64_t first;
    struct error unused;
    return source_bounds(idle->config.source, p, &first, end, &unused) == STATUS_OK &&
           drain_position(idle->config.drain, p) >= *end;
}

/* The time-outs with which the open window can close; 0 when some partition it waits for is not
 * silent after all. That one's silence begins anew, so that it is not asked again all the time. */
static int find_timeouts(struct idle *idle)
{
    const struct idle_config *config = &idle->config;
    __int128 past = (__int128)config->t0_ms + config->disorder_ms +
                    ((__int128)idle->open_window + 1) * config->window_ms;
    int count = 0;
    for (int p = 0; p < config->partitions; p++) {
        int64_t end;
        if (!windows_wants(config->windows, p))
            continue;
        if (!stands_at_end(idle, p, &end)) {
            idle->silences[p].since_s = stop_clock_s();
            return 0;
        }
        idle->entries[count++] =
            (struct journal_idle){.partition = p, .before = end, .to_ms = clamp_to_int64(past)};
    }
    return count;
}

static enum status move_clocks(struct idle *idle, int count, struct error *err)
{
    const struct idle_config *config = &idle->config;
    TRY(journal_write_idles(config->journal, idle->entries, count, err));
    TRY(claim_check(config->claim, err)); /* a successor must know all that took effect */
    for (int i = 0; i < count; i++) {
        const struct journal_idle *entry = &idle->entries[i];
        announce(idle, entry->partition);
        windows_add_advance(config->windows, entry->partition, entry->before, entry->to_ms);
        windows_reach(config->windows, entry->partition, entry->before);
    }
    return STATUS_OK;
}

enum status idle_check(struct idle *idle, bool *moved, struct error *err)
{
    double now_s = stop_clock_s();
    *moved = false;
    note_movement(idle, now_s);
    if (!all_blockers_silent(idle, now_s))
        return STATUS_OK;
    int count = find_timeouts(idle);
    if (count == 0)
        return STATUS_OK;
    TRY(move_clocks(idle, count, err));
    *moved = true;
    return STATUS_OK;
}
