#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "segment.h"
#include "verify_walk.h"

enum { MOST_TRIES = 20 };

/* One segment; its findings count once they are sure. */
struct segment_check {
    struct verify_walk *walk;
    int64_t number, start;
    const char *name; /* as it is told */
    bool scanned;     /* its head at least */
    struct frames_shape shape;
    char time_units[64];
    int64_t rows, rewriting, unsaid, last_window;
    int64_t suspects[2]; /* first and last row that differs, -1: none */
    struct buffer texts; /* of differences, each with its final 0 */
};

static void __attribute__((format(printf, 3, 4)))
suspect(struct segment_check *check, int64_t row, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append(&check->texts, text, strlen(text) + 1);
    check->suspects[0] = check->suspects[0] < 0 ? row : min_int64(check->suspects[0], row);
    check->suspects[1] = max_int64(check->suspects[1], row);
}

/* What a segment says of a row against the manifest's last line about it. */
static const char *line_fault(const struct manifest_frame *frame,
                              const struct series_record *series, char text[256])
{
    char digest[DIGEST_HEX], stored[DIGEST_HEX];
    digest_hex(frame->digest, digest);
    digest_hex(frame->stored, stored);
    if (series->window != frame->window || series->revision != frame->revision)
        snprintf(text, 256, "it holds window %lld revision %lld", (long long)series->window,
                 (long long)series->revision);
    else if (strcmp(series->digest, digest) != 0)
        snprintf(text, 256, "/series/digest is %s, the manifest says %s", series->digest, digest);
    else if (strcmp(series->stored_digest, stored) != 0)
        snprintf(text, 256, "/series/stored_digest is %s, the manifest says %s",
                 series->stored_digest, stored);
    else if (series->final != frame->final)
        snprintf(text, 256, "/series/final is %d, the manifest says %d", series->final,
                 frame->final);
    else if (memcmp(&series->change, &frame->change, sizeof frame->change) != 0)
        snprintf(text, 256, "/series/change is %.17g, the manifest says %.17g", series->change,
                 frame->change);
    else
        return NULL;
    return text;
}

static const char *time_fault(const struct verify_walk *walk, const struct series_record *series,
                              char text[256])
{
    double expected = (double)((__int128)series->event_time - walk->epoch_ms);
    if (!walk->epoch_known || series->time_ms == expected)
        return NULL;
    snprintf(text, 256, "/time is %.17g, /series/event_time means %.17g", series->time_ms,
             expected);
    return text;
}

static void check_held(struct segment_check *check, int64_t row, const struct manifest_frame *frame,
                       const struct scanned_row *scanned)
{
    char text[256];
    const char *fault = scanned_row_fault(scanned, check->shape.f64, text);
    if (!fault)
        fault = line_fault(frame, &scanned->series, text);
    if (!fault)
        fault = time_fault(check->walk, &scanned->series, text);
    if (fault) {
        suspect(check, row, "window %lld, revision %lld, row %lld of %s: %s",
                (long long)frame->window, (long long)frame->revision, (long long)scanned->row,
                check->name, fault);
        return;
    }
    if (scanned->group_faults > 0) {
        snprintf(text, sizeof text, ", and %lld more", (long long)scanned->group_faults - 1);
        suspect(check, row, "window %lld, revision %lld, row %lld of %s: %s%s",
                (long long)frame->window, (long long)frame->revision, (long long)scanned->row,
                check->name, scanned->group_fault, scanned->group_faults > 1 ? text : "");
        return;
    }
    check->rows++;
    check->last_window = max_int64(check->last_window, frame->window);
}

static void tell_progress(const struct segment_check *check, int64_t row)
{
    const struct verify *verify = check->walk->verify;
    if (verify->progress)
        verify->progress(verify->context, row + 1, check->walk->committed.rows);
}

static void visit_row(void *context, const struct scanned_row *scanned)
{
    struct segment_check *check = context;
    struct verify_walk *walk = check->walk;
    int64_t row = check->start + scanned->row;
    if (row == 0 && !scanned->unreadable && scanned->series.window >= 0) {
        walk->epoch_ms = series_epoch(scanned->series.event_time);
        walk->epoch_known = true;
    }
    const struct committed_row *said =
        row < walk->committed.rows ? &walk->committed.row[row] : NULL;
    if (said && said->frame)
        check_held(check, row, said->frame, scanned);
    else if (said && said->window >= 0)
        check->rewriting++;
    else if (scanned->unreadable || scanned->series.window >= 0)
        check->unsaid++;
    tell_progress(check, row);
}

static void keep_offsets(struct verify *verify, const struct scanned_file *file)
{
    size_t size = (size_t)file->partitions * sizeof(int64_t);
    verify_release(verify);
    verify->offsets.partitions = file->partitions;
    verify->offsets.first = memory_block(size);
    verify->offsets.next = memory_block(size);
    verify->offsets.lost = memory_block(size);
    memcpy(verify->offsets.first, file->first_offsets, size);
    memcpy(verify->offsets.next, file->next_offsets, size);
    memcpy(verify->offsets.lost, file->lost_offsets, size);
}

/* Later segments continue the offsets of earlier ones. */
static void check_offsets(struct segment_check *check, const struct scanned_file *file)
{
    const struct verify_offsets *before = &check->walk->verify->offsets;
    if (before->partitions > 0 && before->partitions != file->partitions)
        suspect(check, check->start, "%s: /kafka has %lld partitions, before it were %lld",
                check->name, (long long)file->partitions, (long long)before->partitions);
    for (int64_t p = 0; p < before->partitions && p < file->partitions; p++)
        if (file->first_offsets[p] != before->first[p] || file->next_offsets[p] < before->next[p])
            suspect(check, check->start,
                    "%s: /kafka says of partition %lld offsets %lld to %lld, the segment before it "
                    "%lld to %lld",
                    check->name, (long long)p, (long long)file->first_offsets[p],
                    (long long)file->next_offsets[p], (long long)before->first[p],
                    (long long)before->next[p]);
}

/* A row of the segment that is held, from the last one of the file on. */
static int64_t first_lost(const struct segment_check *check, int64_t rows)
{
    const struct verify_walk *walk = check->walk;
    int64_t end = check->start + segments_rows(&walk->segments, check->number);
    for (int64_t row = check->start + rows; row < min_int64(end, walk->committed.rows); row++)
        if (walk->committed.row[row].frame)
            return row;
    return -1;
}

static void check_shape(struct segment_check *check)
{
    const struct frames_shape *own = &check->shape, *all = &check->walk->shape;
    if (own->gnx != all->gnx || own->gny != all->gny || own->f64 != all->f64)
        suspect(check, check->start, "%s: its frames are %lld x %lld %s, others %lld x %lld %s",
                check->name, (long long)own->gnx, (long long)own->gny, own->f64 ? "f64" : "f32",
                (long long)all->gnx, (long long)all->gny, all->f64 ? "f64" : "f32");
    int64_t most = segments_rows(&check->walk->segments, check->number);
    if (own->most_rows != most || own->rows > most)
        suspect(check, check->start, "%s: it has %lld rows of %lld, not of %lld", check->name,
                (long long)own->rows, (long long)own->most_rows, (long long)most);
}

static void visit_file(void *context, const struct scanned_file *file)
{
    struct segment_check *check = context;
    check->scanned = true;
    check->shape = file->shape;
    snprintf(check->time_units, sizeof check->time_units, "%s", file->time_units);
    check_shape(check);
    int64_t lost = first_lost(check, file->shape.rows);
    if (lost >= 0)
        suspect(check, lost,
                "%s ends with row %lld, the manifest says that row %lld is window %lld",
                check->name, (long long)(check->start + file->shape.rows - 1), (long long)lost,
                (long long)check->walk->committed.row[lost].window);
    if (file->partitions > 0) {
        check_offsets(check, file);
        keep_offsets(check->walk->verify, file);
    }
}

static void check_units(struct segment_check *check)
{
    char expected[64];
    if (!check->scanned || !check->walk->epoch_known)
        return;
    series_time_units(check->walk->epoch_ms, expected);
    if (strcmp(check->time_units, expected) != 0)
        suspect(check, check->start, "%s: the units of /time are '%s', not '%s'", check->name,
                check->time_units, expected);
}

static enum status look_once(struct segment_check *check, struct error *err)
{
    char path[PATH_MAX];
    struct error reason = {""};
    struct frames_scan scan = {.file = visit_file, .row = visit_row, .context = check};
    TRY(verify_segment_path(check->walk->verify, check->number, path, err));
    enum status status = frames_scan(path, &scan, &reason);
    if (status == STATUS_IO)
        return error_set(err, status, "%s", reason.text);
    check_units(check);
    if (status != STATUS_OK && (check->scanned || first_lost(check, 0) >= 0))
        suspect(check, check->start, "%s", reason.text);
    return STATUS_OK;
}

/* True when the last word about any row from `first` to `last` is not what it was. */
static bool has_moved(const struct committed *before, const struct committed *after, int64_t first,
                      int64_t last)
{
    for (int64_t row = first; row <= last && row < max_int64(before->rows, after->rows); row++) {
        const struct manifest_frame *a = row < before->rows ? before->row[row].frame : NULL;
        const struct manifest_frame *b = row < after->rows ? after->row[row].frame : NULL;
        if (!a != !b || (a && (a->revision != b->revision || !digest_equal(a->digest, b->digest))))
            return true;
    }
    return false;
}

/* The manifest anew; *moved when what differs may have been rewritten since it was read. */
static enum status look_at_manifest(struct segment_check *check, bool *moved, struct error *err)
{
    char path[PATH_MAX];
    struct verify_walk *walk = check->walk;
    struct manifest *manifest;
    struct committed committed;
    TRY(path_join(path, sizeof path, walk->verify->directory, "manifest", err));
    TRY(manifest_open(path, false, &manifest, err));
    enum status status = committed_of(manifest, &committed, err);
    if (status != STATUS_OK) {
        manifest_close(manifest);
        return status;
    }
    *moved = has_moved(&walk->committed, &committed, check->suspects[0], check->suspects[1]);
    committed_release(&walk->committed);
    manifest_close(*walk->manifest);
    walk->committed = committed;
    *walk->manifest = manifest;
    return STATUS_OK;
}

static void begin_check(struct segment_check *check)
{
    check->scanned = false;
    check->rows = check->rewriting = check->unsaid = 0;
    check->last_window = -1;
    check->suspects[0] = check->suspects[1] = -1;
    buffer_clear(&check->texts);
}

/* A file that could not be read at all was perhaps just being replaced or cut to its rows. */
static bool may_settle(const struct segment_check *check, bool moved)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    if (!moved && check->walk->verify->live && !check->scanned)
        nanosleep(&pause, NULL);
    return moved || (check->walk->verify->live && !check->scanned);
}

static enum status look_until_sure(struct segment_check *check, struct error *err)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        bool moved = false;
        begin_check(check);
        TRY(look_once(check, err));
        if (check->suspects[0] < 0)
            return STATUS_OK;
        TRY(look_at_manifest(check, &moved, err));
        if (!may_settle(check, moved))
            return STATUS_OK;
    }
    return STATUS_OK;
}

static void conclude(const struct segment_check *check)
{
    struct verify *verify = check->walk->verify;
    const char *texts = (const char *)check->texts.data;
    for (size_t at = 0; at < check->texts.size; at += strlen(texts + at) + 1)
        verify_differs(verify, "%s", texts + at);
    verify->counts.rows += check->rows;
    verify->counts.rewriting += check->rewriting;
    verify->counts.unsaid += check->unsaid;
    verify->counts.last_window = max_int64(verify->counts.last_window, check->last_window);
    verify->counts.segments += check->scanned;
}

enum status verify_segment(struct verify_walk *walk, int64_t number, struct error *err)
{
    struct segment_check check = {
        .walk = walk, .number = number, .start = segments_start(&walk->segments, number)};
    char name[64];
    segment_name(number, name);
    check.name = walk->verify->packed ? walk->verify->packed : name;
    enum status status = look_until_sure(&check, err);
    if (status == STATUS_OK)
        conclude(&check);
    buffer_release(&check.texts);
    return status;
}
