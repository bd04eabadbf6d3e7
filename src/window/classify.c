/* What becomes of one record: steps 1 to 6 of event time. */
#include <assert.h>

#include "base/arith.h"
#include "window/advance.h"
#include "windows_internal.h"

static void refuse(struct windows *windows, struct partition *part, const struct record *record,
                   enum fate reason)
{
    part->ledger.fates[reason]++;
    part->held++;
    windows->dead_since_close++;
    letters_add(&windows->letters, record, reason);
}

static void follow_clock(struct windows *windows, struct partition *part)
{
    windows_follow_clock(windows, part);
    part->heard = part->passed;
    candidates_clock_moved(part->candidates);
}

/* The window of a time at or after t0, without a division where it is that of the event before. */
static int64_t window_of(struct windows *windows, int64_t time_ms)
{
    const struct windows_config *config = &windows->config;
    uint64_t since_ms = (uint64_t)time_ms - (uint64_t)config->t0_ms;
    if (since_ms < windows->recent_since_ms ||
        since_ms - windows->recent_since_ms >= (uint64_t)config->window_ms) {
        windows->recent = event_window(time_ms, config->t0_ms, config->window_ms);
        windows->recent_since_ms = (uint64_t)windows->recent * (uint64_t)config->window_ms;
    }
    return windows->recent;
}

/* Step 5: on time, late or too late. False when it is too late. */
static bool file_event(struct windows *windows, struct partition *part, const struct record *record)
{
    const struct windows_config *config = &windows->config;
    int64_t window = window_of(windows, record->time_ms);
    enum fate fate = FATE_ON_TIME;
    uint32_t tag = (uint32_t)record->sensor & EVENT_SENSOR;
    if (window < windows->open) {
        if (window < windows->open - config->horizon_windows) {
            refuse(windows, part, record, FATE_TOO_LATE);
            return false;
        }
        fate = FATE_LATE;
        tag |= EVENT_LATE | EVENT_WAITING;
    }
    part->ledger.fates[fate]++;
    part->held++;
    *panes_add(windows->panes, window) = (struct event){.time_ms = record->time_ms,
                                                        .offset = record->offset,
                                                        .cell = record->cell,
                                                        .rate = record->rate,
                                                        .partition = record->partition,
                                                        .tag = tag};
    return true;
}

/* Steps 5 and 6: a record near enough to the clock, or a jump that was confirmed. */
static void classify(struct windows *windows, struct partition *part, const struct record *record)
{
    bool too_late = !file_event(windows, part, record);
    candidates_note_ordinary(part->candidates, too_late);
    if (clock_hear(part->clock, record->sensor, record->time_ms))
        follow_clock(windows, part);
}

static enum status check_gap(const struct windows *windows, const struct partition *part,
                             const struct record *earliest, struct error *err)
{
    int64_t limit = windows->config.max_gap_windows;
    __int128 gap_ms = (__int128)earliest->time_ms - clock_time_ms(part->clock);
    if (limit == 0 || gap_ms <= (__int128)limit * windows->config.window_ms)
        return STATUS_OK;
    return error_set(
        err, STATUS_BAD_DATA,
        "partition %d: its sensors agree on a jump from %lld ms to %lld ms at offset %lld, "
        "more than stream.max_gap_windows = %lld windows: clocks that were set anew, or a "
        "real gap? --accept-gap steps through it",
        earliest->partition, (long long)clock_time_ms(part->clock), (long long)earliest->time_ms,
        (long long)earliest->offset, (long long)limit);
}

static enum status confirm(struct windows *windows, struct partition *part,
                           const struct record *confirmed, int64_t count, struct error *err)
{
    const struct record *earliest = confirmed;
    for (int64_t i = 1; i < count; i++)
        if (confirmed[i].time_ms < earliest->time_ms)
            earliest = &confirmed[i];
    TRY(check_gap(windows, part, earliest, err));
    if (clock_jump(part->clock, earliest->time_ms))
        follow_clock(windows, part);
    part->ledger.fates[FATE_CANDIDATE] -= count;
    for (int64_t i = 0; i < count; i++)
        classify(windows, part, &confirmed[i]);
    return STATUS_OK;
}

/* Step 4: too far ahead to be believed at once. */
static enum status hold_back(struct windows *windows, struct partition *part,
                             const struct record *record, struct error *err)
{
    const struct record *confirmed;
    part->ledger.fates[FATE_CANDIDATE]++;
    int64_t count =
        candidates_hold(part->candidates, record, clock_quorum(part->clock), &confirmed);
    return count > 0 ? confirm(windows, part, confirmed, count, err) : STATUS_OK;
}

static void expire(struct windows *windows, struct partition *part)
{
    for (const struct record *record; (record = candidates_expire(part->candidates));) {
        part->ledger.fates[FATE_CANDIDATE]--;
        refuse(windows, part, record, FATE_FUTURE);
    }
}

static enum status take_good(struct windows *windows, struct partition *part,
                             const struct record *record, struct error *err)
{
    if (record->time_ms > part->believed_ms)
        TRY(hold_back(windows, part, record, err));
    else
        classify(windows, part, record);
    expire(windows, part);
    return STATUS_OK;
}

static enum status judge(struct windows *windows, struct partition *part,
                         const struct record *record, struct error *err)
{
    if (record->verdict != FATE_ON_TIME)
        refuse(windows, part, record, record->verdict);
    else if (record->time_ms < windows->config.t0_ms)
        refuse(windows, part, record, FATE_BEFORE_START);
    else
        return take_good(windows, part, record, err);
    return STATUS_OK;
}

static enum status refuse_more(const struct windows *windows, const struct record *record,
                               struct error *err)
{
    const struct partition *part = &windows->parts[record->partition];
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
    struct partition *part = &windows->parts[record->partition];
    struct ledger *ledger = &part->ledger;
    assert(!part->finished && part->passed <= windows->open);
    if (record->offset < ledger->next_offset) {
        ledger->redelivered++;
        return STATUS_OK;
    }
    ledger->fates[FATE_SKIPPED] += record->offset - ledger->next_offset;
    ledger->next_offset = record->offset + 1;
    TRY(judge(windows, part, record, err));
    if (part->advances_done < part->advances.size)
        windows_reach(windows, record->partition, ledger->next_offset);
    bool fits = part->held <= windows->config.max_open_events;
    return fits ? STATUS_OK : refuse_more(windows, record, err);
}
