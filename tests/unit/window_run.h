/* A scene run through the window room, and what the run tells, as bytes. */
#ifndef HEATSTREAM_TESTS_WINDOW_RUN_H
#define HEATSTREAM_TESTS_WINDOW_RUN_H

#include <string.h>

#include "unit.h"
#include "window_scene.h"

#include "base/arith.h"
#include "window/advance.h"
#include "window/replay.h"
#include "window/windows_state.h"

/* A window as it was last published. */
struct frame {
    struct closed_window closed; /* without its heat */
    struct buffer heat;
};

/* Two runs agree when their bytes and their saved states do. */
struct outcome {
    struct buffer bytes;
    struct frame *frames; /* [windows] */
    int64_t windows, room;
    uint64_t states; /* of what was saved after every few closes */
    int64_t revised, restarts_with_late;
};

static void outcome_release(struct outcome *outcome)
{
    for (int64_t w = 0; w < outcome->windows; w++)
        buffer_release(&outcome->frames[w].heat);
    free(outcome->frames);
    buffer_release(&outcome->bytes);
}

static struct frame *frame_of(struct outcome *outcome, int64_t window)
{
    if (window < outcome->windows)
        return &outcome->frames[window];
    CU_ASSERT_EQUAL_FATAL(window, outcome->windows);
    if (outcome->windows == outcome->room) {
        outcome->room = 2 * outcome->room + 64;
        outcome->frames = realloc(outcome->frames, (size_t)outcome->room * sizeof *outcome->frames);
        CU_ASSERT_PTR_NOT_NULL_FATAL(outcome->frames);
    }
    outcome->frames[outcome->windows] = (struct frame){0};
    return &outcome->frames[outcome->windows++];
}

static void tell_letters(struct windows *windows, struct buffer *out)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    size_t size;
    int64_t count = windows_dead_letters(windows, &letters, &bytes, &size);
    buffer_put_i64(out, count);
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_FATAL(letters[i].value_at + (size_t)letters[i].value_bytes <= size);
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
            CU_ASSERT_FATAL(ledger->fates[fate] >= 0);
            sum += ledger->fates[fate];
            buffer_put_i64(out, ledger->fates[fate]);
        }
        CU_ASSERT_EQUAL_FATAL(sum, ledger->next_offset);
    }
}

/* The same bytes from the window room and from the model. */
static void tell_window(const struct closed_window *closed, struct buffer *out)
{
    buffer_put_i64(out, (int64_t)closed->kind);
    buffer_put_i64(out, closed->window);
    buffer_put_i64(out, closed->revision);
    buffer_put_i64(out, closed->end_ms);
    buffer_put_i64(out, closed->provisional + 2 * closed->complete);
    buffer_put_i64(out, closed->events);
    buffer_put_i64(out, closed->late);
    buffer_put_i64(out, closed->missing);
    buffer_put_i64(out, closed->dead);
    buffer_put_i64(out, closed->heat_count);
    buffer_append(out, closed->heat, (size_t)closed->heat_count * sizeof *closed->heat);
}

static bool same_bytes(const struct buffer *a, const struct buffer *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* What is told again is what was published last. */
static void check_replay(const struct closed_window *closed, struct outcome *outcome)
{
    struct frame *frame = frame_of(outcome, closed->window);
    struct closed_window published = frame->closed;
    published.kind = CLOSE_REPLAY;
    published.heat = (const void *)frame->heat.data;
    struct buffer now = {0}, before = {0};
    tell_window(closed, &now);
    tell_window(&published, &before);
    CU_ASSERT_FATAL(same_bytes(&now, &before));
    buffer_release(&now);
    buffer_release(&before);
}

static void publish(const struct closed_window *closed, struct outcome *outcome)
{
    struct frame *frame = frame_of(outcome, closed->window);
    CU_ASSERT_EQUAL_FATAL(closed->revision,
                          closed->kind == CLOSE_NEW ? 0 : frame->closed.revision + 1);
    frame->closed = *closed;
    buffer_clear(&frame->heat);
    buffer_append(&frame->heat, closed->heat, (size_t)closed->heat_count * sizeof *closed->heat);
}

static void mix_state(struct windows *windows, struct outcome *outcome)
{
    struct buffer state = {0};
    windows_save(windows, &state);
    for (size_t i = 0; i < state.size; i++)
        outcome->states = (outcome->states ^ state.data[i]) * 0x100000001b3u;
    buffer_release(&state);
}

/* A whole close: windows told again in order, then the open one. */
static void close_one(const struct scene *scene, struct windows *windows, struct outcome *outcome)
{
    struct closed_window closed;
    int64_t open = windows_open_window(windows), before = -1;
    do {
        CU_ASSERT_FATAL(windows_can_close(windows));
        windows_close(windows, &closed);
        CU_ASSERT_FATAL(before < 0 || closed.window == before + 1);
        before = closed.window;
        tell_window(&closed, &outcome->bytes);
        if (closed.kind == CLOSE_REPLAY)
            check_replay(&closed, outcome);
        else
            publish(&closed, outcome);
        outcome->revised += closed.kind == CLOSE_REVISED;
    } while (closed.kind != CLOSE_NEW);
    CU_ASSERT_EQUAL_FATAL(closed.window, open);
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    if (closed.window % 8 == 0)
        mix_state(windows, outcome);
}

/* A new object from the saved state of this one: the same to the last byte, and it tells the closed
 * windows as they were told last. */
static struct windows *restarted(const struct scene *scene, struct windows *windows,
                                 struct outcome *outcome, uint64_t *random)
{
    static const int64_t from[MAX_PARTITIONS];
    struct buffer state = {0}, again = {0};
    struct error err;
    windows_save(windows, &state);
    windows_destroy(windows);
    windows = windows_create(&scene->config, from);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL_FATAL(windows_load(windows, &reader, &err), STATUS_OK);
    CU_ASSERT_EQUAL(reader.position, state.size);
    int64_t first = windows_first_replayable(windows);
    for (int64_t w = first; w < outcome->windows && below(random, 2 * outcome->windows) > 0; w++) {
        struct closed_window closed;
        windows_replay(windows, w, &closed);
        check_replay(&closed, outcome);
    }
    windows_save(windows, &again);
    CU_ASSERT_FATAL(same_bytes(&state, &again));
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

static int64_t sum_of_fate(const struct scene *scene, const struct windows *windows, enum fate fate)
{
    int64_t sum = 0;
    for (int p = 0; p < scene->config.partitions; p++)
        sum += windows_ledger(windows, p)->fates[fate];
    return sum;
}

static void run_scene(const struct scene *scene, uint64_t seed, bool restarts,
                      struct outcome *outcome)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct cursor cursor = {{0}, {0}};
    uint64_t random = seed;
    int64_t late = 0;
    while (!windows_exhausted(windows)) {
        int p = (int)below(&random, scene->config.partitions);
        deliver(scene, windows, p, &cursor, 1 + below(&random, 1 + below(&random, 50)));
        if (restarts && below(&random, 40) == 0) {
            outcome->restarts_with_late += sum_of_fate(scene, windows, FATE_LATE) > late;
            windows = restarted(scene, windows, outcome, &random);
            rewind_cursor(scene, windows, &cursor, &random);
        }
        while (windows_can_close(windows)) {
            close_one(scene, windows, outcome);
            late = sum_of_fate(scene, windows, FATE_LATE);
        }
    }
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    windows_destroy(windows);
}

#endif
