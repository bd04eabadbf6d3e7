#include "solve/heat_map.h"

#include <stdlib.h>
#include <string.h>

enum { WHOLE_FROM = 8 }; /* a column is kept whole from one heated cell in so many */

struct column {
    size_t start; /* of its entries in rows and gains */
    int count;    /* entries; ny when whole */
    int done;     /* entries below the present block */
    bool whole;   /* entry j is row j */
};

/* The cells of the present block in one list, so that a bundle of columns is one loop. */
struct listed {
    int column, row;
    double gain;
};

_Static_assert(sizeof(double) + sizeof(int) + sizeof(struct listed) / WHOLE_FROM ==
                   HEAT_MAP_CELL_BYTES,
               "gains, rows and list of a cell");

struct heat_map {
    int ny, ghosts, columns;
    int filled;  /* columns that are complete */
    int wholes;  /* whole columns */
    size_t used; /* entries */
    double *gains;
    int *rows;
    struct column *column; /* [columns], column i at i + ghosts */
    int first, end;        /* rows of the block */
    struct listed *list;
    size_t *list_start; /* [columns + 1] */
    size_t list_count;
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
    map->list = fits ? malloc(columns * ((size_t)ny / WHOLE_FROM + 1) * sizeof *map->list) : NULL;
    map->list_start = calloc(columns + 1, sizeof *map->list_start);
    if (map->gains && map->rows && map->column && map->list && map->list_start)
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
    free(map->list);
    free(map->list_start);
    free(map);
}

void heat_map_clear(struct heat_map *map)
{
    map->filled = 0;
    map->used = 0;
    map->wholes = 0;
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
    map->wholes++;
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

void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int64_t count,
                     double tau_s)
{
    int64_t ny = map->ny;
    int at = map->filled;
    int64_t first = 0, end = INT64_MIN; /* cells of the present column */
    for (int64_t i = 0; i < count; i++) {
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
    if (map->used > 0)
        begin_column(map, map->columns);
}

bool heat_map_is_empty(const struct heat_map *map)
{
    return map->used == 0;
}

bool heat_map_has_whole_columns(const struct heat_map *map)
{
    return map->wholes > 0;
}

void heat_map_begin_block(struct heat_map *map, int first, int end, bool lowest)
{
    map->first = first;
    map->end = end;
    map->list_count = 0;
    for (int i = 0; lowest && i < map->columns; i++)
        map->column[i].done = 0;
}

static void list_column(struct heat_map *map, struct column *column, int i)
{
    const int *rows = map->rows + column->start;
    const double *gains = map->gains + column->start;
    int entry = column->done;
    while (entry < column->count && rows[entry] < map->first)
        entry++;
    column->done = entry;
    for (; entry < column->count && rows[entry] < map->end; entry++)
        map->list[map->list_count++] = (struct listed){i, rows[entry], gains[entry]};
}

void heat_map_enter(struct heat_map *map, int i)
{
    struct column *column = &map->column[i + map->ghosts];
    map->list_start[i + map->ghosts] = map->list_count;
    if (!column->whole && column->done < column->count)
        list_column(map, column, i);
    map->list_start[i + map->ghosts + 1] = map->list_count;
}

static void add_whole_columns(const struct heat_map *map, const struct kernel *kernel,
                              const struct heat_columns *to, int low, int high)
{
    int end = high < map->ny ? high : map->ny;
    for (int i = 0; i < to->count; i++) {
        const struct column *column = &map->column[to->first + i + map->ghosts];
        if (column->whole && low < end)
            kernel->add(to->cells[i] + (low - to->origin), map->gains + column->start + low,
                        end - low);
    }
}

void heat_map_add(const struct heat_map *map, const struct kernel *kernel,
                  const struct heat_columns *to)
{
    const size_t *start = map->list_start + (to->first + map->ghosts);
    const struct listed *entry = map->list + start[0], *end = map->list + start[to->count];
    for (; entry < end; entry++)
        to->cells[entry->column - to->first][entry->row - to->origin] += entry->gain;
    if (map->wholes > 0)
        add_whole_columns(map, kernel, to, map->first, map->end);
}

void heat_map_add_rows(const struct heat_map *map, const struct kernel *kernel,
                       const struct heat_columns *to, int low, int high)
{
    const size_t *start = map->list_start + (to->first + map->ghosts);
    const struct listed *entry = map->list + start[0], *end = map->list + start[to->count];
    for (; entry < end; entry++)
        if (entry->row >= low && entry->row < high)
            to->cells[entry->column - to->first][entry->row - to->origin] += entry->gain;
    if (map->wholes > 0)
        add_whole_columns(map, kernel, to, low, high);
}
