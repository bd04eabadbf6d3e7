#include "store/manifest_write.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "manifest_internal.h"

static enum status add(struct manifest *manifest, bool sync, const struct manifest_line *line,
                       struct error *err)
{
    TRY(manifest_line_append(manifest->log, sync, line, err));
    manifest_facts_append(&manifest->facts, line);
    return STATUS_OK;
}

enum status manifest_add_frame(struct manifest *manifest, const struct manifest_frame *frame,
                               struct error *err)
{
    struct manifest_line line = {.kind = MANIFEST_FRAME, .frame = *frame};
    return add(manifest, false, &line, err);
}

enum status manifest_add_rewrite(struct manifest *manifest, int64_t first, int64_t last,
                                 struct error *err)
{
    struct manifest_line line = {.kind = MANIFEST_REWRITE, .rewrite = {first, last}};
    return add(manifest, true, &line, err);
}

enum status manifest_add_checkpoint(struct manifest *manifest,
                                    const struct manifest_checkpoint *entry, struct error *err)
{
    struct manifest_line line = {.kind = MANIFEST_CHECKPOINT, .checkpoint = *entry};
    return add(manifest, true, &line, err);
}

enum status manifest_add_back(struct manifest *manifest, int64_t window, struct error *err)
{
    struct manifest_line line = {.kind = MANIFEST_BACK, .back_to = window};
    return add(manifest, true, &line, err);
}

enum status manifest_add_epoch(struct manifest *manifest, int64_t epoch, const char *owner,
                               struct error *err)
{
    char text[512];
    snprintf(text, sizeof text, "%lld %s", (long long)epoch, owner);
    struct manifest_line line = {.kind = MANIFEST_EPOCH, .text = text};
    return add(manifest, true, &line, err);
}

enum status manifest_add_finished(struct manifest *manifest, const struct manifest_finish *finish,
                                  const char *summary, struct error *err)
{
    struct manifest_line words = {.kind = MANIFEST_SUMMARY, .text = summary};
    struct manifest_line line = {.kind = MANIFEST_FINISHED, .finish = *finish};
    TRY(add(manifest, false, &words, err));
    return add(manifest, true, &line, err);
}

void manifest_retire_checkpoints(struct manifest *manifest, int keep)
{
    manifest_facts_retire(&manifest->facts, keep);
}

/* A walk over the lines of a manifest, first for the place where it is cut, then for what stands
 * before it. */
struct cut {
    const char *path;
    int64_t window;               /* of the checkpoint gone back to; -1: of none */
    int64_t lines;                /* read so far */
    int64_t place;                /* lines up to the newest one of that checkpoint */
    struct manifest_facts before; /* what these say */
    struct manifest_facts now;    /* what all lines say */
    struct linelog *log;          /* what is kept of them */
};

static enum status find_place(void *context, const char *text, struct error *err)
{
    struct cut *cut = context;
    struct manifest_line line;
    TRY(manifest_parse(cut->path, text, &line, err));
    cut->lines++;
    manifest_facts_read(&cut->now, &line);
    if (line.kind == MANIFEST_CHECKPOINT && line.checkpoint.window == cut->window)
        cut->place = cut->lines;
    return STATUS_OK;
}

static enum status read_before(void *context, const char *text, struct error *err)
{
    struct cut *cut = context;
    struct manifest_line line;
    if (++cut->lines > cut->place)
        return STATUS_OK;
    TRY(manifest_parse(cut->path, text, &line, err));
    manifest_facts_read(&cut->before, &line);
    return STATUS_OK;
}

/* Lines before the place can be of an earlier attempt, which got further before it crashed: those
 * of later windows, and of more revisions than the rows had when the checkpoint was taken. */
static bool keeps_frame(const struct cut *cut, const struct manifest_frame *frame)
{
    return frame->window <= cut->window &&
           frame->revision <= manifest_facts_holds(&cut->before, frame->window);
}

/* Not one that was replaced or forgotten later. */
static bool keeps_checkpoint(const struct cut *cut, const struct manifest_checkpoint *entry)
{
    const struct manifest_checkpoint *list;
    int count = manifest_facts_checkpoints(&cut->before, &list);
    for (int i = 0; i < count; i++)
        if (list[i].window == entry->window)
            return entry->window <= cut->window &&
                   digest_equal(list[i].seal.field, entry->seal.field) &&
                   digest_equal(list[i].seal.state, entry->seal.state);
    return false;
}

/* In their order, so that the manifest can be cut once more, further back. */
static enum status copy_line(void *context, const char *text, struct error *err)
{
    struct cut *cut = context;
    struct manifest_line line;
    if (++cut->lines > cut->place)
        return STATUS_OK;
    TRY(manifest_parse(cut->path, text, &line, err));
    bool keeps = line.kind == MANIFEST_FRAME
                     ? keeps_frame(cut, &line.frame)
                     : line.kind == MANIFEST_CHECKPOINT && keeps_checkpoint(cut, &line.checkpoint);
    return keeps ? manifest_line_append(cut->log, false, &line, err) : STATUS_OK;
}

static enum status copy_lines(struct cut *cut, struct error *err)
{
    cut->lines = 0;
    return linelog_read(cut->path, copy_line, cut, NULL, err);
}

/* The rows themselves are not cut: those that hold a revision made later are to be rewritten. */
static enum status write_rewrites(const struct cut *cut, struct linelog *log, struct error *err)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_facts_frames(&cut->before, &frames);
    for (int64_t i = 0; i < count; i++) {
        int64_t window = frames[i].window, held = manifest_facts_holds(&cut->before, window);
        bool is_last_said = manifest_facts_find(&cut->before, window, held) == &frames[i];
        if (window > cut->window || !is_last_said ||
            manifest_facts_holds(&cut->now, window) == held)
            continue;
        struct manifest_line line = {.kind = MANIFEST_REWRITE, .rewrite = {window, window}};
        TRY(manifest_line_append(log, false, &line, err));
    }
    return STATUS_OK;
}

static enum status write_epochs(const struct cut *cut, struct linelog *log, struct error *err)
{
    const char *epochs = (const char *)cut->now.epochs.data;
    for (size_t at = 0; at < cut->now.epochs.size; at += strlen(epochs + at) + 1) {
        struct manifest_line line = {.kind = MANIFEST_EPOCH, .text = epochs + at};
        TRY(manifest_line_append(log, false, &line, err));
    }
    return STATUS_OK;
}

static enum status write_kept(struct cut *cut, const char *path, struct error *err)
{
    TRY(durable_write_file(path, "", 0, 0644, err)); /* not what a crash has left */
    TRY(linelog_open(path, &cut->log, err));
    enum status status = write_epochs(cut, cut->log, err);
    if (status == STATUS_OK)
        status = copy_lines(cut, err);
    if (status == STATUS_OK)
        status = write_rewrites(cut, cut->log, err);
    if (status == STATUS_OK)
        status = linelog_sync(cut->log, err);
    linelog_close(cut->log);
    return status;
}

static enum status read_cut(struct cut *cut, struct error *err)
{
    TRY(linelog_read(cut->path, find_place, cut, NULL, err));
    if (cut->window >= 0 && cut->place == 0)
        return error_set(err, STATUS_BUG, "%s: no checkpoint of window %lld to go back to",
                         cut->path, (long long)cut->window);
    cut->lines = 0;
    return linelog_read(cut->path, read_before, cut, NULL, err);
}

static enum status load_again(struct manifest *manifest, struct error *err)
{
    linelog_close(manifest->log);
    manifest->log = NULL;
    manifest_facts_release(&manifest->facts);
    manifest_facts_init(&manifest->facts);
    return manifest_load(manifest, true, err);
}

enum status manifest_cut(struct manifest *manifest, int64_t window, struct error *err)
{
    char temporary[PATH_MAX];
    struct cut cut = {.path = manifest->path, .window = window};
    assert(manifest->log);
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", manifest->path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", manifest->path);
    manifest_facts_init(&cut.before);
    manifest_facts_init(&cut.now);
    enum status status = read_cut(&cut, err);
    if (status == STATUS_OK)
        status = write_kept(&cut, temporary, err);
    manifest_facts_release(&cut.before);
    manifest_facts_release(&cut.now);
    TRY(status);
    TRY(durable_rename(temporary, manifest->path, err));
    return load_again(manifest, err);
}
