#include "master.h"

#include <limits.h>
#include <stdio.h>

#include "base/arith.h"
#include "base/durable.h"
#include "segment.h"
#include "store/staging.h"

/* Rows of the master that lie in one segment. */
struct span {
    int64_t number;
    hsize_t start, rows;
};

/* Maps the rows of a segment, as far as there are so many. */
static void map_segment(struct h5_scope *scope, hid_t list, const char *path, int rank,
                        const hsize_t *dims, const struct span *span)
{
    char name[64];
    int mark = scope->count;
    hsize_t source[3] = {span->rows, dims[1], dims[2]};
    hsize_t start[3] = {span->start}, zero[3] = {0};
    hsize_t count[3] = {dims[0] - start[0], dims[1], dims[2]};
    count[0] = count[0] < source[0] ? count[0] : source[0];
    hid_t from = h5_own(scope, H5Screate_simple(rank, source, NULL));
    hid_t to = h5_own(scope, H5Screate_simple(rank, dims, NULL));
    h5_check(scope, H5Sselect_hyperslab(from, H5S_SELECT_SET, zero, NULL, count, NULL));
    h5_check(scope, H5Sselect_hyperslab(to, H5S_SELECT_SET, start, NULL, count, NULL));
    segment_name(span->number, name);
    h5_check(scope, H5Pset_virtual(list, to, name, path, from));
    h5_close_to(scope, mark);
}

static void place_in_segments(struct h5_scope *scope, const struct layout_rows *rows, hid_t list,
                              const char *path, int rank, const hsize_t *dims)
{
    const struct segments *segments = &rows->layout->segments;
    for (struct span span = {0}; (int64_t)span.start < rows->rows; span.number++) {
        span.rows = (hsize_t)segments_rows(segments, span.number);
        map_segment(scope, list, path, rank, dims, &span);
        span.start += span.rows;
    }
}

enum status master_write(const struct layout *layout, const struct master_place *place,
                         int64_t rows, bool sync, struct error *err)
{
    char temporary[PATH_MAX];
    struct layout_rows spans = {
        .rows = rows, .max_rows = rows, .place = place_in_segments, .layout = layout};
    TRY(staging_path(place->staging, "frames.h5", temporary, err));
    TRY(layout_create_file(layout, &spans, temporary, err));
    if (sync)
        TRY(durable_sync(temporary, err));
    return staging_publish(place->staging, "frames.h5", place->path, sync, err);
}
