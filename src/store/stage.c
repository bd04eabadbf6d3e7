#include "stage.h"

#include <math.h>
#include <stdlib.h>

#include "base/arith.h"

/* Blocks of this many cells square fit in the first-level cache, read and written. What is read
 * back fits in the second-level one. */
enum { BLOCK = 32, BAND_BYTES = 1 << 18 };

struct stage {
    int nx, ny;
    hsize_t x0;
    bool f64;
    float *columns; /* [nx][ny], for f32 only: the values as stored */
    void *rows;     /* [ny][nx] */
    void *band;     /* [band_ny][nx], read back */
    int band_ny;
    struct h5_scope scope;
    hid_t space, band_space, transfer;
};

static size_t cell_size(bool f64)
{
    return f64 ? sizeof(double) : sizeof(float);
}

/* At least one row of cells, at most all. */
static int rows_of_band(const struct domain *domain, bool f64)
{
    int64_t fitting = BAND_BYTES / (domain->nx * (int64_t)cell_size(f64));
    return (int)max_int64(1, min_int64(fitting, domain->ny));
}

struct stage *stage_create(const struct domain *domain, bool f64)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return NULL;
    size_t cells = (size_t)domain->nx * (size_t)domain->ny;
    int band_ny = rows_of_band(domain, f64);
    hsize_t dims[2] = {(hsize_t)domain->ny, (hsize_t)domain->nx};
    hsize_t band_dims[2] = {(hsize_t)band_ny, (hsize_t)domain->nx};
    stage->nx = domain->nx;
    stage->ny = domain->ny;
    stage->x0 = (hsize_t)domain->x0;
    stage->f64 = f64;
    stage->columns = f64 ? NULL : malloc(cells * sizeof *stage->columns);
    stage->rows = malloc(cells * cell_size(f64));
    stage->band = malloc((size_t)band_ny * (size_t)domain->nx * cell_size(f64));
    stage->band_ny = band_ny;
    stage->scope = h5_begin();
    stage->space = h5_own(&stage->scope, H5Screate_simple(2, dims, NULL));
    stage->band_space = h5_own(&stage->scope, H5Screate_simple(2, band_dims, NULL));
    stage->transfer = h5_transfer(&stage->scope);
    if (stage->rows && stage->band && (f64 || stage->columns) && !stage->scope.failed)
        return stage;
    stage_destroy(stage);
    return NULL;
}

void stage_destroy(struct stage *stage)
{
    if (!stage)
        return;
    h5_close_to(&stage->scope, 0);
    free(stage->columns);
    free(stage->rows);
    free(stage->band);
    free(stage);
}

static int end_of_block(int start, int most)
{
    return start + BLOCK < most ? start + BLOCK : most;
}

static void transpose_f32_block(const struct stage *stage, int x, int y)
{
    float *rows = stage->rows;
    int x_end = end_of_block(x, stage->nx), y_end = end_of_block(y, stage->ny);
    for (int j = y; j < y_end; j++)
        for (int i = x; i < x_end; i++)
            rows[(size_t)j * (size_t)stage->nx + (size_t)i] =
                stage->columns[(size_t)i * (size_t)stage->ny + (size_t)j];
}

static void transpose_f64_block(const struct stage *stage, const struct field *field, int x, int y)
{
    double *rows = stage->rows;
    int x_end = end_of_block(x, stage->nx), y_end = end_of_block(y, stage->ny);
    for (int j = y; j < y_end; j++)
        for (int i = x; i < x_end; i++)
            rows[(size_t)j * (size_t)stage->nx + (size_t)i] = field_column(field, i)[j];
}

static void convert_column(float *restrict to, const double *restrict from, int ny)
{
    for (int j = 0; j < ny; j++)
        to[j] = (float)from[j];
}

static struct digest stage_f32(struct stage *stage, struct digester *digester,
                               const struct field *field)
{
    size_t ny = (size_t)stage->ny;
    for (int i = 0; i < stage->nx; i++) {
        float *column = stage->columns + (size_t)i * ny;
        convert_column(column, field_column(field, i), stage->ny);
        digest_column(digester, i, column, ny * sizeof *column);
    }
    for (int x = 0; x < stage->nx; x += BLOCK)
        for (int y = 0; y < stage->ny; y += BLOCK)
            transpose_f32_block(stage, x, y);
    return digest_combine(digester);
}

struct digest stage_field(struct stage *stage, struct digester *digester, const struct field *field)
{
    if (!stage->f64)
        return stage_f32(stage, digester, field);
    for (int x = 0; x < stage->nx; x += BLOCK)
        for (int y = 0; y < stage->ny; y += BLOCK)
            transpose_f64_block(stage, field, x, y);
    return digest_field(digester, field);
}

static hid_t cell_type(const struct stage *stage)
{
    return stage->f64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
}

struct segment_slab stage_slab(const struct stage *stage)
{
    return (struct segment_slab){
        .cells = stage->rows,
        .type = cell_type(stage),
        .space = stage->space,
        .transfer = stage->transfer,
        .x0 = stage->x0,
        .nx = (hsize_t)stage->nx,
        .ny = (hsize_t)stage->ny,
    };
}

static double largest_of_f32(const float *restrict new, const float *restrict old, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        double change = fabs((double)new[i] - (double)old[i]);
        most = change > most ? change : most;
    }
    return most;
}

static double largest_of_f64(const double *restrict new, const double *restrict old, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        double change = fabs(new[i] - old[i]);
        most = change > most ? change : most;
    }
    return most;
}

static double largest_change(const struct stage *stage, int y, int rows)
{
    size_t nx = (size_t)stage->nx, start = (size_t)y * nx, count = (size_t)rows * nx;
    if (stage->f64)
        return largest_of_f64((const double *)stage->rows + start, stage->band, count);
    return largest_of_f32((const float *)stage->rows + start, stage->band, count);
}

static enum status read_band(struct stage *stage, struct segment *segment, int64_t row, int y,
                             int rows, struct error *err)
{
    struct segment_band band = {.cells = stage->band,
                                .type = cell_type(stage),
                                .space = stage->band_space,
                                .x0 = stage->x0,
                                .nx = (hsize_t)stage->nx,
                                .y0 = (hsize_t)y,
                                .ny = (hsize_t)rows};
    hsize_t zero[2] = {0, 0}, count[2] = {band.ny, band.nx};
    if (H5Sselect_hyperslab(stage->band_space, H5S_SELECT_SET, zero, NULL, count, NULL) < 0)
        return error_set(err, STATUS_IO, "reading row %lld back: no memory", (long long)row);
    return segment_read_band(segment, row, &band, err);
}

enum status stage_compare(struct stage *stage, struct segment *segment, int64_t row, double *most,
                          struct error *err)
{
    double largest = 0.0;
    for (int y = 0; y < stage->ny; y += stage->band_ny) {
        int rows = (int)min_int64(stage->band_ny, stage->ny - y);
        TRY(read_band(stage, segment, row, y, rows, err));
        double change = largest_change(stage, y, rows);
        largest = change > largest ? change : largest;
    }
    *most = largest;
    return STATUS_OK;
}
