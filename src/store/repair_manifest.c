#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "checkpoint_file.h"
#include "committed.h"
#include "frames_directory.h"
#include "manifest_lines.h"
#include "repair_rows.h"
#include "store/manifest_write.h"
#include "store/repair.h"

/* A manifest being made anew beside the one that is there. */
struct mending {
    struct repair *repair;
    char old[PATH_MAX], made[PATH_MAX];
    struct linelog *log; /* while lines are copied */
    int64_t damaged, dropped, frames, rewrites, checkpoints;
    struct manifest *manifest; /* the one being made */
    struct committed committed;
    struct repair_rows rows;
    bool *held;        /* [rows.count] rows the new manifest has a word of */
    int64_t went_back; /* the earliest window the run ever went back to, or INT64_MAX */
};

static void __attribute__((format(printf, 2, 3)))
tell(const struct repair *repair, const char *format, ...)
{
    char text[PATH_MAX + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    repair->tell(repair->context, text);
}

/* The file is there, whole, and the one that the line names. A provisional one counts on ends that
 * were captured at its time, which nothing proves. */
static bool bears_out(const struct mending *mending, const struct manifest_checkpoint *entry)
{
    char path[PATH_MAX], name[64] = "ckpt/";
    struct checkpoint_head head;
    struct error ignored; /* told when all files are looked at */
    checkpoint_name(entry->window, name + strlen(name));
    return !entry->provisional &&
           path_join(path, sizeof path, mending->repair->directory, name, &ignored) == STATUS_OK &&
           durable_exists(path) && checkpoint_file_prove(path, &head, &ignored) == STATUS_OK &&
           head.window == entry->window && checkpoint_seal_equal(&head.seal, &entry->seal);
}

/* True for what stands by itself, wherever it is said: who wrote, which digest a revision had. */
static bool stands_alone(const struct mending *mending, const struct manifest_line *line)
{
    return line->kind == MANIFEST_FRAME || line->kind == MANIFEST_EPOCH ||
           line->kind == MANIFEST_BACK ||
           (line->kind == MANIFEST_CHECKPOINT && bears_out(mending, &line->checkpoint));
}

static enum status copy_line(void *context, const char *text, struct error *err)
{
    struct mending *mending = context;
    struct manifest_line line;
    bool known = manifest_line_parse(text, &line);
    if (known && line.kind == MANIFEST_BACK)
        mending->went_back = min_int64(mending->went_back, line.back_to);
    if (known && (mending->damaged == 0 || stands_alone(mending, &line)))
        return linelog_append(mending->log, false, err, "%s", text);
    mending->dropped++;
    return STATUS_OK;
}

static enum status copy_lines(struct mending *mending, struct error *err)
{
    TRY(durable_write_file(mending->made, "", 0, 0644, err));
    TRY(linelog_open(mending->made, &mending->log, err));
    enum status status = linelog_salvage(mending->old, copy_line, mending, &mending->damaged, err);
    linelog_close(mending->log);
    return status;
}

static struct manifest_frame line_of(const struct repair_row *row, int64_t index)
{
    return (struct manifest_frame){.window = row->window,
                                   .revision = row->revision,
                                   .row = index,
                                   .digest = row->digest,
                                   .stored = row->stored,
                                   .final = row->final,
                                   .change = row->change};
}

static bool says(const struct manifest_frame *frame, const struct repair_row *row)
{
    return frame->window == row->window && frame->revision == row->revision &&
           frame->final == row->final && frame->change == row->change &&
           digest_equal(frame->digest, row->digest) && digest_equal(frame->stored, row->stored);
}

static enum status announce(struct mending *mending, int64_t window, int64_t index,
                            struct error *err)
{
    mending->rewrites++;
    tell(mending->repair,
         "manifest: row %lld, window %lld, does not prove itself and is announced as being "
         "rewritten: a run that goes on restores it if it is not older than the horizon",
         (long long)index, (long long)window);
    return manifest_add_rewrite(mending->manifest, window, window, err);
}

/* What the new manifest has to say of a row beside what was copied. A row may add to what the
 * manifest says, never contradict it; one from before the run went back may be of what it left. */
static enum status mend_row(struct mending *mending, int64_t index, struct error *err)
{
    static const struct repair_row absent = {.window = -1};
    const struct repair_row *row =
        index < mending->rows.count ? &mending->rows.row[index] : &absent;
    const struct committed *committed = &mending->committed;
    const struct manifest_frame *said =
        index < committed->rows ? committed->row[index].frame : NULL;
    bool newer = said ? row->window == said->window && row->revision > said->revision
                      : row->window <= mending->went_back;
    if (said && row->proven && says(said, row)) {
        mending->held[index] = true;
        return STATUS_OK;
    }
    if (row->proven && newer) {
        struct manifest_frame frame = line_of(row, index);
        mending->held[index] = true;
        mending->frames++;
        return manifest_add_frame(mending->manifest, &frame, err);
    }
    if (mending->damaged > 0 && said)
        return announce(mending, said->window, index, err);
    return STATUS_OK;
}

static enum status mend_rows(struct mending *mending, struct error *err)
{
    int64_t count = max_int64(mending->rows.count, mending->committed.rows);
    mending->held = memory_zeroed(max_int64(count, 1), sizeof *mending->held);
    for (int64_t row = 0; row < count; row++)
        TRY(mend_row(mending, row, err));
    return STATUS_OK;
}

static bool is_listed(const struct manifest *manifest, const struct checkpoint_head *head)
{
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list);
    for (int i = 0; i < count; i++)
        if (list[i].window == head->window && checkpoint_seal_equal(&list[i].seal, &head->seal))
            return true;
    return false;
}

/* A restart takes the rows before a checkpoint as they are. */
static const char *reason_against(const struct mending *mending, const struct checkpoint_head *head)
{
    if (head->provisional)
        return "it was taken after a provisional close";
    if (head->window > mending->went_back)
        return "the run went back to before it, and may have taken it earlier";
    for (int64_t row = 0; row < head->rows; row++)
        if (row >= mending->rows.count || !mending->held[row])
            return "a row that it counts on does not prove itself";
    return NULL;
}

static enum status mend_checkpoint(struct mending *mending, const char *path, struct error *err)
{
    struct checkpoint_head head;
    struct error reason;
    enum status status = checkpoint_file_prove(path, &head, &reason);
    if (status == STATUS_IO)
        return error_set(err, status, "%s", reason.text);
    if (status != STATUS_OK) {
        tell(mending->repair, "%s", reason.text);
        return STATUS_OK;
    }
    if (is_listed(mending->manifest, &head))
        return STATUS_OK;
    const char *against = reason_against(mending, &head);
    if (against) {
        tell(mending->repair, "%s is whole, but gets no line: %s", path, against);
        return STATUS_OK;
    }
    struct manifest_checkpoint entry = {
        .window = head.window, .rows = head.rows, .seal = head.seal};
    mending->checkpoints++;
    return manifest_add_checkpoint(mending->manifest, &entry, err);
}

static int64_t window_of(const char *name)
{
    bool unfinished = false;
    int64_t window = checkpoint_window(name, &unfinished);
    return unfinished ? -1 : window;
}

/* In order of their windows, as a run says them. */
static enum status mend_checkpoints(struct mending *mending, struct error *err)
{
    char folder[PATH_MAX];
    TRY(path_join(folder, sizeof folder, mending->repair->directory, "ckpt", err));
    for (int64_t last = -1;;) {
        char path[PATH_MAX], name[32];
        int64_t next = INT64_MAX;
        DIR *entries = opendir(folder);
        for (struct dirent *entry; entries && (entry = readdir(entries));)
            if (window_of(entry->d_name) > last)
                next = min_int64(next, window_of(entry->d_name));
        if (entries)
            closedir(entries);
        if (next == INT64_MAX)
            return STATUS_OK;
        checkpoint_name(next, name);
        TRY(path_join(path, sizeof path, folder, name, err));
        TRY(mend_checkpoint(mending, path, err));
        last = next;
    }
}

static enum status make(struct mending *mending, struct error *err)
{
    TRY(copy_lines(mending, err));
    TRY(manifest_open(mending->made, true, &mending->manifest, err));
    TRY(committed_of(mending->manifest, &mending->committed, err));
    TRY(repair_rows_collect(mending->repair->directory, &mending->rows, err));
    TRY(mend_rows(mending, err));
    return mend_checkpoints(mending, err);
}

/* What was there stays, under another name, and the new one takes its place at once. */
static enum status put_in_place(const struct mending *mending, struct error *err)
{
    char kept[PATH_MAX];
    TRY(path_join(kept, sizeof kept, mending->repair->directory, "manifest.damaged", err));
    TRY(durable_sync(mending->made, err));
    if (unlink(kept) != 0 && errno != ENOENT)
        return error_set(err, STATUS_IO, "removing %s: %s", kept, strerror(errno));
    if (link(mending->old, kept) != 0 && errno != ENOENT)
        return error_set(err, STATUS_IO, "keeping %s as %s: %s", mending->old, kept,
                         strerror(errno));
    return durable_rename(mending->made, mending->old, err);
}

static void report(const struct mending *mending)
{
    if (mending->damaged > 0)
        tell(mending->repair,
             "manifest: %lld damaged lines, and %lld after them that mean nothing without, are "
             "gone; the run says again whether it finished",
             (long long)mending->damaged, (long long)mending->dropped);
    if (mending->frames > 0)
        tell(mending->repair, "manifest: %lld lines of rows that prove themselves",
             (long long)mending->frames);
    if (mending->checkpoints > 0)
        tell(mending->repair, "manifest: %lld lines of checkpoints that prove themselves",
             (long long)mending->checkpoints);
}

enum status repair_manifest(struct repair *repair, struct error *err)
{
    struct mending mending = {.repair = repair, .went_back = INT64_MAX};
    TRY(path_join(mending.old, sizeof mending.old, repair->directory, "manifest", err));
    TRY(path_join(mending.made, sizeof mending.made,
                  repair->staging ? repair->staging : repair->directory, "manifest.tmp", err));
    enum status status = make(&mending, err);
    int64_t changes =
        mending.damaged + mending.dropped + mending.frames + mending.rewrites + mending.checkpoints;
    manifest_close(mending.manifest);
    committed_release(&mending.committed);
    repair_rows_release(&mending.rows);
    free(mending.held);
    if (status == STATUS_OK && changes > 0)
        status = put_in_place(&mending, err);
    if (status == STATUS_OK)
        report(&mending);
    unlink(mending.made);
    return status;
}
