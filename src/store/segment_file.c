#include "segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"

/* All space is there from the beginning, found by arithmetic (HDF5's implicit index): no write of
 * a row changes anything but the row. The field's space is never filled, so that the file starts
 * sparse. */
static void place_in_chunks(struct h5_scope *scope, const struct layout_rows *rows, hid_t list,
                            const char *path, int rank, const hsize_t *dims)
{
    (void)path;
    const struct layout *layout = rows->layout;
    hsize_t tile_y = (hsize_t)min_int64(layout->tile, layout->gny);
    hsize_t tile_x = (hsize_t)min_int64(layout->tile, layout->gnx);
    hsize_t chunk[3] = {rank == 1 ? dims[0] : 1, tile_y, tile_x};
    if (rank == 2)
        panels_chunk(dims, chunk);
    h5_check(scope, H5Pset_chunk(list, rank, chunk));
    h5_check(scope, H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY));
    h5_check(scope, H5Pset_fill_time(list, rank < 3 ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER));
}

enum status segment_lay_out(const struct layout *layout, const char *path, int64_t all,
                            struct error *err)
{
    struct layout_rows rows = {
        .rows = all, .max_rows = all, .place = place_in_chunks, .layout = layout};
    return layout_create_file(layout, &rows, path, err);
}

struct extent {
    int rank;
    hsize_t dims[3], most[3];
};

static struct extent get_extent(struct h5_scope *scope, hid_t set)
{
    struct extent extent = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank >= 1 && rank <= 3)
        extent.rank = H5Sget_simple_extent_dims(space, extent.dims, extent.most);
    h5_close_to(scope, mark);
    return extent;
}

static bool has_cell_type(struct h5_scope *scope, hid_t set, const struct layout *layout)
{
    int mark = scope->count;
    bool equal = H5Tequal(h5_own(scope, H5Dget_type(set)), layout_cell_type(layout)) > 0;
    h5_close_to(scope, mark);
    return equal;
}

static enum status check_field(struct h5_scope *scope, hid_t set, const struct layout *layout,
                               int64_t rows, int64_t all, struct error *err)
{
    struct extent e = get_extent(scope, set);
    if (scope->failed)
        return STATUS_OK; /* reported by the scope */
    if (e.rank != 3 || e.dims[1] != (hsize_t)layout->gny || e.dims[2] != (hsize_t)layout->gnx ||
        e.most[0] != (hsize_t)all)
        return error_set(err, STATUS_BAD_DATA,
                         "its frames are not %lld x %lld cells (x, y), %lld to this segment",
                         (long long)layout->gnx, (long long)layout->gny, (long long)all);
    if (!has_cell_type(scope, set, layout))
        return error_set(err, STATUS_BAD_DATA, "its frames are not of type %s",
                         layout->f64 ? "f64" : "f32");
    if (e.dims[0] < (hsize_t)rows)
        return error_set(err, STATUS_BAD_DATA, "it has %llu rows, %lld are needed",
                         (unsigned long long)e.dims[0], (long long)rows);
    return STATUS_OK;
}

static enum status check_windows(struct h5_scope *scope, hid_t file, int64_t rows,
                                 struct error *err)
{
    enum status status = STATUS_OK;
    hid_t set = h5_own(scope, H5Dopen2(file, "/series/window", H5P_DEFAULT));
    struct extent e = get_extent(scope, set);
    int64_t *windows = calloc(e.dims[0] + 1, sizeof *windows);
    if (!windows || scope->failed || e.rank != 1 || e.dims[0] < (hsize_t)rows)
        status = error_set(err, STATUS_BAD_DATA, "its series are too short");
    else if (h5_check(scope,
                      H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, windows)) < 0)
        status = STATUS_OK; /* reported by the scope */
    for (int64_t i = 0; status == STATUS_OK && i < rows; i++)
        if (windows[i] < 0)
            status =
                error_set(err, STATUS_BAD_DATA, "its row %lld was never written", (long long)i);
    free(windows);
    return status;
}

/* The rows of a fixed-size piece of one column become unwritten. */
static void clear_series(struct h5_scope *scope, hid_t set, enum series_kind kind, int64_t first,
                         int64_t end)
{
    if (first >= end)
        return;
    hsize_t start = (hsize_t)first, count = (hsize_t)(end - first);
    hid_t type = series_type(scope, kind),
          memory = h5_own(scope, H5Screate_simple(1, &count, NULL));
    hid_t space = h5_own(scope, H5Dget_space(set));
    struct buffer values = {0};
    size_t size = H5Tget_size(type);
    for (hsize_t i = 0; i < count; i++)
        buffer_append(&values, series_fill(kind), size);
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL));
    h5_check(scope, H5Dwrite(set, type, memory, space, H5P_DEFAULT, values.data));
    buffer_release(&values);
}

static void set_rows(struct h5_scope *scope, hid_t set, int64_t rows)
{
    struct extent e = get_extent(scope, set);
    e.dims[0] = (hsize_t)rows;
    if (!scope->failed)
        h5_check(scope, H5Dset_extent(set, e.dims));
}

/* Gives every dataset `rows` rows; those from `written` on are unwritten. */
static void resize(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                   int64_t rows, int64_t written)
{
    set_rows(scope, h5_own(scope, H5Dopen2(file, "/temperature", H5P_DEFAULT)), rows);
    for (int i = 0; i < SERIES_COLUMNS; i++) {
        int mark = scope->count;
        const struct series_column *column = series_column(i);
        hid_t set = h5_own(scope, H5Dopen2(file, column->path, H5P_DEFAULT));
        set_rows(scope, set, rows);
        clear_series(scope, set, column->kind, written, rows);
        h5_close_to(scope, mark);
    }
    panels_resize(scope, file, groups, rows, written);
}

enum status segment_prepare(const struct layout *layout, const char *path, int64_t rows,
                            int64_t all, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t access = h5_access_in_place(&scope);
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDWR, access));
    hid_t set = h5_own(&scope, H5Dopen2(file, "/temperature", H5P_DEFAULT));
    enum status status = check_field(&scope, set, layout, rows, all, err);
    if (status == STATUS_OK && !scope.failed)
        status = check_windows(&scope, file, rows, err);
    if (status == STATUS_OK && !scope.failed)
        resize(&scope, file, &layout->groups, all, rows);
    if (status != STATUS_OK) {
        struct error ignored;
        (void)!h5_end(&scope, status, &ignored, "%s", path);
        return error_prefix(err, status, "%s", path);
    }
    return h5_end(&scope, STATUS_BAD_DATA, err, "re-opening %s", path);
}

enum status segment_first_time(const char *path, int64_t *event_time_ms, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t one = 1, start = 0;
    int64_t value = 0;
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    hid_t set = h5_own(&scope, H5Dopen2(file, "/series/event_time", H5P_DEFAULT));
    hid_t space = h5_own(&scope, H5Dget_space(set));
    hid_t memory = h5_own(&scope, H5Screate_simple(1, &one, NULL));
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &one, NULL));
    h5_check(&scope, H5Dread(set, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, &value));
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "reading the first row of %s", path));
    *event_time_ms = value;
    return STATUS_OK;
}

enum status segment_trim(const struct layout *layout, const char *path, int64_t rows,
                         struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDWR, h5_access_in_place(&scope)));
    resize(&scope, file, &layout->groups, rows, rows);
    TRY(h5_end(&scope, STATUS_IO, err, "trimming %s to %lld rows", path, (long long)rows));
    return durable_sync(path, err);
}
