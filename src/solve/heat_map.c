#include "solve/heat_map.h"

#include <stdlib.h>
#include <string.h>

enum { WHOLE_FROM = 8 }; /* a column is kept whole from one heated cell in so many */

struct column {
    size_t start; /* of its entries in rows and gains */
    int count;    /* entries; ny when whole */
    int first;    /* entries below are done with */
    bool whole;   /* entry j is row j */
};

struct heat_map {
    int ny, ghosts, columns;
    int filled;  /* columns that are complete */
    size_t used; /* entries */
    double *gains;
    int *rows;
    struct column *column; /* [columns], column i at i + ghosts */
};

struct heat_map *heat_map_create(int nx, int ny, int ghosts)
{
    struct heat_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    size_t columns = (size_t)nx + 2 * (size_t)ghosts;
    *map = (struct heat_map){.ny = ny, .ghosts = ghosts, .columns = (int)columns};
    bool fits = columns <= SIZE_MAX / sizeof(double) / (size_t)ny;
    map->gains = fits ? malloc(columns * (size_t)ny * sizeof *map->gains) : NULL;
    map->rows = fits ? malloc(columns * (size_t)ny * sizeof *map->rows) : NULL;
    map->column = calloc(columns, sizeof *map->column);
    if (map->gains && map->rows && map->column)
        return map;
    heat_map_destroy(map);
    return NULL;
}

void heat_map_destroy(struct heat_map *map)
{
    if (!map)
        return;
    free(map->gains);
    free(map->rows);
    free(map->column);
    free(map);
}

void heat_map_clear(struct heat_map *map)
{
    map->filled = 0;
    map->used = 0;
    map->column[0] = (struct column){0};
}

/* From the last entry down, so that none is overwritten before it has moved. */
static void make_whole(struct heat_map *map, struct column *column)
{
    double *gains = map->gains + column->start;
    const int *rows = map->rows + column->start;
    int row = map->ny - 1;
    for (int entry = column->count - 1; entry >= 0; entry--) {
        double gain = gains[entry];
        for (; row > rows[entry]; row--)
            gains[row] = -0.0;
        gains[row--] = gain;
    }
    for (; row >= 0; row--)
        gains[row] = -0.0;
    column->whole = true;
    column->count = map->ny;
    map->used = column->start + (size_t)map->ny;
}

static void finish_column(struct heat_map *map)
{
    struct column *column = &map->column[map->filled++];
    if (column->count > map->ny / WHOLE_FROM)
        make_whole(map, column);
}

/* Completes all columns below `end` and begins that one. */
static void begin_column(struct heat_map *map, int end)
{
    while (map->filled < end) {
        finish_column(map);
        if (map->filled < map->columns)
            map->column[map->filled] = (struct column){.start = map->used};
    }
}

void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int count, double tau_s)
{
    int64_t ny = map->ny;
    int at = map->filled;
    int64_t first = 0, end = INT64_MIN; /* cells of the present column */
    for (int i = 0; i < count; i++) {
        if (heat[i].rate == 0.0)
            continue;
        if (heat[i].cell >= end) {
            at = (int)((heat[i].cell + map->ghosts * ny) / ny);
            first = (at - map->ghosts) * ny;
            end = first + ny;
            begin_column(map, at);
        }
        map->rows[map->used] = (int)(heat[i].cell - first);
        map->gains[map->used++] = tau_s * heat[i].rate;
        map->column[at].count++;
    }
}

void heat_map_finish(struct heat_map *map)
{
    begin_column(map, map->columns);
}

bool heat_map_is_empty(const struct heat_map *map)
{
    return map->used == 0;
}

void heat_map_rewind(struct heat_map *map)
{
    for (int i = 0; i < map->columns; i++)
        map->column[i].first = 0;
}

void heat_map_advance(struct heat_map *map, int i, int first)
{
    struct column *column = &map->column[i + map->ghosts];
    const int *rows = map->rows + column->start;
    while (!column->whole && column->first < column->count && rows[column->first] < first)
        column->first++;
}

static void add_sparse(const struct heat_map *map, const struct column *column,
                       const struct heat_rows *to)
{
    const double *gains = map->gains + column->start;
    const int *rows = map->rows + column->start;
    int entry = column->first;
    while (entry < column->count && rows[entry] < to->first)
        entry++;
    for (; entry < column->count && rows[entry] < to->end; entry++)
        to->cells[rows[entry] - to->origin] += gains[entry];
}

void heat_map_add(const struct heat_map *map, const struct kernel *kernel, int i,
                  const struct heat_rows *to)
{
    const struct column *column = &map->column[i + map->ghosts];
    int end = to->end < map->ny ? to->end : map->ny;
    if (!column->whole)
        add_sparse(map, column, to);
    else if (end > to->first)
        kernel->add(to->cells + (to->first - to->origin), map->gains + column->start + to->first,
                    end - to->first);
}
