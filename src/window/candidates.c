#include "window/candidates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

struct held {
    struct record record; /* key and value are owned copies, one allocation at `raw` */
    uint8_t *raw;
    int64_t ordinary_before; /* ordinary records of the partition when it came */
};

struct candidates {
    int64_t jump_ms, expiry;
    int sensors;
    struct held *held; /* in order of offset */
    int64_t count, capacity;
    int64_t ordinary;    /* records that were near enough, since the beginning */
    int64_t row;         /* length of the row that the last record ends */
    int64_t row_time_ms; /* of that record */
    int64_t in_doubt;
    struct held *taken; /* confirmed or expired, until the next call */
    struct record *confirmed;
    int64_t taken_count, taken_capacity, confirmed_capacity;
    int64_t *order; /* scratch: times of held records */
    int64_t order_capacity;
    int64_t *distinct;
};

struct candidates *candidates_create(int64_t jump_ms, int sensors, int64_t expiry)
{
    assert(sensors >= 2 && expiry >= CANDIDATES_ROW);
    struct candidates *candidates = memory_zeroed(1, sizeof *candidates);
    candidates->jump_ms = jump_ms;
    candidates->sensors = sensors;
    candidates->expiry = expiry;
    candidates->distinct = memory_zeroed(sensors, sizeof *candidates->distinct);
    return candidates;
}

static void release_taken(struct candidates *candidates)
{
    for (int64_t i = 0; i < candidates->taken_count; i++)
        free(candidates->taken[i].raw);
    candidates->taken_count = 0;
}

void candidates_destroy(struct candidates *candidates)
{
    if (!candidates)
        return;
    release_taken(candidates);
    for (int64_t i = 0; i < candidates->count; i++)
        free(candidates->held[i].raw);
    free(candidates->held);
    free(candidates->taken);
    free(candidates->confirmed);
    free(candidates->order);
    free(candidates->distinct);
    free(candidates);
}

int64_t candidates_held(const struct candidates *candidates)
{
    return candidates->count;
}

void candidates_clock_moved(struct candidates *candidates)
{
    candidates->in_doubt = 0;
}

static void append(struct candidates *candidates, const struct record *record,
                   int64_t ordinary_before)
{
    candidates->held = memory_grow(candidates->held, &candidates->capacity, candidates->count + 1,
                                   sizeof *candidates->held);
    candidates->order = memory_grow(candidates->order, &candidates->order_capacity,
                                    candidates->count + 1, sizeof *candidates->order);
    size_t key = record->key ? dead_letter_kept(record->key_size) : 0;
    size_t value = record->value ? dead_letter_kept(record->value_size) : 0;
    struct held *held = &candidates->held[candidates->count++];
    *held = (struct held){.record = *record, .ordinary_before = ordinary_before};
    held->raw = memory_block(key + value);
    if (record->key)
        held->record.key = memcpy(held->raw, record->key, key);
    if (record->value)
        held->record.value = memcpy(held->raw + key, record->value, value);
}

static void empty_taken(struct candidates *candidates)
{
    release_taken(candidates);
    candidates->taken = memory_room(candidates->taken, &candidates->taken_capacity,
                                    candidates->count, sizeof *candidates->taken);
    candidates->confirmed = memory_room(candidates->confirmed, &candidates->confirmed_capacity,
                                        candidates->count, sizeof *candidates->confirmed);
}

/* Moves the held records from index `first` on with times in [low_ms, high_ms] to the taken. */
static void take(struct candidates *candidates, int64_t first, int64_t low_ms, int64_t high_ms)
{
    empty_taken(candidates);
    int64_t kept = 0;
    for (int64_t i = 0; i < candidates->count; i++) {
        struct held *held = &candidates->held[i];
        if (i < first || held->record.time_ms < low_ms || held->record.time_ms > high_ms) {
            candidates->held[kept++] = *held;
            continue;
        }
        candidates->confirmed[candidates->taken_count] = held->record;
        candidates->taken[candidates->taken_count++] = *held;
    }
    candidates->count = kept;
}

/* Distinct sensors among held records first.. with times in [low_ms, high_ms], counted up to
 * `limit`. */
static int count_sensors(const struct candidates *candidates, int64_t low_ms, int64_t high_ms,
                         int64_t first, int limit)
{
    int found = 0;
    for (int64_t i = first; i < candidates->count && found < limit; i++) {
        const struct record *record = &candidates->held[i].record;
        if (record->time_ms < low_ms || record->time_ms > high_ms)
            continue;
        int known = 0;
        while (known < found && candidates->distinct[known] != record->sensor)
            known++;
        if (known == found)
            candidates->distinct[found++] = record->sensor;
    }
    return found;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t median_step_ms(const struct candidates *candidates)
{
    int64_t steps = candidates->count - 1;
    if (steps < 1)
        return 0;
    for (int64_t i = 0; i < steps; i++) {
        const struct held *held = &candidates->held[i];
        __int128 step = (__int128)held[1].record.time_ms - held[0].record.time_ms;
        candidates->order[i] = clamp_to_int64(step < 0 ? -step : step);
    }
    qsort(candidates->order, (size_t)steps, sizeof *candidates->order, compare_times);
    return candidates->order[(steps - 1) / 2];
}

int64_t candidates_in_doubt(const struct candidates *candidates, int64_t *step_ms)
{
    if (step_ms)
        *step_ms = median_step_ms(candidates);
    return candidates->in_doubt;
}

/* The first cluster that holds time_ms and enough sensors; *from_ms is its c. */
static bool find_cluster(struct candidates *candidates, int64_t time_ms, int needed,
                         int64_t *from_ms)
{
    int64_t low_ms = clamp_to_int64((__int128)time_ms - candidates->jump_ms);
    int64_t high_ms = clamp_to_int64((__int128)time_ms + candidates->jump_ms);
    if (count_sensors(candidates, low_ms, high_ms, 0, needed) < needed)
        return false;
    int64_t times = 0;
    for (int64_t i = 0; i < candidates->count; i++) {
        int64_t held_ms = candidates->held[i].record.time_ms;
        if (held_ms >= low_ms && held_ms <= time_ms)
            candidates->order[times++] = held_ms;
    }
    qsort(candidates->order, (size_t)times, sizeof *candidates->order, compare_times);
    for (int64_t i = 0; i < times; i++) {
        *from_ms = candidates->order[i];
        int64_t to_ms = clamp_to_int64((__int128)*from_ms + candidates->jump_ms);
        bool repeated = i > 0 && candidates->order[i - 1] == *from_ms;
        if (!repeated && count_sensors(candidates, *from_ms, to_ms, 0, needed) == needed)
            return true;
    }
    return false;
}

static int row_sensors(const struct candidates *candidates, int limit)
{
    int64_t first = candidates->count - CANDIDATES_ROW;
    return count_sensors(candidates, INT64_MIN, INT64_MAX, first, limit);
}

/* How many of the last held records a row confirms, 0: none. */
static int64_t find_row(const struct candidates *candidates, int quorum)
{
    if (candidates->row >= CANDIDATES_ROW && row_sensors(candidates, quorum) >= quorum)
        return CANDIDATES_ROW;
    return candidates->row >= candidates->expiry ? candidates->expiry : 0;
}

static void extend_row(struct candidates *candidates, int64_t time_ms)
{
    __int128 step = (__int128)time_ms - candidates->row_time_ms;
    bool near = step <= candidates->jump_ms && step >= -(__int128)candidates->jump_ms;
    candidates->row = candidates->row > 0 && near ? candidates->row + 1 : 1;
    candidates->row_time_ms = time_ms;
}

int64_t candidates_hold(struct candidates *candidates, const struct record *record, int quorum,
                        const struct record **confirmed)
{
    append(candidates, record, candidates->ordinary);
    extend_row(candidates, record->time_ms);
    candidates->in_doubt++;
    int pair = quorum > 2 ? quorum : 2;
    int needed = pair < candidates->sensors ? pair : candidates->sensors;
    int64_t from_ms, row;
    if (find_cluster(candidates, record->time_ms, needed, &from_ms))
        take(candidates, 0, from_ms, clamp_to_int64((__int128)from_ms + candidates->jump_ms));
    else if ((row = find_row(candidates, quorum)) > 0)
        take(candidates, candidates->count - row, INT64_MIN, INT64_MAX);
    else
        return 0;
    candidates->row = 0;
    *confirmed = candidates->confirmed;
    return candidates->taken_count;
}

void candidates_note_ordinary(struct candidates *candidates, bool too_late)
{
    candidates->ordinary++;
    if (!too_late)
        candidates->row = 0;
}

const struct record *candidates_expire(struct candidates *candidates)
{
    if (candidates->count == 0)
        return NULL;
    const struct held *oldest = &candidates->held[0];
    bool outlived = candidates->ordinary - oldest->ordinary_before >= candidates->expiry;
    if (!outlived && candidates->count <= candidates->expiry)
        return NULL;
    empty_taken(candidates);
    candidates->taken[0] = *oldest;
    candidates->confirmed[0] = oldest->record;
    candidates->taken_count = 1;
    candidates->count--;
    candidates->row = min_int64(candidates->row, candidates->count);
    memmove(candidates->held, candidates->held + 1,
            (size_t)candidates->count * sizeof *candidates->held);
    return &candidates->confirmed[0];
}

static void held_save(const struct held *held, struct buffer *state)
{
    const struct record *record = &held->record;
    buffer_put_i64(state, held->ordinary_before);
    buffer_put_i64(state, record->offset);
    buffer_put_i64(state, record->time_ms);
    buffer_put_i64(state, record->cell);
    buffer_put_i64(state, record->sensor);
    buffer_put_f64(state, record->rate);
    buffer_put_u8(state, (uint8_t)((record->key != NULL) | (record->value != NULL) << 1));
    buffer_put_i64(state, (int64_t)record->key_size);
    buffer_put_i64(state, (int64_t)record->value_size);
    buffer_put_bytes(state, record->key, record->key ? dead_letter_kept(record->key_size) : 0);
    buffer_put_bytes(state, record->value,
                     record->value ? dead_letter_kept(record->value_size) : 0);
}

void candidates_save(const struct candidates *candidates, struct buffer *state)
{
    buffer_put_i64(state, candidates->ordinary);
    buffer_put_i64(state, candidates->row);
    buffer_put_i64(state, candidates->row_time_ms);
    buffer_put_i64(state, candidates->in_doubt);
    buffer_put_i64(state, candidates->count);
    for (int64_t i = 0; i < candidates->count; i++)
        held_save(&candidates->held[i], state);
}

/* A saved length must be that of the bytes kept of it. */
static bool get_raw(struct buffer_reader *state, bool present, size_t size, const uint8_t **bytes)
{
    size_t kept;
    const uint8_t *raw = buffer_get_bytes(state, &kept);
    *bytes = present ? raw : NULL;
    return !state->failed && kept == (present ? dead_letter_kept(size) : 0);
}

static bool held_load(struct candidates *candidates, struct buffer_reader *state, int partition,
                      int64_t cells)
{
    struct record record = {.verdict = FATE_ON_TIME, .partition = partition, .has_time = true};
    int64_t ordinary_before = buffer_get_tally(state);
    record.offset = buffer_get_i64(state);
    record.time_ms = buffer_get_i64(state);
    record.cell = buffer_get_i64(state);
    record.sensor = buffer_get_i64(state);
    record.rate = buffer_get_f64(state);
    uint8_t present = buffer_get_u8(state);
    record.key_size = (size_t)buffer_get_tally(state);
    record.value_size = (size_t)buffer_get_tally(state);
    if (!get_raw(state, present & 1, record.key_size, &record.key) ||
        !get_raw(state, present & 2, record.value_size, &record.value))
        return false;
    if (record.cell < 0 || record.cell >= cells || ordinary_before > candidates->ordinary)
        return false;
    append(candidates, &record, ordinary_before);
    return true;
}

enum status candidates_load(struct candidates *candidates, struct buffer_reader *state,
                            int partition, int64_t cells, struct error *err)
{
    candidates->ordinary = buffer_get_tally(state);
    candidates->row = buffer_get_tally(state);
    candidates->row_time_ms = buffer_get_i64(state);
    candidates->in_doubt = buffer_get_tally(state);
    int64_t count = buffer_get_count(state, 73);
    bool good = !state->failed && candidates->row <= count && count <= candidates->expiry;
    for (int64_t i = 0; i < count && good; i++)
        good = held_load(candidates, state, partition, cells);
    if (!good)
        return error_set(err, STATUS_BAD_DATA, "the saved candidates of partition %d make no sense",
                         partition);
    return STATUS_OK;
}
