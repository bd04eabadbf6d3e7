#include "master.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "segment.h"

/* Maps rows [first, first + count) to the first `count` rows of a segment. */
static void map_segment(struct h5_scope *scope, hid_t list, const char *path, int rank,
                        const hsize_t *dims, int64_t number, int64_t per_segment)
{
    char name[64];
    int mark = scope->count;
    hsize_t source[3] = {(hsize_t)per_segment, dims[1], dims[2]};
    hsize_t start[3] = {(hsize_t)(number * per_segment)}, zero[3] = {0};
    hsize_t count[3] = {dims[0] - start[0], dims[1], dims[2]};
    count[0] = count[0] < source[0] ? count[0] : source[0];
    hid_t from = h5_own(scope, H5Screate_simple(rank, source, NULL));
    hid_t to = h5_own(scope, H5Screate_simple(rank, dims, NULL));
    h5_check(scope, H5Sselect_hyperslab(from, H5S_SELECT_SET, zero, NULL, count, NULL));
    h5_check(scope, H5Sselect_hyperslab(to, H5S_SELECT_SET, start, NULL, count, NULL));
    segment_name(number, name);
    h5_check(scope, H5Pset_virtual(list, to, name, path, from));
    h5_close_to(scope, mark);
}

static void place_in_segments(struct h5_scope *scope, const struct layout_rows *rows, hid_t list,
                              const char *path, int rank, const hsize_t *dims)
{
    int64_t per_segment = rows->layout->per_segment;
    for (int64_t number = 0; number * per_segment < rows->rows; number++)
        map_segment(scope, list, path, rank, dims, number, per_segment);
}

enum status master_write(const struct layout *layout, const char *path, int64_t rows, bool sync,
                         struct error *err)
{
    char temporary[PATH_MAX];
    struct layout_rows place = {
        .rows = rows, .max_rows = rows, .place = place_in_segments, .layout = layout};
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", path);
    TRY(layout_create_file(layout, &place, temporary, err));
    if (sync) {
        TRY(durable_sync(temporary, err));
        return durable_rename(temporary, path, err);
    }
    if (rename(temporary, path) != 0)
        return error_set(err, STATUS_IO, "renaming %s: %s", temporary, strerror(errno));
    return STATUS_OK;
}
