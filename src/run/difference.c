#include "difference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

/* The row of B that is of the same window. */
static enum status find_row(struct difference *difference, int64_t row, int64_t *found,
                            struct error *err)
{
    struct watch_row record;
    TRY(stored_row(&difference->a, row, &record, err));
    *found = stored_find(&difference->b, record.window);
    if (*found < 0)
        return error_set(err, STATUS_NO_INPUT, "%s has no window %lld", difference->b.name,
                         (long long)record.window);
    return STATUS_OK;
}

static enum status get_other_row(void *context, int64_t row, struct watch_row *out,
                                 struct error *err)
{
    struct difference *difference = context;
    int64_t found;
    TRY(find_row(difference, row, &found, err));
    return stored_row(&difference->b, found, out, err);
}

static enum status get_other_cells(void *context, int64_t row, const struct watch_box *box,
                                   float *cells, struct error *err)
{
    struct difference *difference = context;
    int64_t found;
    TRY(find_row(difference, row, &found, err));
    return difference->b.frames.cells(difference->b.frames.context, found, box, cells, err);
}

/* gcc 12 leaves both conversions out where it makes vectors of them. */
static double rounded_to_f32(double value)
{
    volatile float rounded = (float)value;
    return (double)rounded;
}

/* Both runs' values of a box into the bands, in the type that both can have. */
static enum status read_both(struct difference *difference, const int64_t rows[2],
                             const struct watch_box *box, struct error *err)
{
    const int64_t corners[4] = {box->x0, box->y0, box->x1, box->y1};
    struct stored *sides[2] = {&difference->a, &difference->b};
    size_t cells = (size_t)((box->x1 - box->x0) * (box->y1 - box->y0));
    if (cells > difference->band_cells)
        for (int s = 0; s < 2; s++) {
            free(difference->bands[s]);
            difference->bands[s] = memory_block(cells * sizeof(double));
        }
    difference->band_cells = cells > difference->band_cells ? cells : difference->band_cells;
    for (int s = 0; s < 2; s++)
        TRY(row_reader_exact_cells(sides[s]->reader, rows[s], corners, difference->bands[s], err));
    bool round = sides[0]->shape.f64 != sides[1]->shape.f64;
    for (int s = 0; s < 2 && round; s++)
        for (size_t i = 0; i < cells; i++)
            difference->bands[s][i] = rounded_to_f32(difference->bands[s][i]);
    return STATUS_OK;
}

static enum status get_difference(void *context, int64_t row, const struct watch_box *box,
                                  float *cells, struct error *err)
{
    struct difference *difference = context;
    int64_t rows[2] = {row};
    TRY(find_row(difference, row, &rows[1], err));
    TRY(read_both(difference, rows, box, err));
    for (int64_t i = 0; i < (box->x1 - box->x0) * (box->y1 - box->y0); i++)
        cells[i] = (float)(difference->bands[0][i] - difference->bands[1][i]);
    return STATUS_OK;
}

/* Cells differ by their bits: so a zero from one of the other sign, but no NaN from itself. */
static void note(struct watch_norms *norms, double a, double b, int64_t x, int64_t y)
{
    if (memcmp(&a, &b, sizeof a) == 0)
        return;
    double size = isnan(a - b) ? (double)INFINITY : fabs(a - b);
    bool before = x < norms->x || (x == norms->x && y < norms->y);
    norms->rms += size * size;
    if (norms->cells++ == 0 || size > norms->max || (size == norms->max && before)) {
        norms->max = size;
        norms->x = x;
        norms->y = y;
    }
}

static enum status get_norms(void *context, int64_t row, struct watch_norms *out, struct error *err)
{
    struct difference *difference = context;
    int64_t rows[2] = {row}, nx = difference->a.shape.gnx, ny = difference->a.shape.gny;
    int64_t height = difference->a.shape.tile_y;
    struct watch_norms norms = {0};
    TRY(find_row(difference, row, &rows[1], err));
    for (int64_t y = 0; y < ny; y += height) {
        const struct watch_box box = {0, y, nx, min_int64(ny, y + height)};
        TRY(read_both(difference, rows, &box, err));
        for (int64_t i = 0; i < nx * (box.y1 - y); i++)
            note(&norms, difference->bands[0][i], difference->bands[1][i], i % nx, y + i / nx);
    }
    norms.rms = sqrt(norms.rms / ((double)nx * (double)ny));
    *out = norms;
    return STATUS_OK;
}

static enum status check_grids(const struct difference *difference, struct error *err)
{
    const struct row_place *a = &difference->a.shape, *b = &difference->b.shape;
    if (a->gnx == b->gnx && a->gny == b->gny && a->dx == b->dx && a->dy == b->dy)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s has %lld x %lld cells of %g x %g, %s %lld x %lld of %g x %g: there is no "
                     "difference of the two",
                     difference->a.directory, (long long)a->gnx, (long long)a->gny, a->dx, a->dy,
                     difference->b.directory, (long long)b->gnx, (long long)b->gny, b->dx, b->dy);
}

enum status difference_open(const char *a, const char *b, struct difference *difference,
                            struct error *err)
{
    *difference = (struct difference){0};
    TRY(stored_open(a, &difference->a, err));
    TRY(stored_open(b, &difference->b, err));
    TRY(check_grids(difference, err));
    difference->other = (struct watch_other){
        .name = difference->b.name,
        .rows = {.context = difference, .row = get_other_row, .cells = get_other_cells},
        .difference = {.context = difference, .row = get_other_row, .cells = get_difference},
        .context = difference,
        .norms = get_norms};
    return STATUS_OK;
}

void difference_close(struct difference *difference)
{
    stored_close(&difference->a);
    stored_close(&difference->b);
    free(difference->bands[0]);
    free(difference->bands[1]);
}
