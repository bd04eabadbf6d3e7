#include "frames_read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "store/segments.h"

enum { BLOCK = 32, BAND_BYTES = 1 << 25, CACHE_BYTES = 1 << 20 };

struct frames_reader {
    char path[PATH_MAX];
    struct frames_shape shape;
    struct h5_scope scope; /* owns what follows */
    hid_t file, temperature, field_space, series[SERIES_COLUMNS], types[SERIES_COLUMNS];
    void *rows, *columns;   /* [ny][width], [width][ny] */
    struct digest *digests; /* [gnx] */
};

static size_t cell_size(const struct frames_reader *reader)
{
    return (size_t)frame_cell_bytes(reader->shape.f64);
}

struct frames_shape frames_reader_shape(const struct frames_reader *reader)
{
    return reader->shape;
}

hid_t frames_reader_file(const struct frames_reader *reader)
{
    return reader->file;
}

int64_t frames_reader_width(const struct frames_reader *reader)
{
    const struct frames_shape *shape = &reader->shape;
    int64_t fitting = BAND_BYTES / (shape->gny * (int64_t)cell_size(reader));
    int64_t tiles = max_int64(1, fitting / shape->tile_x);
    return min_int64(shape->gnx, tiles * shape->tile_x);
}

static bool has_our_schema(struct h5_scope *scope, hid_t file)
{
    struct buffer text = {0};
    h5_get_text(scope, file, "heatstream_schema", &text);
    buffer_put_u8(&text, '\0');
    bool ours = strcmp((const char *)text.data, "frames/1") == 0;
    buffer_release(&text);
    return ours;
}

static void get_tile(struct h5_scope *scope, hid_t set, struct frames_shape *shape)
{
    hsize_t chunk[3];
    int mark = scope->count;
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    bool chunked = H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 3, chunk) == 3;
    h5_close_to(scope, mark);
    bool fits = chunked && chunk[1] >= 1 && chunk[2] >= 1 && chunk[1] <= (hsize_t)shape->gny &&
                chunk[2] <= (hsize_t)shape->gnx;
    shape->tile_x = fits ? (int64_t)chunk[2] : shape->gnx;
    shape->tile = max_int64(shape->tile_x, fits ? (int64_t)chunk[1] : shape->gny);
}

static bool has_type(struct h5_scope *scope, hid_t set, hid_t expected)
{
    int mark = scope->count;
    bool equal = H5Tequal(h5_own(scope, H5Dget_type(set)), expected) > 0;
    h5_close_to(scope, mark);
    return equal;
}

/* Sizes beyond these are no frame's, and products of them stay within int64. */
static bool is_size(hsize_t size)
{
    return size >= 1 && size <= INT32_MAX;
}

static enum status open_field(struct frames_reader *reader, struct error *err)
{
    struct h5_scope *scope = &reader->scope;
    hsize_t dims[3] = {0}, most[3] = {0};
    reader->temperature = h5_own(scope, H5Dopen2(reader->file, "/temperature", H5P_DEFAULT));
    reader->field_space = h5_own(scope, H5Dget_space(reader->temperature));
    if (!scope->failed && H5Sget_simple_extent_ndims(reader->field_space) == 3)
        h5_check(scope, H5Sget_simple_extent_dims(reader->field_space, dims, most));
    if (scope->failed)
        return STATUS_OK; /* told by the scope */
    bool f64 = has_type(scope, reader->temperature, H5T_IEEE_F64LE);
    if (!is_size(dims[1]) || !is_size(dims[2]) || dims[0] > (hsize_t)INT64_MAX / 2 ||
        (!f64 && !has_type(scope, reader->temperature, H5T_IEEE_F32LE)))
        return error_set(err, STATUS_BAD_DATA, "%s: /temperature has no shape or type of frames",
                         reader->path);
    reader->shape = (struct frames_shape){.rows = (int64_t)dims[0],
                                          .most_rows = (int64_t)most[0],
                                          .gny = (int64_t)dims[1],
                                          .gnx = (int64_t)dims[2],
                                          .f64 = f64};
    get_tile(scope, reader->temperature, &reader->shape);
    return STATUS_OK;
}

hid_t frames_rows_access(struct h5_scope *scope, hid_t file)
{
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, "/series/window", H5P_DEFAULT));
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    bool filtered = !scope->failed && H5Pget_nfilters(list) > 0;
    h5_close_to(scope, mark);
    hid_t access = h5_own(scope, H5Pcreate(H5P_DATASET_ACCESS));
    if (filtered)
        h5_check(scope, H5Pset_chunk_cache(access, 61, CACHE_BYTES, 1.0));
    return access;
}

static bool has_rows(struct h5_scope *scope, hid_t set, int64_t rows)
{
    hsize_t dims[1] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    bool one =
        H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, dims, NULL) == 1;
    h5_close_to(scope, mark);
    return one && dims[0] == (hsize_t)rows;
}

static enum status open_series(struct frames_reader *reader, struct error *err)
{
    struct h5_scope *scope = &reader->scope;
    hid_t access = frames_rows_access(scope, reader->file);
    for (int i = 0; i < SERIES_COLUMNS && !scope->failed; i++) {
        const struct series_column *column = series_column(i);
        reader->types[i] = series_type(scope, column->kind);
        reader->series[i] = h5_own(scope, H5Dopen2(reader->file, column->path, access));
        if (scope->failed)
            break;
        if (!has_rows(scope, reader->series[i], reader->shape.rows) ||
            !has_type(scope, reader->series[i], reader->types[i]))
            return error_set(err, STATUS_BAD_DATA, "%s: %s has no row for each of the %lld frames",
                             reader->path, column->path, (long long)reader->shape.rows);
    }
    return STATUS_OK;
}

/* Coordinates are the multiples of the second one. */
static enum status check_axis(struct frames_reader *reader, const char *name, int64_t count,
                              double *spacing, struct error *err)
{
    struct h5_scope *scope = &reader->scope;
    int mark = scope->count;
    double *values = memory_zeroed(count, sizeof *values);
    bool even = true;
    hid_t set = h5_own(scope, H5Dopen2(reader->file, name, H5P_DEFAULT));
    if (!scope->failed)
        even = has_rows(scope, set, count) &&
               H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    *spacing = count > 1 ? values[1] : 1.0;
    for (int64_t i = 0; i < count && even; i++)
        even = values[i] == (double)i * *spacing;
    h5_close_to(scope, mark);
    free(values);
    return even ? STATUS_OK
                : error_set(err, STATUS_BAD_DATA, "%s: the coordinates %s are not evenly spaced",
                            reader->path, name);
}

static enum status open_all(struct frames_reader *reader, struct error *err)
{
    struct h5_scope *scope = &reader->scope;
    *scope = h5_begin();
    hid_t access = h5_access_serial(scope);
    reader->file = h5_own(scope, H5Fopen(reader->path, H5F_ACC_RDONLY, access));
    if (!scope->failed && !has_our_schema(scope, reader->file) && !scope->failed)
        return error_set(err, STATUS_BAD_DATA, "%s is not of schema frames/1", reader->path);
    if (!scope->failed)
        TRY(open_field(reader, err));
    if (!scope->failed)
        TRY(open_series(reader, err));
    if (!scope->failed)
        TRY(check_axis(reader, "/x", reader->shape.gnx, &reader->shape.dx, err));
    if (!scope->failed)
        TRY(check_axis(reader, "/y", reader->shape.gny, &reader->shape.dy, err));
    return STATUS_OK;
}

enum status frames_reader_open(const char *path, struct frames_reader **out, struct error *err)
{
    if (strlen(path) >= PATH_MAX || !durable_exists(path))
        return error_set(err, STATUS_NO_INPUT, "%s is missing", path);
    struct frames_reader *reader = memory_zeroed(1, sizeof *reader);
    strcpy(reader->path, path);
    enum status status = open_all(reader, err);
    if (status == STATUS_OK && reader->scope.failed)
        status = h5_end(&reader->scope, STATUS_BAD_DATA, err, "reading %s", path);
    if (status != STATUS_OK) {
        frames_reader_close(reader);
        return status;
    }
    size_t band = (size_t)frames_reader_width(reader) * (size_t)reader->shape.gny;
    reader->rows = memory_block(band * cell_size(reader));
    reader->columns = memory_block(band * cell_size(reader));
    reader->digests = memory_zeroed(reader->shape.gnx, sizeof *reader->digests);
    *out = reader;
    return STATUS_OK;
}

void frames_reader_close(struct frames_reader *reader)
{
    if (!reader)
        return;
    h5_close_to(&reader->scope, 0);
    free(reader->rows);
    free(reader->columns);
    free(reader->digests);
    free(reader);
}

enum status frames_reader_series(struct frames_reader *reader, int64_t row,
                                 struct series_record *record, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start = (hsize_t)row, one = 1;
    struct series_record read = {0};
    hid_t memory = h5_own(&scope, H5Screate_simple(1, &one, NULL));
    for (int i = 0; i < SERIES_COLUMNS; i++) {
        int mark = scope.count;
        hid_t space = h5_own(&scope, H5Dget_space(reader->series[i]));
        h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &one, NULL));
        h5_check(&scope, H5Dread(reader->series[i], reader->types[i], memory, space, H5P_DEFAULT,
                                 (char *)&read + series_column(i)->offset));
        h5_close_to(&scope, mark);
    }
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "reading the series of row %lld of %s", (long long)row,
               reader->path));
    *record = read;
    return STATUS_OK;
}

/* [ny][nx] of cells of the unsigned type to [nx][ny]. */
#define TRANSPOSE(type, to, from, nx, ny)                                                          \
    for (int64_t x = 0; x < (nx); x += BLOCK)                                                      \
        for (int64_t y = 0; y < (ny); y += BLOCK)                                                  \
            for (int64_t i = x; i < min_int64(x + BLOCK, (nx)); i++)                               \
                for (int64_t j = y; j < min_int64(y + BLOCK, (ny)); j++)                           \
    ((type *)(to))[i * (ny) + j] = ((const type *)(from))[j * (nx) + i]

static void transpose(const struct frames_reader *reader, int64_t nx)
{
    int64_t ny = reader->shape.gny;
    if (reader->shape.f64)
        TRANSPOSE(uint64_t, reader->columns, reader->rows, nx, ny);
    else
        TRANSPOSE(uint32_t, reader->columns, reader->rows, nx, ny);
}

/* Columns [x0, x0 + nx) of a row to reader->rows, [ny][nx]. */
static enum status read_band(struct frames_reader *reader, int64_t row, int64_t x0, int64_t nx,
                             struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start[3] = {(hsize_t)row, 0, (hsize_t)x0};
    hsize_t count[3] = {1, (hsize_t)reader->shape.gny, (hsize_t)nx};
    hid_t type = reader->shape.f64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
    hid_t memory = h5_own(&scope, H5Screate_simple(2, count + 1, NULL));
    h5_check(&scope,
             H5Sselect_hyperslab(reader->field_space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(&scope, H5Dread(reader->temperature, type, memory, reader->field_space, H5P_DEFAULT,
                             reader->rows));
    return h5_end(&scope, STATUS_BAD_DATA, err, "reading row %lld of %s", (long long)row,
                  reader->path);
}

enum status frames_reader_columns(struct frames_reader *reader, int64_t row, int64_t x0, int64_t nx,
                                  const void **cells, struct error *err)
{
    TRY(read_band(reader, row, x0, nx, err));
    transpose(reader, nx);
    *cells = reader->columns;
    return STATUS_OK;
}

static void digest_band(struct frames_reader *reader, int64_t x0, int64_t nx)
{
    size_t size = (size_t)reader->shape.gny * cell_size(reader);
    transpose(reader, nx);
    for (int64_t i = 0; i < nx; i++)
        reader->digests[x0 + i] =
            digest_bytes((const char *)reader->columns + (size_t)i * size, size);
}

static struct digest combine_digests(const struct frames_reader *reader)
{
    return digest_bytes(reader->digests, (size_t)reader->shape.gnx * sizeof *reader->digests);
}

enum status frames_reader_digest(struct frames_reader *reader, int64_t row, struct digest *digest,
                                 struct error *err)
{
    int64_t gnx = reader->shape.gnx, width = frames_reader_width(reader);
    for (int64_t x0 = 0; x0 < gnx; x0 += width) {
        int64_t nx = min_int64(width, gnx - x0);
        TRY(read_band(reader, row, x0, nx, err));
        digest_band(reader, x0, nx);
    }
    *digest = combine_digests(reader);
    return STATUS_OK;
}

/* What was read last to the same columns of another file. */
static enum status write_band(struct frames_reader *reader, hid_t to, const hsize_t start[3],
                              int64_t nx, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t count[3] = {1, (hsize_t)reader->shape.gny, (hsize_t)nx};
    hid_t type = reader->shape.f64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
    hid_t memory = h5_own(&scope, H5Screate_simple(2, count + 1, NULL));
    hid_t space = h5_own(&scope, H5Dget_space(to));
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(&scope, H5Dwrite(to, type, memory, space, H5P_DEFAULT, reader->rows));
    return h5_end(&scope, STATUS_IO, err, "writing a copy of a row of %s", reader->path);
}

enum status frames_reader_copy(struct frames_reader *reader, int64_t row,
                               const struct frames_target *to, struct digest *digest,
                               struct error *err)
{
    int64_t gnx = reader->shape.gnx, width = frames_reader_width(reader);
    for (int64_t x0 = 0; x0 < gnx; x0 += width) {
        const hsize_t start[3] = {(hsize_t)to->row, 0, (hsize_t)x0};
        int64_t nx = min_int64(width, gnx - x0);
        TRY(read_band(reader, row, x0, nx, err));
        TRY(write_band(reader, to->set, start, nx, err));
        digest_band(reader, x0, nx);
        TRY(to->go_on(to->context, err));
    }
    *digest = combine_digests(reader);
    return STATUS_OK;
}
