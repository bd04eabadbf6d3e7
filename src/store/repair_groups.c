#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/isolated.h"
#include "frames_directory.h"
#include "frames_read.h"
#include "group_rows.h"
#include "groups_read.h"
#include "segment.h"
#include "store/repair.h"
#include "store/staging.h"

enum { ROWS_A_SIGN = 64 }; /* of life: what is sound sends nothing else */

/* A value that is not as it was written. */
struct finding {
    int64_t row; /* of the segment */
    struct group_place place;
    uint8_t whole[8];
    bool known; /* what it was */
    char text[256];
};

struct segment_repair {
    struct repair *repair;
    int64_t number;
    char name[64], path[PATH_MAX];
    struct buffer findings;
};

static bool proves_itself(const struct series_record *record)
{
    char hex[DIGEST_HEX];
    digest_hex(series_row_digest(record), hex);
    return record->window >= 0 && strcmp(hex, record->row_digest) == 0;
}

static void send_finding(struct group_rows *rows, const struct panels_row *row,
                         struct group_fault *fault, struct isolated *isolated)
{
    struct error ignored;
    struct finding finding = {.row = row->row};
    group_rows_locate(rows, row, fault);
    group_rows_explain(rows, row, fault, finding.text);
    finding.known = fault->panel != GROUP_FAULT_ANY &&
                    group_rows_place(rows, row->row, fault, &finding.place, &ignored) == STATUS_OK;
    memcpy(finding.whole, fault->whole, sizeof finding.whole);
    isolated_send(isolated, &finding, sizeof finding);
}

/* A row whose window and revision are not known has no digests to go by. */
static enum status look_at_row(struct frames_reader *reader, struct group_rows *rows,
                               int64_t number, struct isolated *isolated, struct error *err)
{
    struct series_record record;
    struct group_fault fault = {.item = -1};
    TRY(frames_reader_series(reader, number, &record, err));
    if (!proves_itself(&record))
        return STATUS_OK;
    struct panels_row row = {.row = number, .window = record.window, .revision = record.revision};
    TRY(group_rows_read(rows, &row, err));
    while (group_rows_fault(rows, &row, &fault))
        send_finding(rows, &row, &fault, isolated);
    return STATUS_OK;
}

static enum status look_at_all(struct frames_reader *reader, const char *path,
                               struct isolated *isolated, struct error *err)
{
    struct groups_read *read;
    struct group_rows *rows = NULL;
    int64_t count = frames_reader_shape(reader).rows;
    TRY(groups_read_open(frames_reader_file(reader), path, &read, err));
    struct frames_groups groups = groups_read_groups(read);
    enum status status = group_rows_open(frames_reader_file(reader), &groups, count, &rows, err);
    for (int64_t row = 0; status == STATUS_OK && groups.count > 0 && row < count; row++) {
        if (row % ROWS_A_SIGN == 0)
            isolated_send(isolated, "", 0);
        status = look_at_row(reader, rows, row, isolated, err);
    }
    group_rows_close(rows);
    groups_read_close(read);
    return status;
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    const struct segment_repair *segment = context;
    struct frames_reader *reader;
    TRY(frames_reader_open(segment->path, &reader, err));
    enum status status = look_at_all(reader, segment->path, isolated, err);
    frames_reader_close(reader);
    return status;
}

static void take(void *context, const void *message, size_t size)
{
    struct segment_repair *segment = context;
    if (size == sizeof(struct finding))
        buffer_append(&segment->findings, message, size);
}

static void tell_unread(const struct segment_repair *segment, const struct error *reason)
{
    char text[sizeof reason->text + 128];
    snprintf(text, sizeof text, "%s: not all regions, relations and alerts were looked at: %s",
             segment->name, reason->text);
    segment->repair->tell(segment->repair->context, text);
}

static void tell(const struct segment_repair *segment, const struct finding *finding)
{
    char text[512];
    snprintf(text, sizeof text, "%s, row %lld: %s: %s", segment->name, (long long)finding->row,
             finding->text,
             finding->known ? "put back" : "more than a byte is lost, it stays as it is");
    segment->repair->tell(segment->repair->context, text);
}

static enum status put_back(int fd, const struct segment_repair *segment, struct error *err)
{
    const struct finding *found = (const void *)segment->findings.data;
    for (size_t i = 0; i < segment->findings.size / sizeof *found; i++) {
        const struct group_place *place = &found[i].place;
        if (found[i].known &&
            pwrite(fd, found[i].whole, (size_t)place->size, (off_t)place->at) != place->size)
            return error_set(err, STATUS_IO, "writing to %s: %s", segment->path, strerror(errno));
        tell(segment, &found[i]);
    }
    return fsync(fd) == 0
               ? STATUS_OK
               : error_set(err, STATUS_IO, "syncing %s: %s", segment->path, strerror(errno));
}

/* Through the claim's own name of the file, as a run changes it. */
static enum status mend(const struct segment_repair *segment, struct error *err)
{
    char staged[PATH_MAX];
    const struct repair *repair = segment->repair;
    const char *path = segment->path;
    if (repair->staging) {
        TRY(frames_directory_borrow(repair->directory, repair->staging, segment->number, err));
        TRY(staging_path(repair->staging, segment_staged_name(segment->name), staged, err));
        path = staged;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    enum status status =
        fd >= 0 ? put_back(fd, segment, err)
                : error_set(err, STATUS_IO, "opening %s: %s", segment->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (repair->staging)
        frames_directory_return(repair->staging, segment->number);
    return status;
}

static enum status repair_segment(struct segment_repair *segment, struct error *err)
{
    char what[PATH_MAX + 32];
    struct error reason;
    segment_name(segment->number, segment->name);
    TRY(path_join(segment->path, sizeof segment->path, segment->repair->directory, segment->name,
                  err));
    if (!durable_exists(segment->path))
        return STATUS_OK;
    snprintf(what, sizeof what, "reading %s", segment->path);
    enum status status = isolated_run(what, work, take, segment, &reason);
    if (status == STATUS_IO)
        return error_set(err, STATUS_IO, "%s", reason.text);
    if (status != STATUS_OK)
        tell_unread(segment, &reason);
    return segment->findings.size > 0 ? mend(segment, err) : STATUS_OK;
}

enum status repair_groups(struct repair *repair, struct error *err)
{
    char folder[PATH_MAX];
    int64_t lowest = 0, highest = -1;
    enum status status = STATUS_OK;
    TRY(path_join(folder, sizeof folder, repair->directory, "frames", err));
    if (!frames_directory_numbers(folder, &lowest, &highest))
        return STATUS_OK;
    for (int64_t number = lowest; status == STATUS_OK && number <= highest; number++) {
        struct segment_repair segment = {.repair = repair, .number = number};
        status = repair_segment(&segment, err);
        buffer_release(&segment.findings);
    }
    return status;
}
