#include "store/manifest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "manifest_internal.h"

static enum status visit(void *context, const char *text, struct error *err)
{
    struct manifest *manifest = context;
    struct manifest_line line;
    TRY(manifest_parse(manifest->path, text, &line, err));
    manifest_facts_read(&manifest->facts, &line);
    return STATUS_OK;
}

enum status manifest_parse(const char *path, const char *text, struct manifest_line *line,
                           struct error *err)
{
    if (manifest_line_parse(text, line))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s: cannot make sense of the line '%.200s'", path,
                     text);
}

enum status manifest_load(struct manifest *manifest, bool writable, struct error *err)
{
    int64_t torn = 0;
    TRY(linelog_read(manifest->path, visit, manifest, &torn, err));
    if (torn > 0)
        log_warn("%s ends in a torn line of %lld bytes, as after a crash; it does not count",
                 manifest->path, (long long)torn);
    return writable ? linelog_open(manifest->path, &manifest->log, err) : STATUS_OK;
}

enum status manifest_open(const char *path, bool writable, struct manifest **out, struct error *err)
{
    struct manifest *manifest = calloc(1, sizeof *manifest);
    if (!manifest || strlen(path) >= sizeof manifest->path) {
        free(manifest);
        return error_set(err, STATUS_IO, "opening %s: no memory or path too long", path);
    }
    strcpy(manifest->path, path);
    manifest_facts_init(&manifest->facts);
    enum status status = manifest_load(manifest, writable, err);
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
    manifest_facts_release(&manifest->facts);
    free(manifest);
}

int64_t manifest_frames(const struct manifest *manifest, const struct manifest_frame **frames)
{
    return manifest_facts_frames(&manifest->facts, frames);
}

const struct manifest_frame *manifest_find_frame(const struct manifest *manifest, int64_t window,
                                                 int64_t revision)
{
    return manifest_facts_find(&manifest->facts, window, revision);
}

bool manifest_row_holds(const struct manifest *manifest, int64_t window, int64_t revision)
{
    return revision >= 0 && manifest_facts_holds(&manifest->facts, window) == revision;
}

bool manifest_is_last_said(const struct manifest *manifest, const struct manifest_frame *frame)
{
    return manifest_row_holds(manifest, frame->window, frame->revision) &&
           manifest_find_frame(manifest, frame->window, frame->revision) == frame;
}

int manifest_checkpoints(const struct manifest *manifest, const struct manifest_checkpoint **list)
{
    return manifest_facts_checkpoints(&manifest->facts, list);
}

bool manifest_finished(const struct manifest *manifest, struct manifest_finish *finish)
{
    if (manifest->facts.finished)
        *finish = manifest->facts.finish;
    return manifest->facts.finished;
}

bool manifest_undone(const struct manifest *manifest)
{
    return manifest->facts.undone;
}

const char *manifest_summary(const struct manifest *manifest)
{
    const struct buffer *summary = &manifest->facts.summary;
    return summary->size ? (const char *)summary->data : "";
}
