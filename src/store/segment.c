#include "segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "grid/agree.h"
#include "row_column.h"

void segment_name(int64_t number, char name[64])
{
    snprintf(name, 64, "frames/seg_%06lld.h5", (long long)number);
}

const char *segment_staged_name(const char *name)
{
    return strrchr(name, '/') + 1;
}

static void open_sets(struct segment *segment)
{
    hsize_t one = 1;
    struct h5_scope *scope = &segment->scope;
    segment->temperature = h5_own(scope, H5Dopen2(segment->file, "/temperature", H5P_DEFAULT));
    segment->field_space = h5_own(scope, H5Dget_space(segment->temperature));
    for (int i = 0; i < SERIES_COLUMNS; i++)
        segment->series[i] =
            h5_own(scope, H5Dopen2(segment->file, series_column(i)->path, H5P_DEFAULT));
    panels_open(scope, segment->file, &segment->groups, H5P_DEFAULT, &segment->panels);
    segment->series_space = h5_own(scope, H5Dget_space(segment->series[0]));
    segment->one_row = h5_own(scope, H5Screate_simple(1, &one, NULL));
    segment->next_offset = segment->lost_offsets = -1;
    if (!scope->failed && H5Lexists(segment->file, "kafka", H5P_DEFAULT) > 0) {
        segment->next_offset =
            h5_own(scope, H5Dopen2(segment->file, "/kafka/next_offset", H5P_DEFAULT));
        segment->lost_offsets =
            h5_own(scope, H5Dopen2(segment->file, "/kafka/lost_offsets", H5P_DEFAULT));
    }
}

/* Rank 0 writes the series itself: through HDF5 a row of 22 columns, of a value each, would take as
 * long as its cells. */
static enum status find_places(struct segment *segment, const struct domain *domain,
                               struct error *err)
{
    struct h5_scope scope = h5_begin();
    int64_t rows = H5Sget_simple_extent_npoints(segment->series_space);
    bool found = row_tiles_find(&scope, segment->temperature, rows, &segment->tiles);
    for (int i = 0; i < SERIES_COLUMNS && found && domain->rank == 0; i++)
        found = row_column_find(&scope, segment->series[i], rows, &segment->column_at[i]);
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "looking where the rows of %s lie", segment->path));
    if (found)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s: its rows do not lie where this program puts them",
                     segment->path);
}

static enum status open_plainly(struct segment *segment, const struct domain *domain,
                                const char *path, struct error *err)
{
    if (domain->rank != 0 && !segment->direct)
        return STATUS_OK;
    TRY(find_places(segment, domain, err));
    segment->fd = open(path, O_RDWR | O_CLOEXEC);
    if (segment->fd < 0)
        return error_set(err, STATUS_IO, "opening %s: %s", segment->path, strerror(errno));
    return STATUS_OK;
}

enum status segment_open(const struct domain *domain, const char *path, struct segment *segment,
                         struct error *err)
{
    struct error ignored;
    segment->scope = h5_begin();
    segment->fd = -1;
    segment->dirty = false;
    segment->file = h5_open_parallel(&segment->scope, path, H5F_ACC_RDWR, domain);
    open_sets(segment);
    if (segment->scope.failed)
        return h5_end(&segment->scope, STATUS_IO, err, "opening %s", segment->path);
    /* Agreed on, for who closes the file waits for the others. */
    enum status status = agree(domain, open_plainly(segment, domain, path, err), err);
    if (status != STATUS_OK)
        (void)!segment_close(segment, &ignored);
    return status;
}

static enum status write_at(const struct segment *segment, int64_t at, const void *bytes,
                            size_t size, struct error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(segment->fd, (const char *)bytes + done, size - done,
                                 (off_t)(at + (int64_t)done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_set(err, STATUS_IO, "writing %s at %lld: %s", segment->path, (long long)at,
                             written < 0 ? strerror(errno) : "nothing is taken");
        done += (size_t)written;
    }
    return STATUS_OK;
}

enum status segment_write_tiles(const struct segment *segment, int64_t row,
                                const struct segment_slab *slab, struct error *err)
{
    const struct row_tiles *tiles = &segment->tiles;
    const char *cells = slab->cells;
    int64_t line = tiles->tile_bytes / tiles->ny, nx = (int64_t)slab->nx, ny = (int64_t)slab->ny;
    for (int64_t x = 0; x < nx; x += tiles->nx)
        for (int64_t y = 0; y < ny; y += tiles->ny) {
            int64_t bytes = min_int64(tiles->ny, ny - y) * line;
            TRY(write_at(segment, row_tiles_place(tiles, row, (int64_t)slab->x0 + x, y), cells,
                         (size_t)bytes, err));
            cells += bytes;
        }
    return STATUS_OK;
}

enum status segment_write_field(struct segment *segment, int64_t row,
                                const struct segment_slab *slab, struct error *err)
{
    segment->dirty = true;
    if (segment->direct)
        return segment_write_tiles(segment, row, slab, err);
    struct h5_scope scope = h5_begin();
    hsize_t start[3] = {(hsize_t)row, 0, slab->x0}, count[3] = {1, slab->ny, slab->nx};
    h5_check(&scope, slab->nx > 0 ? H5Sselect_hyperslab(segment->field_space, H5S_SELECT_SET, start,
                                                        NULL, count, NULL)
                                  : H5Sselect_none(segment->field_space));
    h5_check(&scope, H5Dwrite(segment->temperature, slab->type, slab->space, segment->field_space,
                              slab->transfer, slab->cells));
    return h5_end(&scope, STATUS_IO, err, "writing row %lld of %s", (long long)row, segment->path);
}

enum status segment_read_band(struct segment *segment, int64_t row, const struct segment_band *band,
                              struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start[3] = {(hsize_t)row, band->y0, band->x0}, count[3] = {1, band->ny, band->nx};
    h5_check(&scope,
             H5Sselect_hyperslab(segment->field_space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(&scope, H5Dread(segment->temperature, band->type, band->space, segment->field_space,
                             H5P_DEFAULT, band->cells));
    return h5_end(&scope, STATUS_IO, err, "reading row %lld of %s back", (long long)row,
                  segment->path);
}

enum status segment_write_cells(struct segment *segment, const struct segment_rows *rows,
                                const void *cells, struct error *err)
{
    assert(segment->tiles.row_bytes == segment->tiles.tile_bytes);
    return write_at(segment, row_tiles_place(&segment->tiles, rows->first, 0, 0), cells,
                    (size_t)(rows->count * segment->tiles.row_bytes), err);
}

enum status segment_write_series(struct segment *segment, const struct segment_rows *rows,
                                 const void *const *columns, struct error *err)
{
    for (int i = 0; i < SERIES_COLUMNS; i++) {
        int64_t size = (int64_t)series_size(series_column(i)->kind);
        TRY(write_at(segment, segment->column_at[i] + rows->first * size, columns[i],
                     (size_t)(rows->count * size), err));
    }
    return STATUS_OK;
}

enum status segment_write_panels(struct segment *segment, const struct segment_rows *rows,
                                 const void *const *values, const uint64_t *const *digests,
                                 struct error *err)
{
    struct h5_scope scope = h5_begin();
    const hsize_t place[2] = {(hsize_t)rows->first, (hsize_t)rows->count};
    panels_write_rows(&scope, &segment->groups, &segment->panels, place, values, digests);
    return h5_end(&scope, STATUS_IO, err, "writing the regions of row %lld of %s",
                  (long long)rows->first, segment->path);
}

enum status segment_read_change(struct segment *segment, int64_t row, double *change,
                                struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start = (hsize_t)row, count = 1;
    double value = 0.0;
    h5_check(&scope, H5Sselect_hyperslab(segment->series_space, H5S_SELECT_SET, &start, NULL,
                                         &count, NULL));
    h5_check(&scope, H5Dread(segment->series[SERIES_CHANGE], H5T_IEEE_F64LE, segment->one_row,
                             segment->series_space, H5P_DEFAULT, &value));
    TRY(h5_end(&scope, STATUS_IO, err, "reading the series of row %lld of %s", (long long)row,
               segment->path));
    *change = value;
    return STATUS_OK;
}

enum status segment_write_offsets(struct segment *segment, const struct layout_offsets *offsets,
                                  struct error *err)
{
    if (!offsets->topic || segment->next_offset < 0)
        return STATUS_OK;
    struct h5_scope scope = h5_begin();
    h5_check(&scope, H5Dwrite(segment->next_offset, H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                              offsets->next));
    h5_check(&scope, H5Dwrite(segment->lost_offsets, H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                              offsets->lost));
    return h5_end(&scope, STATUS_IO, err, "writing the offsets of %s", segment->path);
}

enum status segment_flush(struct segment *segment, struct error *err)
{
    struct h5_scope scope = h5_begin();
    segment->dirty = false;
    h5_check(&scope, H5Fflush(segment->file, H5F_SCOPE_LOCAL));
    return h5_end(&scope, STATUS_IO, err, "flushing %s", segment->path);
}

enum status segment_close(struct segment *segment, struct error *err)
{
    if (segment->dirty)
        h5_check(&segment->scope, H5Fflush(segment->file, H5F_SCOPE_LOCAL));
    segment->dirty = false;
    int failed = segment->fd >= 0 ? close(segment->fd) : 0, reason = errno;
    segment->fd = -1;
    TRY(h5_end(&segment->scope, STATUS_IO, err, "closing %s", segment->path));
    if (failed)
        return error_set(err, STATUS_IO, "closing %s: %s", segment->path, strerror(reason));
    return STATUS_OK;
}
