/* What must hold of the readers of a run's records of facts (manifest, journal), of its deck and of
 * the state in a checkpoint, for any bytes at all; abort() where it does not. */
#ifndef HEATSTREAM_TESTS_FUZZ_RECORD_CHECKS_H
#define HEATSTREAM_TESTS_FUZZ_RECORD_CHECKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/durable.h"
#include "base/log.h"
#include "checks.h"
#include "deck/deck.h"
#include "store/journal.h"
#include "store/manifest_write.h"
#include "window/replay.h"
#include "window/windows_state.h"

#include "../../src/run/state.h"

/* A file of this process, made anew. */
static inline const char *check_file_of(const char *name, const void *data, size_t size)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/heatstream-fuzz-%ld.%s", (long)getpid(), name);
    FILE *file = fopen(path, "wbe");
    check_that(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    return path;
}

/* Each line with the CRC that it ought to have, so that what it says is looked at. */
static inline void check_seal_lines(const uint8_t *data, size_t size, struct buffer *lines)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(data + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - data) - at : size - at;
        buffer_append(lines, data + at, length);
        buffer_printf(lines, " #%08x\n", (unsigned)crc32_z(0, data + at, length));
        at += length + 1;
    }
}

/* The bytes as they are when the first is even, else sealed. */
static inline const char *check_log_of(const char *name, const uint8_t *data, size_t size)
{
    static struct buffer lines;
    buffer_clear(&lines);
    log_configure(LOG_ERROR, LOG_HUMAN);
    if (data[0] & 1)
        check_seal_lines(data + 1, size - 1, &lines);
    else
        buffer_append(&lines, data + 1, size - 1);
    return check_file_of(name, lines.data, lines.size);
}

static inline void check_manifest_facts(const struct manifest *manifest)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames);
    for (int64_t i = 0; i < count; i++) {
        const struct manifest_frame *found =
            manifest_find_frame(manifest, frames[i].window, frames[i].revision);
        check_that(found && found >= &frames[i] && found->window == frames[i].window);
        check_that(!manifest_is_last_said(manifest, &frames[i]) || found == &frames[i]);
    }
    const struct manifest_checkpoint *list;
    int checkpoints = manifest_checkpoints(manifest, &list);
    for (int i = 1; i < checkpoints; i++)
        check_that(list[i - 1].window < list[i].window);
}

/* Cut back to any of its checkpoints it is a manifest again, with nothing of later windows. */
static inline void check_manifest_cut(struct manifest *manifest, int64_t window)
{
    struct error err = {""};
    const struct manifest_frame *frames;
    check_that(manifest_cut(manifest, window, &err) == STATUS_OK);
    check_manifest_facts(manifest);
    int64_t count = manifest_frames(manifest, &frames);
    for (int64_t i = 0; i < count; i++)
        check_that(frames[i].window <= window);
}

static inline void check_manifest(const uint8_t *data, size_t size)
{
    struct manifest *manifest;
    struct error err = {""};
    if (size == 0)
        return;
    const char *path = check_log_of("manifest", data, size);
    enum status status = manifest_open(path, data[0] & 2, &manifest, &err);
    check_that(status == STATUS_OK || (status == STATUS_BAD_DATA && err.text[0]));
    if (status == STATUS_OK) {
        const struct manifest_checkpoint *list;
        int count = manifest_checkpoints(manifest, &list);
        check_manifest_facts(manifest);
        if (data[0] & 2)
            check_manifest_cut(manifest, count > 0 ? list[data[0] / 4 % count].window : -1);
        manifest_close(manifest);
    }
    unlink(path);
}

/* What is read when it is opened once more is the same, and goes on from there. */
static inline void check_journal(const uint8_t *data, size_t size)
{
    struct journal *journal;
    struct error err = {""};
    const struct journal_idle *idles;
    int64_t offsets[4], counts[2] = {-1, -1};
    if (size == 0)
        return;
    int partitions = 1 + data[0] / 2 % 4;
    const char *path = check_log_of("journal", data, size);
    enum status status = journal_open(path, partitions, &journal, &err);
    check_that(status == STATUS_OK || (status == STATUS_BAD_DATA && err.text[0]));
    for (int pass = 0; pass < 2 && status == STATUS_OK; pass++) {
        counts[pass] = journal_idles(journal, &idles) + journal_first(journal, offsets) +
                       journal_ends(journal, offsets);
        for (int64_t i = 0; i < journal_idles(journal, &idles); i++)
            check_that(idles[i].partition >= 0 && idles[i].partition < partitions);
        journal_close(journal);
        if (pass == 0)
            check_that(journal_open(path, partitions, &journal, &err) == STATUS_OK);
    }
    check_that(counts[0] == counts[1]);
    unlink(path);
}

/* A deck that loads is printed as one that loads to the same. */
static inline void check_deck(const uint8_t *data, size_t size)
{
    struct deck *deck;
    struct error err = {""};
    struct buffer printed = {0}, again = {0};
    const char *path = check_file_of("yaml", data, size);
    enum status status = deck_load(path, NULL, 0, &deck, &err);
    check_that(status == STATUS_OK || err.text[0]);
    if (status == STATUS_OK) {
        deck_print(deck, &printed);
        deck_destroy(deck);
        path = check_file_of("yaml", printed.data, printed.size);
        check_that(deck_load(path, NULL, 0, &deck, &err) == STATUS_OK);
        deck_print(deck, &again);
        check_that(printed.size == again.size && memcmp(printed.data, again.data, again.size) == 0);
        deck_destroy(deck);
    }
    buffer_release(&printed);
    buffer_release(&again);
    unlink(path);
}

static inline struct windows *check_windows(void)
{
    static const int64_t from[2] = {3, 0};
    struct windows_config config = {.partitions = 2,
                                    .gnx = 4,
                                    .gny = 4,
                                    .window_ms = 10,
                                    .disorder_ms = 5,
                                    .horizon_windows = 4,
                                    .clock_sensors = 2,
                                    .clock_expiry = 20,
                                    .jump_ms = 30,
                                    .max_open_events = 1000,
                                    .span = 2,
                                    .hold = 3,
                                    .gen_scale = 1.0,
                                    .dedup = true,
                                    .snapshot_spacing = 2};
    return windows_create(&config, from);
}

static inline struct record check_record_of(int partition, int64_t offset, uint8_t byte)
{
    return (struct record){.verdict = byte < 250 ? FATE_ON_TIME : FATE_UNDECODABLE,
                           .partition = partition,
                           .offset = offset,
                           .has_time = byte < 250,
                           .time_ms = offset * 2 + byte % 64 - 20,
                           .cell = byte % 16,
                           .sensor = byte % 16,
                           .rate = byte};
}

static inline void check_closes(struct windows *windows)
{
    struct closed_window closed;
    for (int i = 0; i < 16 && windows_can_close(windows); i++) {
        do
            windows_close(windows, &closed);
        while (closed.kind != CLOSE_NEW);
        windows_clear_dead_letters(windows);
    }
}

/* Goes on as a run would: records, closes, and a close told again. */
static inline void check_going_on(struct windows *windows)
{
    struct error err = {""};
    for (int i = 0; i < 64; i++) {
        int p = i % 2;
        int64_t next = windows_ledger(windows, p)->next_offset;
        struct record record = check_record_of(p, next, (uint8_t)(i * 37));
        if (next < INT64_MAX / 4 && windows_wants(windows, p) &&
            windows_take(windows, &record, &err) != STATUS_OK)
            return;
        if (windows_open_window(windows) < INT64_MAX / 1000)
            check_closes(windows);
    }
}

/* What the run keeps beside: taken, it is saved to as many bytes as it was read from. */
static inline void check_run_state(const uint8_t *data, size_t size)
{
    static const struct state_origin origin = {
        .deck_hash = "d", .topic = "t", .cluster_id = "c", .partitions = 2};
    struct error err = {""};
    struct run_state state;
    struct fingerprint fingerprints[2];
    struct buffer saved = {0};
    struct buffer_reader reader = {.data = data, .size = size};
    enum status status = state_load(&reader, &origin, &state, fingerprints, &err);
    check_that(status == STATUS_OK || err.text[0]);
    if (status == STATUS_OK) {
        state_save(&state, &origin, fingerprints, &saved);
        check_that(saved.size == reader.position);
    }
    buffer_release(&saved);
}

/* A state that is accepted is saved as one that is accepted again, to the same bytes. */
static inline void check_state(const uint8_t *data, size_t size)
{
    struct error err = {""};
    struct buffer states[2] = {{0}};
    struct buffer_reader reader = {.data = data, .size = size};
    struct windows *windows = check_windows();
    enum status status = windows_load(windows, &reader, &err);
    check_that(status == STATUS_OK || (status == STATUS_BAD_DATA && err.text[0]));
    for (int pass = 0; pass < 2 && status == STATUS_OK; pass++) {
        windows_save(windows, &states[pass]);
        windows_destroy(windows);
        windows = check_windows();
        reader = (struct buffer_reader){.data = states[pass].data, .size = states[pass].size};
        check_that(windows_load(windows, &reader, &err) == STATUS_OK);
    }
    check_that(states[0].size == states[1].size);
    check_that(states[0].size == 0 || memcmp(states[0].data, states[1].data, states[0].size) == 0);
    if (status == STATUS_OK)
        check_going_on(windows);
    windows_destroy(windows);
    buffer_release(&states[0]);
    buffer_release(&states[1]);
}

#endif
