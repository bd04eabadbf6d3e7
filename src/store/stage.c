#include "stage.h"

#include <stdlib.h>

/* Blocks of this many cells square fit in the first-level cache, read and written. */
enum { BLOCK = 32 };

struct stage {
    int nx, ny;
    hsize_t x0;
    bool f64;
    float *columns; /* [nx][ny], for f32 only: the values as stored */
    void *rows;     /* [ny][nx] */
    struct h5_scope scope;
    hid_t space, transfer;
};

struct stage *stage_create(const struct domain *domain, bool f64)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return NULL;
    size_t cells = (size_t)domain->nx * (size_t)domain->ny;
    hsize_t dims[2] = {(hsize_t)domain->ny, (hsize_t)domain->nx};
    stage->nx = domain->nx;
    stage->ny = domain->ny;
    stage->x0 = (hsize_t)domain->x0;
    stage->f64 = f64;
    stage->columns = f64 ? NULL : malloc(cells * sizeof *stage->columns);
    stage->rows = malloc(cells * (f64 ? sizeof(double) : sizeof(float)));
    stage->scope = h5_begin();
    stage->space = h5_own(&stage->scope, H5Screate_simple(2, dims, NULL));
    stage->transfer = h5_transfer(&stage->scope);
    if (stage->rows && (f64 || stage->columns) && !stage->scope.failed)
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

struct segment_slab stage_slab(const struct stage *stage)
{
    return (struct segment_slab){
        .cells = stage->rows,
        .type = stage->f64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT,
        .space = stage->space,
        .transfer = stage->transfer,
        .x0 = stage->x0,
        .nx = (hsize_t)stage->nx,
        .ny = (hsize_t)stage->ny,
    };
}
