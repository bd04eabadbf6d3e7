#include "frames_scan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/isolated.h"
#include "file_facts.h"
#include "group_rows.h"

enum message_kind { MESSAGE_FILE, MESSAGE_ROW };

struct scanning {
    const char *path;
    const struct frames_scan *scan;
};

static void get_time_units(struct h5_scope *scope, hid_t file, char units[64])
{
    struct buffer text = {0};
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, "/time", H5P_DEFAULT));
    h5_get_text(scope, set, "units", &text);
    snprintf(units, 64, "%.*s", (int)(text.size < 64 ? text.size : 63),
             text.size ? (const char *)text.data : "");
    buffer_release(&text);
    h5_close_to(scope, mark);
}

static enum status send_file(const char *path, struct frames_reader *reader,
                             struct isolated *isolated, struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct buffer message = {0}, offsets = {0};
    struct scanned_file file = {.shape = frames_reader_shape(reader)};
    get_time_units(&scope, frames_reader_file(reader), file.time_units);
    file.partitions = file_facts_offsets(&scope, frames_reader_file(reader), &offsets);
    enum status status =
        h5_end(&scope, STATUS_BAD_DATA, err, "reading the offsets and units of %s", path);
    if (status == STATUS_OK) {
        buffer_put_i64(&message, MESSAGE_FILE);
        buffer_append(&message, &file, sizeof file);
        buffer_append(&message, offsets.data, offsets.size);
        isolated_send(isolated, message.data, message.size);
    }
    buffer_release(&message);
    buffer_release(&offsets);
    return status;
}

/* The file that is read, and its regions. */
struct scanned {
    struct frames_reader *reader;
    struct groups_read *groups;
    struct group_rows *rows; /* NULL: they cannot be read */
    char reason[256];        /* why */
};

/* What is wrong with them is told with each row. */
static void open_groups(struct scanned *scanned, const char *path)
{
    struct error err;
    hid_t file = frames_reader_file(scanned->reader);
    enum status status = groups_read_open(file, path, &scanned->groups, &err);
    if (status == STATUS_OK) {
        struct frames_groups groups = groups_read_groups(scanned->groups);
        int64_t rows = frames_reader_shape(scanned->reader).rows;
        status = group_rows_open(file, &groups, rows, &scanned->rows, &err);
    }
    if (status != STATUS_OK)
        snprintf(scanned->reason, sizeof scanned->reason, "%.255s", err.text);
}

static void close_all(struct scanned *scanned)
{
    group_rows_close(scanned->rows);
    groups_read_close(scanned->groups);
    frames_reader_close(scanned->reader);
}

static void look_at_groups(const struct scanned *scanned, struct scanned_row *row)
{
    struct error err;
    struct group_fault fault = {.item = -1};
    struct panels_row panels = {
        .row = row->row, .window = row->series.window, .revision = row->series.revision};
    if (!scanned->rows || group_rows_read(scanned->rows, &panels, &err) != STATUS_OK) {
        snprintf(row->group_fault, sizeof row->group_fault, "%.255s",
                 scanned->rows ? err.text : scanned->reason);
        row->group_faults = 1;
        return;
    }
    while (group_rows_fault(scanned->rows, &panels, &fault))
        if (row->group_faults++ == 0) {
            group_rows_locate(scanned->rows, &panels, &fault);
            group_rows_explain(scanned->rows, &panels, &fault, row->group_fault);
        }
}

static void send_row(const struct scanned *scanned, int64_t number, struct isolated *isolated)
{
    struct frames_reader *reader = scanned->reader;
    struct {
        int64_t kind;
        struct scanned_row row;
    } message = {.kind = MESSAGE_ROW, .row = {.row = number}};
    struct scanned_row *row = &message.row;
    struct error err = {""};
    enum status status = frames_reader_series(reader, number, &row->series, &err);
    if (status == STATUS_OK && row->series.window >= 0)
        status = frames_reader_digest(reader, number, &row->cells, &err);
    row->unreadable = status != STATUS_OK;
    if (status == STATUS_OK && row->series.window >= 0)
        look_at_groups(scanned, row);
    snprintf(row->reason, sizeof row->reason, "%.511s", err.text);
    isolated_send(isolated, &message, sizeof message);
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    struct scanning *scanning = context;
    struct scanned scanned = {0};
    TRY(frames_reader_open(scanning->path, &scanned.reader, err));
    enum status status = send_file(scanning->path, scanned.reader, isolated, err);
    int64_t rows = scanning->scan->row ? frames_reader_shape(scanned.reader).rows : 0;
    if (rows > 0)
        open_groups(&scanned, scanning->path);
    for (int64_t row = 0; status == STATUS_OK && row < rows; row++)
        send_row(&scanned, row, isolated);
    close_all(&scanned);
    return status;
}

static void take_file(const struct frames_scan *scan, const uint8_t *bytes, size_t size)
{
    struct scanned_file file;
    memcpy(&file, bytes, sizeof file);
    const int64_t *offsets = (const void *)(bytes + sizeof file);
    size_t count = (size - sizeof file) / sizeof *offsets;
    file.partitions = (int64_t)(count / 3);
    file.first_offsets = offsets;
    file.next_offsets = offsets + file.partitions;
    file.lost_offsets = file.next_offsets + file.partitions;
    if (scan->file)
        scan->file(scan->context, &file);
}

static void take(void *context, const void *message, size_t size)
{
    const struct frames_scan *scan = ((struct scanning *)context)->scan;
    const uint8_t *bytes = message;
    int64_t kind;
    memcpy(&kind, bytes, sizeof kind);
    bytes += sizeof kind;
    size -= sizeof kind;
    if (kind == MESSAGE_FILE)
        take_file(scan, bytes, size);
    else
        scan->row(scan->context, (const void *)bytes);
}

enum status frames_scan(const char *path, const struct frames_scan *scan, struct error *err)
{
    char what[PATH_MAX + 16];
    struct scanning scanning = {.path = path, .scan = scan};
    snprintf(what, sizeof what, "reading %s", path);
    return isolated_run(what, work, take, &scanning, err);
}

const char *scanned_row_fault(const struct scanned_row *row, bool f64, char text[256])
{
    const struct series_record *series = &row->series;
    char hex[DIGEST_HEX];
    if (row->unreadable)
        return row->reason;
    digest_hex(row->cells, hex);
    if (strcmp(hex, series->stored_digest) != 0) {
        snprintf(text, 256, "its cells have digest %s, /series/stored_digest says %s", hex,
                 series->stored_digest);
        return text;
    }
    digest_hex(series_row_digest(series), hex);
    if (strcmp(hex, series->row_digest) != 0) {
        snprintf(text, 256, "its series have digest %s, /series/row_digest says %s", hex,
                 series->row_digest);
        return text;
    }
    if (f64 && strcmp(series->digest, series->stored_digest) != 0) {
        snprintf(text, 256, "the field had digest %s, what is stored of it in f64 has %s",
                 series->digest, series->stored_digest);
        return text;
    }
    return NULL;
}
