/* What becomes of one record: steps 2 to 6 of event time. */
#include "windows_internal.h"

#include "base/arith.h"

static void refuse(struct windows *windows, struct partition *part, const struct record *record,
                   enum fate reason)
{
    part->ledger.fates[reason]++;
    part->held++;
    windows->dead_since_close++;
    letters_add(&windows->letters, record, reason);
}

void windows_note_clock(struct windows *windows, struct partition *part, int64_t before_ms)
{
    if (clock_time_ms(part->clock) == before_ms)
        return;
    windows_update_passed(windows, part);
    part->heard = part->passed;
    candidates_clock_moved(part->candidates);
}

/* Step 5: on time, late or too late. False when it is too late. */
static bool file_event(struct windows *windows, struct partition *part, const struct record *record)
{
    const struct windows_config *config = &windows->config;
    int64_t window = event_window(record->time_ms, config->t0_ms, config->window_ms);
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
    int64_t before_ms = clock_time_ms(part->clock);
    clock_hear(part->clock, record->sensor, record->time_ms);
    windows_note_clock(windows, part, before_ms);
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
    int64_t before_ms = clock_time_ms(part->clock);
    clock_jump(part->clock, earliest->time_ms);
    windows_note_clock(windows, part, before_ms);
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
    __int128 ahead_ms = (__int128)record->time_ms - clock_time_ms(part->clock);
    if (ahead_ms > windows->config.jump_ms)
        TRY(hold_back(windows, part, record, err));
    else
        classify(windows, part, record);
    expire(windows, part);
    return STATUS_OK;
}

enum status windows_classify(struct windows *windows, struct partition *part,
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
