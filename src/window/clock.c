#include "window/clock.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

struct leader { /* a sensor whose newest time is beyond mx */
    int64_t sensor, newest_ms;
    bool spoke; /* in the current block */
};

struct sensor_set { /* the first sensors heard in a block, at most 2K */
    int64_t *sensors;
    int count;
};

struct clock {
    int64_t mx_ms;
    int needed; /* K */
    int64_t expiry, heard_in_block;
    int quorum;             /* q of the sensors remembered */
    struct leader *leaders; /* newest first; at most K */
    int leader_count;
    struct sensor_set current, previous;
};

struct clock *clock_create(int sensors, int64_t expiry, int64_t start_ms)
{
    assert(sensors >= 2 && expiry >= 1);
    struct clock *clock = memory_zeroed(1, sizeof *clock);
    clock->mx_ms = start_ms;
    clock->needed = sensors;
    clock->expiry = expiry;
    clock->leaders = memory_zeroed((int64_t)sensors + 1, sizeof *clock->leaders);
    clock->current.sensors = memory_zeroed(2 * (int64_t)sensors, sizeof(int64_t));
    clock->previous.sensors = memory_zeroed(2 * (int64_t)sensors, sizeof(int64_t));
    return clock;
}

void clock_destroy(struct clock *clock)
{
    if (!clock)
        return;
    free(clock->leaders);
    free(clock->current.sensors);
    free(clock->previous.sensors);
    free(clock);
}

int64_t clock_time_ms(const struct clock *clock)
{
    return clock->mx_ms;
}

static bool set_has(const struct sensor_set *set, int64_t sensor)
{
    for (int i = 0; i < set->count; i++)
        if (set->sensors[i] == sensor)
            return true;
    return false;
}

static int count_quorum(const struct clock *clock)
{
    int limit = 2 * clock->needed;
    int remembered = clock->current.count;
    for (int i = 0; i < clock->previous.count && remembered < limit; i++)
        remembered += !set_has(&clock->current, clock->previous.sensors[i]);
    int half = (remembered + 1) / 2;
    return half < clock->needed ? half : clock->needed;
}

int clock_quorum(const struct clock *clock)
{
    return clock->quorum;
}

static void remember(struct clock *clock, int64_t sensor)
{
    if (set_has(&clock->current, sensor))
        return;
    clock->current.sensors[clock->current.count++] = sensor;
    clock->quorum = count_quorum(clock);
}

static void leaders_remove(struct clock *clock, int index)
{
    clock->leader_count--;
    for (int i = index; i < clock->leader_count; i++)
        clock->leaders[i] = clock->leaders[i + 1];
}

static void leaders_insert(struct clock *clock, struct leader leader)
{
    int at = clock->leader_count++;
    for (; at > 0 && clock->leaders[at - 1].newest_ms < leader.newest_ms; at--)
        clock->leaders[at] = clock->leaders[at - 1];
    clock->leaders[at] = leader;
}

static void leaders_hear(struct clock *clock, int64_t sensor, int64_t time_ms)
{
    int known = 0;
    while (known < clock->leader_count && clock->leaders[known].sensor != sensor)
        known++;
    if (known < clock->leader_count) {
        clock->leaders[known].spoke = true;
        if (time_ms <= clock->leaders[known].newest_ms)
            return;
        leaders_remove(clock, known);
    } else if (time_ms <= clock->mx_ms) {
        return;
    }
    leaders_insert(clock, (struct leader){.sensor = sensor, .newest_ms = time_ms, .spoke = true});
}

bool clock_jump(struct clock *clock, int64_t time_ms)
{
    if (time_ms <= clock->mx_ms)
        return false;
    clock->mx_ms = time_ms;
    while (clock->leader_count > 0 &&
           clock->leaders[clock->leader_count - 1].newest_ms <= clock->mx_ms)
        clock->leader_count--;
    return true;
}

static bool advance(struct clock *clock)
{
    int q = clock->quorum;
    return clock->leader_count >= q && clock_jump(clock, clock->leaders[q - 1].newest_ms);
}

static void end_block(struct clock *clock)
{
    struct sensor_set spoken = clock->current;
    clock->current = clock->previous;
    clock->current.count = 0;
    clock->previous = spoken;
    clock->heard_in_block = 0;
    for (int i = clock->leader_count - 1; i >= 0; i--)
        if (!clock->leaders[i].spoke)
            leaders_remove(clock, i);
    for (int i = 0; i < clock->leader_count; i++)
        clock->leaders[i].spoke = false;
    clock->quorum = count_quorum(clock);
}

/* Apart, so that what is usual saves no registers for it. */
static __attribute__((noinline)) bool hear(struct clock *clock, int64_t sensor, int64_t time_ms)
{
    bool moved = false;
    if (clock->current.count < 2 * clock->needed)
        remember(clock, sensor);
    if (time_ms > clock->mx_ms || clock->leader_count > 0) {
        leaders_hear(clock, sensor, time_ms);
        moved = clock->leader_count > 0 && advance(clock);
    }
    if (++clock->heard_in_block == clock->expiry)
        end_block(clock);
    return moved;
}

bool clock_hear(struct clock *clock, int64_t sensor, int64_t time_ms)
{
    bool usual = time_ms <= clock->mx_ms && clock->leader_count == 0 &&
                 clock->current.count == 2 * clock->needed &&
                 clock->heard_in_block + 1 < clock->expiry;
    if (!usual)
        return hear(clock, sensor, time_ms);
    clock->heard_in_block++;
    return false;
}

static void set_save(const struct sensor_set *set, struct buffer *state)
{
    buffer_put_i64(state, set->count);
    for (int i = 0; i < set->count; i++)
        buffer_put_i64(state, set->sensors[i]);
}

void clock_save(const struct clock *clock, struct buffer *state)
{
    buffer_put_i64(state, clock->mx_ms);
    buffer_put_i64(state, clock->heard_in_block);
    buffer_put_i64(state, clock->leader_count);
    for (int i = 0; i < clock->leader_count; i++) {
        buffer_put_i64(state, clock->leaders[i].sensor);
        buffer_put_i64(state, clock->leaders[i].newest_ms);
        buffer_put_u8(state, clock->leaders[i].spoke);
    }
    set_save(&clock->current, state);
    set_save(&clock->previous, state);
}

static bool set_load(struct sensor_set *set, int limit, struct buffer_reader *state)
{
    int64_t count = buffer_get_count(state, sizeof(int64_t));
    if (state->failed || count > limit)
        return false;
    set->count = (int)count;
    for (int i = 0; i < set->count; i++)
        set->sensors[i] = buffer_get_i64(state);
    return !state->failed;
}

/* What leaders_hear and advance leave: newest first, each beyond mx, and once. */
static bool leader_is_sound(const struct clock *clock, int index)
{
    const struct leader *leader = &clock->leaders[index];
    bool sound = leader->newest_ms > clock->mx_ms;
    for (int i = 0; i < index; i++)
        sound = sound && clock->leaders[i].sensor != leader->sensor;
    return sound && (index == 0 || leader[-1].newest_ms >= leader->newest_ms);
}

enum status clock_load(struct clock *clock, struct buffer_reader *state, struct error *err)
{
    clock->mx_ms = buffer_get_i64(state);
    clock->heard_in_block = buffer_get_i64(state);
    int64_t leaders = buffer_get_count(state, 17);
    bool good = !state->failed && leaders < clock->needed && clock->heard_in_block >= 0 &&
                clock->heard_in_block < clock->expiry;
    clock->leader_count = good ? (int)leaders : 0;
    for (int i = 0; i < clock->leader_count; i++) {
        clock->leaders[i].sensor = buffer_get_i64(state);
        clock->leaders[i].newest_ms = buffer_get_i64(state);
        clock->leaders[i].spoke = buffer_get_u8(state);
        good = good && leader_is_sound(clock, i);
    }
    good = good && set_load(&clock->current, 2 * clock->needed, state) &&
           set_load(&clock->previous, 2 * clock->needed, state);
    if (!good)
        return error_set(err, STATUS_BAD_DATA, "the saved clock of a partition makes no sense");
    clock->quorum = count_quorum(clock);
    return STATUS_OK;
}
