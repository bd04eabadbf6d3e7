#include "store/manifest.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/linelog.h"
#include "base/log.h"

enum { FIRST_SLOTS = 1024 };

struct manifest {
    char path[PATH_MAX];
    struct linelog *log; /* NULL: read only */
    struct buffer frames, checkpoints, epochs;
    struct buffer summary; /* a string, or empty */
    int64_t
        *slots; /* open addressing: 1 + index of the newest frame line of a (window, revision) */
    int64_t slot_count;
    bool finished;
    struct manifest_finish finish;
};

static const struct manifest_frame *frames_of(const struct manifest *manifest)
{
    return (const struct manifest_frame *)(const void *)manifest->frames.data;
}

static struct manifest_checkpoint *checkpoints_of(const struct manifest *manifest)
{
    return (struct manifest_checkpoint *)(void *)manifest->checkpoints.data;
}

int64_t manifest_frames(const struct manifest *manifest, const struct manifest_frame **frames)
{
    *frames = frames_of(manifest);
    return (int64_t)(manifest->frames.size / sizeof **frames);
}

int manifest_checkpoints(const struct manifest *manifest, const struct manifest_checkpoint **list)
{
    *list = checkpoints_of(manifest);
    return (int)(manifest->checkpoints.size / sizeof **list);
}

bool manifest_finished(const struct manifest *manifest, struct manifest_finish *finish)
{
    if (manifest->finished)
        *finish = manifest->finish;
    return manifest->finished;
}

/* The slot that holds (window, revision), or the free one where it belongs. */
static int64_t *find_slot(const struct manifest *manifest, int64_t window, int64_t revision)
{
    uint64_t mixed = ((uint64_t)window * 31 + (uint64_t)revision) * 0x9e3779b97f4a7c15U;
    uint64_t mask = (uint64_t)manifest->slot_count - 1;
    for (uint64_t i = mixed >> 32;; i++) {
        int64_t *slot = &manifest->slots[i & mask];
        if (*slot == 0)
            return slot;
        const struct manifest_frame *frame = &frames_of(manifest)[*slot - 1];
        if (frame->window == window && frame->revision == revision)
            return slot;
    }
}

static void index_frame(struct manifest *manifest, int64_t index)
{
    const struct manifest_frame *frame = &frames_of(manifest)[index];
    *find_slot(manifest, frame->window, frame->revision) = index + 1;
}

static void index_again(struct manifest *manifest, int64_t slot_count)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames);
    free(manifest->slots);
    manifest->slot_count = slot_count;
    manifest->slots = calloc((size_t)slot_count, sizeof *manifest->slots);
    if (!manifest->slots)
        abort(); /* as buffer_reserve() */
    for (int64_t i = 0; i < count; i++)
        index_frame(manifest, i);
}

const struct manifest_frame *manifest_find_frame(const struct manifest *manifest, int64_t window,
                                                 int64_t revision)
{
    int64_t slot = *find_slot(manifest, window, revision);
    return slot ? &frames_of(manifest)[slot - 1] : NULL;
}

static void note_frame(struct manifest *manifest, const struct manifest_frame *frame)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames);
    buffer_append(&manifest->frames, frame, sizeof *frame);
    if (2 * (count + 1) > manifest->slot_count)
        index_again(manifest, 2 * manifest->slot_count);
    else
        index_frame(manifest, count);
}

/* Keeps the list in order of the windows, one entry each. */
static void note_checkpoint(struct manifest *manifest, const struct manifest_checkpoint *entry)
{
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list), at = count;
    while (at > 0 && list[at - 1].window >= entry->window)
        at--;
    if (at == count || list[at].window != entry->window) {
        buffer_append(&manifest->checkpoints, entry, sizeof *entry);
        struct manifest_checkpoint *grown = checkpoints_of(manifest);
        memmove(grown + at + 1, grown + at, (size_t)(count - at) * sizeof *grown);
    }
    checkpoints_of(manifest)[at] = *entry;
}

static void note_finish(struct manifest *manifest, const struct manifest_finish *finish)
{
    manifest->finished = true;
    manifest->finish = *finish;
}

static bool parse_frame(struct manifest *manifest, const char *text)
{
    long long window, revision, row;
    char digest[DIGEST_HEX], stored[DIGEST_HEX];
    int final, end = 0;
    if (sscanf(text, "%lld %lld %lld %32s %32s %d%n", &window, &revision, &row, digest, stored,
               &final, &end) != 6 ||
        text[end])
        return false;
    struct manifest_frame frame = {
        .window = window, .revision = revision, .row = row, .final = final != 0};
    if (!digest_parse(digest, &frame.digest) || !digest_parse(stored, &frame.stored))
        return false;
    note_frame(manifest, &frame);
    return true;
}

static bool parse_checkpoint(struct manifest *manifest, const char *text)
{
    long long window, rows;
    char field[DIGEST_HEX], outflow[DIGEST_HEX], state[DIGEST_HEX];
    int provisional, end = 0;
    if (sscanf(text, "%lld %lld %d %32s %32s %32s%n", &window, &rows, &provisional, field, outflow,
               state, &end) != 6 ||
        text[end])
        return false;
    struct manifest_checkpoint entry = {
        .window = window, .rows = rows, .provisional = provisional != 0};
    if (!digest_parse(field, &entry.seal.field) || !digest_parse(outflow, &entry.seal.outflow) ||
        !digest_parse(state, &entry.seal.state))
        return false;
    note_checkpoint(manifest, &entry);
    return true;
}

static bool parse_finished(struct manifest *manifest, const char *text)
{
    long long window;
    char hex[DIGEST_HEX], how[8];
    struct manifest_finish finish;
    int end = 0;
    if (sscanf(text, "%lld %32s %7s%n", &window, hex, how, &end) != 3 || text[end] ||
        !digest_parse(hex, &finish.digest))
        return false;
    finish.window = window;
    finish.at_end = strcmp(how, "end") == 0;
    if (!finish.at_end && strcmp(how, "limit") != 0)
        return false;
    note_finish(manifest, &finish);
    return true;
}

static bool parse_summary(struct manifest *manifest, const char *text)
{
    buffer_clear(&manifest->summary);
    buffer_append(&manifest->summary, text, strlen(text) + 1);
    return true;
}

const char *manifest_summary(const struct manifest *manifest)
{
    return manifest->summary.size ? (const char *)manifest->summary.data : "";
}

static bool parse_epoch(struct manifest *manifest, const char *text)
{
    buffer_append(&manifest->epochs, text, strlen(text) + 1);
    return true;
}

static enum status visit(void *context, const char *line, struct error *err)
{
    static const struct {
        const char *word;
        bool (*parse)(struct manifest *, const char *);
    } kinds[] = {{"frame ", parse_frame},
                 {"checkpoint ", parse_checkpoint},
                 {"summary ", parse_summary},
                 {"finished ", parse_finished},
                 {"epoch ", parse_epoch}};
    struct manifest *manifest = context;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].word);
        if (strncmp(line, kinds[i].word, length) == 0 && kinds[i].parse(manifest, line + length))
            return STATUS_OK;
    }
    return error_set(err, STATUS_BAD_DATA, "%s: cannot make sense of the line '%.200s'",
                     manifest->path, line);
}

enum status manifest_open(const char *path, bool writable, struct manifest **out, struct error *err)
{
    struct manifest *manifest = calloc(1, sizeof *manifest);
    if (!manifest || strlen(path) >= sizeof manifest->path) {
        free(manifest);
        return error_set(err, STATUS_IO, "opening %s: no memory or path too long", path);
    }
    int64_t torn = 0;
    strcpy(manifest->path, path);
    index_again(manifest, FIRST_SLOTS);
    enum status status = linelog_read(path, visit, manifest, &torn, err);
    if (status == STATUS_OK && torn > 0)
        log_warn("%s ends in a torn line of %lld bytes, as after a crash; it does not count", path,
                 (long long)torn);
    if (status == STATUS_OK && writable)
        status = linelog_open(path, &manifest->log, err);
    if (status != STATUS_OK)
        manifest_close(manifest);
    else
        *out = manifest;
    return status;
}

void manifest_close(struct manifest *manifest)
{
    if (!manifest)
        return;
    linelog_close(manifest->log);
    buffer_release(&manifest->frames);
    buffer_release(&manifest->checkpoints);
    buffer_release(&manifest->epochs);
    buffer_release(&manifest->summary);
    free(manifest->slots);
    free(manifest);
}

static enum status append_frame(struct linelog *log, const struct manifest_frame *frame,
                                struct error *err)
{
    char digest[DIGEST_HEX], stored[DIGEST_HEX];
    digest_hex(frame->digest, digest);
    digest_hex(frame->stored, stored);
    return linelog_append(log, false, err, "frame %lld %lld %lld %s %s %d",
                          (long long)frame->window, (long long)frame->revision,
                          (long long)frame->row, digest, stored, frame->final);
}

static enum status append_checkpoint(struct linelog *log, const struct manifest_checkpoint *entry,
                                     bool sync, struct error *err)
{
    char field[DIGEST_HEX], outflow[DIGEST_HEX], state[DIGEST_HEX];
    digest_hex(entry->seal.field, field);
    digest_hex(entry->seal.outflow, outflow);
    digest_hex(entry->seal.state, state);
    return linelog_append(log, sync, err, "checkpoint %lld %lld %d %s %s %s",
                          (long long)entry->window, (long long)entry->rows, entry->provisional,
                          field, outflow, state);
}

enum status manifest_add_frame(struct manifest *manifest, const struct manifest_frame *frame,
                               struct error *err)
{
    TRY(append_frame(manifest->log, frame, err));
    note_frame(manifest, frame);
    return STATUS_OK;
}

enum status manifest_add_checkpoint(struct manifest *manifest,
                                    const struct manifest_checkpoint *entry, struct error *err)
{
    TRY(append_checkpoint(manifest->log, entry, true, err));
    note_checkpoint(manifest, entry);
    return STATUS_OK;
}

enum status manifest_add_finished(struct manifest *manifest, const struct manifest_finish *finish,
                                  const char *summary, struct error *err)
{
    char hex[DIGEST_HEX];
    digest_hex(finish->digest, hex);
    TRY(linelog_append(manifest->log, false, err, "summary %s", summary));
    (void)parse_summary(manifest, summary);
    TRY(linelog_append(manifest->log, true, err, "finished %lld %s %s", (long long)finish->window,
                       hex, finish->at_end ? "end" : "limit"));
    note_finish(manifest, finish);
    return STATUS_OK;
}

static void drop_after(struct manifest *manifest, int64_t window)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames), kept = 0;
    struct manifest_frame *writable = (struct manifest_frame *)(void *)manifest->frames.data;
    for (int64_t i = 0; i < count; i++)
        if (frames[i].window <= window)
            writable[kept++] = frames[i];
    manifest->frames.size = (size_t)kept * sizeof *frames;
    const struct manifest_checkpoint *list;
    int checkpoints = manifest_checkpoints(manifest, &list);
    while (checkpoints > 0 && list[checkpoints - 1].window > window)
        checkpoints--;
    manifest->checkpoints.size = (size_t)checkpoints * sizeof *list;
    manifest->finished = false;
    buffer_clear(&manifest->summary);
    index_again(manifest, manifest->slot_count);
}

static enum status append_all(const struct manifest *manifest, struct linelog *log,
                              struct error *err)
{
    const char *epochs = (const char *)manifest->epochs.data;
    for (size_t at = 0; at < manifest->epochs.size; at += strlen(epochs + at) + 1)
        TRY(linelog_append(log, false, err, "epoch %s", epochs + at));
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames);
    for (int64_t i = 0; i < count; i++)
        TRY(append_frame(log, &frames[i], err));
    const struct manifest_checkpoint *list;
    int checkpoints = manifest_checkpoints(manifest, &list);
    for (int i = 0; i < checkpoints; i++)
        TRY(append_checkpoint(log, &list[i], false, err));
    return linelog_sync(log, err);
}

enum status manifest_cut(struct manifest *manifest, int64_t window, struct error *err)
{
    char temporary[PATH_MAX];
    struct linelog *log = NULL;
    assert(manifest->log);
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", manifest->path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", manifest->path);
    TRY(durable_write_file(temporary, "", 0, 0644, err)); /* not what a crash has left */
    TRY(linelog_open(temporary, &log, err));
    drop_after(manifest, window);
    enum status status = append_all(manifest, log, err);
    linelog_close(log);
    TRY(status);
    TRY(durable_rename(temporary, manifest->path, err));
    linelog_close(manifest->log);
    manifest->log = NULL;
    return linelog_open(manifest->path, &manifest->log, err);
}
