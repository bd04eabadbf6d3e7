/* Random streams for the window room, and what a run over them tells, as bytes. */
#ifndef HEATSTREAM_TESTS_WINDOW_SCENE_H
#define HEATSTREAM_TESTS_WINDOW_SCENE_H

#include <string.h>

#include "unit.h"

#include "base/arith.h"
#include "window/advance.h"
#include "window/windows_state.h"

enum { NX = 5, NY = 3, MAX_PARTITIONS = 5, MAX_RECORDS = 400 };

enum { MAX_TIMEOUTS = 4 };

/* A partition's messages and the time-outs of its silence, as a journal would have them. */
struct stream {
    struct record records[MAX_RECORDS];
    int count;
    int64_t end;
    int timeouts;
    int64_t before[MAX_TIMEOUTS], to_ms[MAX_TIMEOUTS];
};

struct scene {
    struct windows_config config;
    struct stream streams[MAX_PARTITIONS];
};

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t below(uint64_t *random, int64_t limit)
{
    return (int64_t)(next_random(random) % (uint64_t)limit);
}

static const uint8_t payload[] = "raw bytes of the record";

static struct record random_record(uint64_t *random, const struct windows_config *config,
                                   int64_t now_ms, int64_t cells, bool tame)
{
    struct record record = {.verdict = FATE_ON_TIME, .has_time = true, .value = payload};
    record.value_size = 1 + (size_t)below(random, sizeof payload - 1);
    record.cell = below(random, cells);
    record.sensor = record.cell;
    record.time_ms = now_ms - below(random, config->disorder_ms + 1);
    record.rate = (double)below(random, 1000) / 7.0 - 20.0;
    if (tame)
        return record;
    if (below(random, 12) == 0)
        record.time_ms -= below(random, 40 * config->window_ms);
    if (below(random, 30) == 0)
        record.time_ms += below(random, 10 * config->window_ms);
    if (record.cell == 3 && below(random, 4) == 0)
        record.time_ms += 100 * config->jump_ms + below(random, 1000);
    if (below(random, 15) == 0)
        record.verdict = below(random, 2) ? FATE_UNDECODABLE : FATE_OUT_OF_RANGE;
    return record;
}

static void make_stream(struct stream *stream, uint64_t *random,
                        const struct windows_config *config, int partition, bool tame)
{
    int64_t now_ms = config->t0_ms + config->disorder_ms + below(random, tame ? 50 : 300);
    int64_t offset = below(random, 50), pace_ms = 1 + below(random, 30), cells = NX * NY;
    stream->count = (int)below(random, MAX_RECORDS);
    for (int i = 0; i < stream->count; i++) {
        now_ms += below(random, pace_ms + 1);
        if (!tame && below(random, 150) == 0) { /* a gap, after which fewer sensors may be left */
            now_ms += below(random, 5 * config->jump_ms);
            cells = below(random, 2) ? 1 + below(random, 3) : NX * NY;
        }
        offset += !tame && below(random, 20) == 0 ? 1 + below(random, 5) : 1;
        stream->records[i] = random_record(random, config, now_ms, cells, tame);
        stream->records[i].partition = partition;
        stream->records[i].offset = offset;
    }
    stream->end = offset + 1 + (tame ? 0 : below(random, 3));
    stream->timeouts = tame || !stream->count ? 0 : (int)below(random, MAX_TIMEOUTS + 1);
    for (int i = 0; i < stream->timeouts; i++) {
        int64_t least = i ? stream->before[i - 1] : 0;
        stream->before[i] = least + below(random, stream->end - least + 1);
        stream->to_ms[i] = config->t0_ms + below(random, now_ms - config->t0_ms + 1);
    }
}

static void make_scene(struct scene *scene, uint64_t seed, bool tame)
{
    uint64_t random = seed;
    scene->config = (struct windows_config){
        .partitions = 1 + (int)below(&random, MAX_PARTITIONS),
        .gnx = NX,
        .gny = NY,
        .t0_ms = below(&random, 2000) - 1000,
        .window_ms = 1 + below(&random, 100),
        .disorder_ms = below(&random, 200),
        .horizon_windows = 2,
        .clock_sensors = 2 + (int)below(&random, 3),
        .clock_expiry = 20 + below(&random, seed % 2 ? 100 : 10),
        .max_open_events = 100000,
        .jump_ms = tame ? 1000000 : 50 + below(&random, 400),
        .gen_scale = 1.0 + (double)below(&random, 3),
    };
    scene->config.estimate = (enum estimate)below(&random, ESTIMATE_CUBIC + 1);
    scene->config.span = below(&random, 2) ? 1 : 2 + (int)below(&random, 4);
    scene->config.hold = below(&random, 2) ? 0 : 1 + below(&random, 20);
    for (int p = 0; p < scene->config.partitions; p++)
        make_stream(&scene->streams[p], &random, &scene->config, p, tame);
}

/* Everything a run tells, as bytes: two runs agree when these agree. */
struct outcome {
    struct buffer bytes;
    int64_t windows;
};

static void tell_letters(struct windows *windows, struct buffer *out)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    int64_t count = windows_dead_letters(windows, &letters, &bytes);
    buffer_put_i64(out, count);
    for (int64_t i = 0; i < count; i++) {
        buffer_put_i64(out, letters[i].partition);
        buffer_put_i64(out, letters[i].offset);
        buffer_put_i64(out, (int64_t)letters[i].reason);
        buffer_put_bytes(out, bytes + letters[i].value_at, (size_t)letters[i].value_bytes);
    }
    windows_clear_dead_letters(windows);
}

static void tell_ledgers(const struct scene *scene, const struct windows *windows,
                         struct buffer *out)
{
    for (int p = 0; p < scene->config.partitions; p++) {
        const struct ledger *ledger = windows_ledger(windows, p);
        int64_t sum = ledger->first_offset;
        for (int fate = 0; fate < FATE_COUNT; fate++) {
            sum += ledger->fates[fate];
            buffer_put_i64(out, ledger->fates[fate]);
        }
        CU_ASSERT_EQUAL(sum, ledger->next_offset);
    }
}

static void close_one(const struct scene *scene, struct windows *windows, struct outcome *outcome)
{
    struct closed_window closed;
    windows_close(windows, &closed);
    buffer_put_i64(&outcome->bytes, closed.window);
    buffer_put_i64(&outcome->bytes, closed.provisional + 2 * closed.complete);
    buffer_append(&outcome->bytes, closed.heat, (size_t)closed.heat_count * sizeof *closed.heat);
    buffer_put_i64(&outcome->bytes, closed.events);
    buffer_put_i64(&outcome->bytes, closed.missing);
    buffer_put_i64(&outcome->bytes, closed.dead);
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    outcome->windows++;
}

static struct windows *restarted(const struct scene *scene, struct windows *windows)
{
    static const int64_t from[MAX_PARTITIONS];
    struct buffer state = {0}, again = {0};
    struct error err;
    windows_save(windows, &state);
    windows_destroy(windows);
    windows = windows_create(&scene->config, from);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL_FATAL(windows_load(windows, &reader, &err), STATUS_OK);
    windows_save(windows, &again);
    CU_ASSERT_EQUAL(state.size, again.size);
    CU_ASSERT(state.size == again.size && memcmp(state.data, again.data, state.size) == 0);
    buffer_release(&state);
    buffer_release(&again);
    return windows;
}

/* Time-outs are journaled at the latest when the partition reaches them. */
static void journal_timeouts(const struct scene *scene, struct windows *windows, int p,
                             int *journaled, int64_t reached)
{
    const struct stream *stream = &scene->streams[p];
    for (; *journaled < stream->timeouts && stream->before[*journaled] <= reached; ++*journaled)
        windows_add_advance(windows, p, stream->before[*journaled], stream->to_ms[*journaled]);
    windows_reach(windows, p, reached);
}

/* Where a run stands: the next message of each partition and how many time-outs it has
 * journaled. */
struct cursor {
    int position[MAX_PARTITIONS], journaled[MAX_PARTITIONS];
};

/* Delivers from one partition until it is refused more, its batch is over, or it ends. */
static void deliver(const struct scene *scene, struct windows *windows, int p,
                    struct cursor *cursor, int64_t batch)
{
    struct error err;
    const struct stream *stream = &scene->streams[p];
    int *position = &cursor->position[p];
    while (batch-- > 0 && windows_wants(windows, p)) {
        bool at_end = *position == stream->count;
        int64_t reached = at_end ? stream->end : stream->records[*position].offset;
        journal_timeouts(scene, windows, p, &cursor->journaled[p], reached);
        if (!windows_wants(windows, p))
            return;
        if (at_end) {
            windows_finish(windows, p, stream->end);
            return;
        }
        CU_ASSERT_EQUAL_FATAL(windows_take(windows, &stream->records[(*position)++], &err),
                              STATUS_OK);
    }
}

/* After a restart every time-out journaled before is there from the beginning. */
static void rewind_cursor(const struct scene *scene, struct windows *windows, struct cursor *cursor,
                          uint64_t *random)
{
    for (int p = 0; p < scene->config.partitions; p++) {
        cursor->position[p] = (int)below(random, cursor->position[p] + 1);
        for (int i = 0; i < cursor->journaled[p]; i++)
            windows_add_advance(windows, p, scene->streams[p].before[i],
                                scene->streams[p].to_ms[i]);
    }
}

static void run_scene(const struct scene *scene, uint64_t seed, bool restarts,
                      struct outcome *outcome)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct cursor cursor = {{0}, {0}};
    uint64_t random = seed;
    while (!windows_exhausted(windows)) {
        int p = (int)below(&random, scene->config.partitions);
        deliver(scene, windows, p, &cursor, 1 + below(&random, 1 + below(&random, 50)));
        if (restarts && below(&random, 40) == 0) {
            windows = restarted(scene, windows);
            rewind_cursor(scene, windows, &cursor, &random);
        }
        while (windows_can_close(windows))
            close_one(scene, windows, outcome);
    }
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    windows_destroy(windows);
}

#endif
