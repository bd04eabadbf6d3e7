#include "repair_rows.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "frames_directory.h"
#include "frames_scan.h"
#include "segment.h"

struct collecting {
    const char *directory;
    struct repair_rows *rows;
    int64_t capacity;
    struct frames_shape shape; /* of the first segment read; rows 0: none yet */
    struct segments segments;
    int64_t number;
    bool alien; /* the segment is of another shape */
};

static void visit_file(void *context, const struct scanned_file *file)
{
    struct collecting *collecting = context;
    const struct frames_shape *shape = &file->shape, *first = &collecting->shape;
    if (first->gnx == 0 && collecting->number < 100) {
        collecting->shape = *shape;
        collecting->segments = segments_of(max_int64(shape->most_rows, 1),
                                           shape->gnx * shape->gny * frame_cell_bytes(shape->f64));
    }
    collecting->alien =
        shape->gnx != first->gnx || shape->gny != first->gny || shape->f64 != first->f64 ||
        shape->most_rows != segments_rows(&collecting->segments, collecting->number);
}

/* Rows that were not told stay unknown. */
static struct repair_row *reach(struct collecting *collecting, int64_t index)
{
    struct repair_rows *rows = collecting->rows;
    rows->row = memory_grow(rows->row, &collecting->capacity, index + 1, sizeof *rows->row);
    while (rows->count <= index)
        rows->row[rows->count++] = (struct repair_row){.window = -1};
    return &rows->row[index];
}

static void visit_row(void *context, const struct scanned_row *scanned)
{
    struct collecting *collecting = context;
    const struct series_record *series = &scanned->series;
    char text[256];
    if (collecting->alien || scanned->unreadable || series->window < 0)
        return;
    int64_t start = segments_start(&collecting->segments, collecting->number);
    struct repair_row *row = reach(collecting, start + scanned->row);
    row->window = series->window;
    row->revision = series->revision;
    row->final = series->final;
    row->change = series->change;
    row->proven = !scanned_row_fault(scanned, collecting->shape.f64, text) &&
                  series->revision >= 0 && digest_parse(series->digest, &row->digest) &&
                  digest_parse(series->stored_digest, &row->stored);
}

static enum status collect_segment(struct collecting *collecting, struct error *err)
{
    char path[PATH_MAX], name[64];
    struct error reason;
    struct frames_scan scan = {.file = visit_file, .row = visit_row, .context = collecting};
    segment_name(collecting->number, name);
    TRY(path_join(path, sizeof path, collecting->directory, name, err));
    collecting->alien = false;
    if (frames_scan(path, &scan, &reason) == STATUS_IO)
        return error_set(err, STATUS_IO, "%s", reason.text);
    return STATUS_OK; /* the rows of one that cannot be read do not prove themselves */
}

enum status repair_rows_collect(const char *directory, struct repair_rows *rows, struct error *err)
{
    char folder[PATH_MAX];
    int64_t lowest = 0, highest = -1;
    struct collecting collecting = {.directory = directory, .rows = rows};
    TRY(path_join(folder, sizeof folder, directory, "frames", err));
    if (!frames_directory_numbers(folder, &lowest, &highest))
        return STATUS_OK;
    for (int64_t number = lowest; number <= highest; number++) {
        collecting.number = number;
        TRY(collect_segment(&collecting, err));
    }
    return STATUS_OK;
}

void repair_rows_release(struct repair_rows *rows)
{
    free(rows->row);
    *rows = (struct repair_rows){0};
}
