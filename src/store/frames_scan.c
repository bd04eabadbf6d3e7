#include "frames_scan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/isolated.h"

enum message_kind { MESSAGE_FILE, MESSAGE_ROW };

struct scanning {
    const char *path;
    const struct frames_scan *scan;
};

static void get_offset_column(struct h5_scope *scope, hid_t group, const char *name,
                              int64_t partitions, struct buffer *values)
{
    int mark = scope->count;
    hsize_t dims[1] = {0};
    hid_t set = h5_own(scope, H5Dopen2(group, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    bool fits = !scope->failed && H5Sget_simple_extent_ndims(space) == 1 &&
                H5Sget_simple_extent_dims(space, dims, NULL) == 1 && dims[0] == (hsize_t)partitions;
    size_t size = (size_t)partitions * sizeof(int64_t);
    if (!fits)
        h5_check(scope, -1);
    else if (h5_check(scope, H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                     buffer_reserve(values, size))) >= 0)
        values->size += size;
    h5_close_to(scope, mark);
}

/* Appends first and next offsets and lost ones; 0 without /kafka. */
static int64_t get_offsets(struct h5_scope *scope, hid_t file, struct buffer *values)
{
    hsize_t dims[1] = {0};
    if (H5Lexists(file, "kafka", H5P_DEFAULT) <= 0)
        return 0;
    int mark = scope->count;
    hid_t group = h5_own(scope, H5Gopen2(file, "kafka", H5P_DEFAULT));
    hid_t set = h5_own(scope, H5Dopen2(group, "partition", H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    if (scope->failed || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, dims, NULL) != 1 || dims[0] < 1 || dims[0] > INT_MAX) {
        h5_check(scope, -1);
    } else {
        get_offset_column(scope, group, "first_offset", (int64_t)dims[0], values);
        get_offset_column(scope, group, "next_offset", (int64_t)dims[0], values);
        get_offset_column(scope, group, "lost_offsets", (int64_t)dims[0], values);
    }
    h5_close_to(scope, mark);
    return scope->failed ? 0 : (int64_t)dims[0];
}

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
    file.partitions = get_offsets(&scope, frames_reader_file(reader), &offsets);
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

static void send_row(struct frames_reader *reader, int64_t number, struct isolated *isolated)
{
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
    snprintf(row->reason, sizeof row->reason, "%.511s", err.text);
    isolated_send(isolated, &message, sizeof message);
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    struct scanning *scanning = context;
    struct frames_reader *reader;
    TRY(frames_reader_open(scanning->path, &reader, err));
    enum status status = send_file(scanning->path, reader, isolated, err);
    int64_t rows = scanning->scan->row ? frames_reader_shape(reader).rows : 0;
    for (int64_t row = 0; status == STATUS_OK && row < rows; row++)
        send_row(reader, row, isolated);
    frames_reader_close(reader);
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
