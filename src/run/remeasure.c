#include "remeasure.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "deck/regions.h"
#include "grid/regions.h"

struct remeasure {
    const struct stored *stored;
    struct domain *domain; /* the box around the regions */
    int64_t x0, y0;        /* its lower left cell */
    struct field *field;
    struct regions *meter;
    double *band; /* a line of tiles within the box */
};

/* The cells of the wanted regions, one after the other. */
struct wanted_cells {
    struct buffer runs;
    struct region_cells *regions;
    int count;
};

static void collect(const struct deck *deck, const bool *wanted, struct wanted_cells *cells)
{
    _Static_assert(sizeof(struct deck_run) == sizeof(struct cell_run), "taken as they are");
    cells->regions = memory_zeroed(deck->regions.count, sizeof *cells->regions);
    for (int i = 0; i < deck->regions.count; i++) {
        size_t before = cells->runs.size;
        if (!wanted[i])
            continue;
        deck_region_runs(deck, &deck_regions(deck)[i], &cells->runs);
        cells->regions[cells->count++].count =
            (int64_t)((cells->runs.size - before) / sizeof(struct cell_run));
    }
    struct cell_run *next = (void *)cells->runs.data;
    for (int i = 0; i < cells->count; next += cells->regions[i++].count)
        cells->regions[i].runs = next;
}

/* Moves the cells so that the box around them begins at (0, 0). */
static void find_box(struct remeasure *remeasure, struct wanted_cells *cells)
{
    struct cell_run *runs = (void *)cells->runs.data;
    int64_t count = (int64_t)(cells->runs.size / sizeof *runs);
    int64_t x0 = INT64_MAX, y0 = INT64_MAX, x1 = 0, y1 = 0;
    for (int64_t i = 0; i < count; i++) {
        x0 = min_int64(x0, runs[i].x);
        x1 = max_int64(x1, runs[i].x + 1);
        y0 = min_int64(y0, runs[i].y0);
        y1 = max_int64(y1, runs[i].y1);
    }
    for (int64_t i = 0; i < count; i++)
        runs[i] = (struct cell_run){runs[i].x - x0, runs[i].y0 - y0, runs[i].y1 - y0};
    remeasure->x0 = x0;
    remeasure->y0 = y0;
    remeasure->domain = domain_create_alone(x1 - x0, y1 - y0);
}

enum status remeasure_create(const struct stored *stored, const struct deck *deck,
                             const bool *wanted, struct remeasure **made, struct error *err)
{
    int percentiles[DECK_PERCENTILES_MAX];
    struct wanted_cells cells = {0};
    struct remeasure *remeasure = memory_zeroed(1, sizeof *remeasure);
    remeasure->stored = stored;
    collect(deck, wanted, &cells);
    find_box(remeasure, &cells);
    const struct domain *box = remeasure->domain;
    remeasure->meter = regions_create(
        box, &(struct regions_config){.regions = cells.regions,
                                      .count = cells.count,
                                      .percentiles = percentiles,
                                      .percentile_count = deck_percentiles(deck, percentiles)});
    remeasure->field = field_create(box, 0.0);
    remeasure->band = memory_block((size_t)(box->gnx * stored->shape.tile_y) * sizeof(double));
    buffer_release(&cells.runs);
    free(cells.regions);
    if (remeasure->field) {
        *made = remeasure;
        return STATUS_OK;
    }
    int64_t nx = box->gnx, ny = box->gny;
    remeasure_destroy(remeasure);
    return error_set(err, STATUS_NO_INPUT,
                     "measuring regions in a box of %lld x %lld cells: not "
                     "enough memory",
                     (long long)nx, (long long)ny);
}

void remeasure_destroy(struct remeasure *remeasure)
{
    if (!remeasure)
        return;
    regions_destroy(remeasure->meter);
    field_destroy(remeasure->field);
    domain_destroy(remeasure->domain);
    free(remeasure->band);
    free(remeasure);
}

/* Lines y0 .. y1 - 1 of the grid. */
static enum status read_band(struct remeasure *remeasure, int64_t row, int64_t y0, int64_t y1,
                             struct error *err)
{
    int64_t nx = remeasure->domain->gnx;
    const int64_t box[4] = {remeasure->x0, y0, remeasure->x0 + nx, y1};
    TRY(row_reader_exact_cells(remeasure->stored->reader, row, box, remeasure->band, err));
    for (int64_t x = 0; x < nx; x++) {
        double *column = field_column(remeasure->field, (int)x) + (y0 - remeasure->y0);
        for (int64_t y = 0; y < y1 - y0; y++)
            column[y] = remeasure->band[y * nx + x];
    }
    return STATUS_OK;
}

enum status remeasure_row(struct remeasure *remeasure, int64_t row, const double **stats,
                          struct error *err)
{
    int64_t tile = remeasure->stored->shape.tile_y, end = remeasure->y0 + remeasure->domain->gny;
    for (int64_t y = remeasure->y0, next; y < end; y = next) {
        next = min_int64(end, (y / tile + 1) * tile);
        TRY(read_band(remeasure, row, y, next, err));
    }
    regions_measure(remeasure->meter, remeasure->field, stats);
    return STATUS_OK;
}
