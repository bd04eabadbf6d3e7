#include "solve/heat_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_AHEAD = 8 }; /* whose entries are fetched */

struct column {
    size_t start; /* of its entries in rows and gains */
    int count;    /* entries; ny when whole */
    int done;     /* entries below the present block */
    bool whole;   /* entry j is row j */
};

_Static_assert(sizeof(double) + sizeof(int) + sizeof(struct kernel_heat) / HEAT_MAP_WHOLE_FROM ==
                   HEAT_MAP_CELL_BYTES,
               "gains, rows and list of a cell");

struct window_heat {
    int filled;               /* columns that are complete */
    int wholes;               /* whole columns */
    size_t first, used;       /* entries are first .. used-1 */
    struct column *column;    /* [columns], column i at i + ghosts */
    struct kernel_heat *list; /* where its part of the list begins: the present block's cells */
    size_t *list_start;       /* [columns + 1] */
    size_t listed;            /* entries of columns that are not whole; in the list for now */
    size_t list_count;
};

struct heat_map {
    int ny, ghosts, columns;
    int most_windows, count;     /* begun since the last clear */
    int pass_first, pass_end;    /* windows of the present pass */
    struct window_heat *windows; /* [most_windows] */
    double *gains;
    int *rows;
    struct column *column; /* [most_windows][columns] */
    struct kernel_heat *list;
    size_t *list_start; /* [most_windows][columns + 1] */
    int first, end;     /* rows of the block */
};

/* Windows before the last are sparse, and together have room for one. */
static bool allocate(struct heat_map *map)
{
    size_t columns = (size_t)map->columns, windows = (size_t)map->most_windows;
    size_t ny = (size_t)map->ny, parts = windows > 1 ? 2 : 1;
    if (columns > SIZE_MAX / sizeof(double) / parts / ny)
        return false;
    map->windows = calloc(windows, sizeof *map->windows);
    map->gains = malloc(parts * columns * ny * sizeof *map->gains);
    map->rows = malloc(parts * columns * ny * sizeof *map->rows);
    map->column = calloc(windows * columns, sizeof *map->column);
    map->list = malloc(parts * columns * (ny / HEAT_MAP_WHOLE_FROM + 1) * sizeof *map->list);
    map->list_start = calloc(windows * (columns + 1), sizeof *map->list_start);
    return map->windows && map->gains && map->rows && map->column && map->list && map->list_start;
}

struct heat_map *heat_map_create(int nx, int ny, int ghosts, int windows)
{
    struct heat_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    *map = (struct heat_map){
        .ny = ny, .ghosts = ghosts, .columns = nx + 2 * ghosts, .most_windows = windows};
    if (!allocate(map)) {
        heat_map_destroy(map);
        return NULL;
    }
    for (int i = 0; i < windows; i++) {
        map->windows[i].column = map->column + (ptrdiff_t)i * map->columns;
        map->windows[i].list_start = map->list_start + (ptrdiff_t)i * (map->columns + 1);
    }
    return map;
}

void heat_map_destroy(struct heat_map *map)
{
    if (!map)
        return;
    free(map->windows);
    free(map->gains);
    free(map->rows);
    free(map->column);
    free(map->list);
    free(map->list_start);
    free(map);
}

void heat_map_clear(struct heat_map *map)
{
    map->count = 0;
}

static struct window_heat *newest(struct heat_map *map)
{
    return &map->windows[map->count - 1];
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
}

static void finish_column(struct heat_map *map)
{
    struct window_heat *window = newest(map);
    struct column *column = &window->column[window->filled++];
    if (column->count <= map->ny / HEAT_MAP_WHOLE_FROM) {
        window->listed += (size_t)column->count;
        return;
    }
    make_whole(map, column);
    window->wholes++;
    window->used = column->start + (size_t)map->ny;
}

/* Completes all columns below `end` and begins that one. */
static void begin_column(struct heat_map *map, int end)
{
    struct window_heat *window = newest(map);
    while (window->filled < end) {
        finish_column(map);
        if (window->filled < map->columns)
            window->column[window->filled] = (struct column){.start = window->used};
    }
}

/* No further entries come. */
static void finish_window(struct heat_map *map)
{
    if (map->count > 0 && !heat_map_is_empty(map, map->count - 1))
        begin_column(map, map->columns);
}

void heat_map_begin_window(struct heat_map *map)
{
    assert(map->count < map->most_windows);
    struct window_heat *before = map->count > 0 ? newest(map) : NULL;
    finish_window(map);
    map->count++;
    struct window_heat *window = newest(map);
    window->filled = window->wholes = 0;
    window->first = window->used = before ? before->used : 0;
    assert(window->first <= (size_t)map->columns * (size_t)map->ny);
    window->list = before ? before->list + before->listed : map->list;
    window->listed = 0;
    window->column[0] = (struct column){.start = window->first};
}

/* The column at work has the entries up to `used`. */
static void settle_column(struct window_heat *window, size_t used)
{
    if (used == window->used)
        return;
    struct column *column = &window->column[window->filled];
    column->count = (int)(used - column->start);
    window->used = used;
}

void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int64_t count,
                     double tau_s)
{
    struct window_heat *window = newest(map);
    int *rows = map->rows;
    double *gains = map->gains;
    size_t used = window->used;
    const int64_t ny = map->ny;
    int64_t first = 0, end = INT64_MIN; /* cells of the present column */
    for (int64_t i = 0; i < count; i++) {
        if (heat[i].rate == 0.0)
            continue;
        if (heat[i].cell >= end) {
            int at = (int)((heat[i].cell + map->ghosts * ny) / ny);
            first = (at - map->ghosts) * ny;
            end = first + ny;
            settle_column(window, used);
            begin_column(map, at);
            used = window->used;
        }
        rows[used] = (int)(heat[i].cell - first);
        gains[used++] = tau_s * heat[i].rate;
    }
    settle_column(window, used);
}

bool heat_map_is_empty(const struct heat_map *map, int window)
{
    return map->windows[window].used == map->windows[window].first;
}

bool heat_map_has_whole_columns(const struct heat_map *map, int window)
{
    return map->windows[window].wholes > 0;
}

bool heat_map_begin_pass(struct heat_map *map, int first, int end)
{
    bool heated = false;
    finish_window(map);
    map->pass_first = first;
    map->pass_end = end;
    for (int w = first; w < end; w++) {
        bool empty = heat_map_is_empty(map, w);
        heated = heated || !empty;
        for (int i = 0; !empty && i < map->columns; i++)
            map->windows[w].column[i].done = 0;
    }
    return heated;
}

void heat_map_begin_block(struct heat_map *map, int first, int end)
{
    map->first = first;
    map->end = end;
    for (int w = map->pass_first; w < map->pass_end; w++)
        map->windows[w].list_count = 0;
}

/* The entries of a column lie far from those of the next, and of a block there are few. */
static void fetch_entries(const struct heat_map *map, const struct window_heat *window, int i)
{
    if (i + map->ghosts >= map->columns)
        return;
    const struct column *column = &window->column[i + map->ghosts];
    size_t entry = column->start + (size_t)column->done;
    __builtin_prefetch(map->rows + entry);
    __builtin_prefetch(map->gains + entry);
}

static void list_column(const struct heat_map *map, struct window_heat *window, int i)
{
    struct column *column = &window->column[i + map->ghosts];
    const int *rows = map->rows + column->start;
    const double *gains = map->gains + column->start;
    const int first = map->first, end = map->end, count = column->count;
    struct kernel_heat *to = window->list + window->list_count;
    int entry = column->done;
    while (entry < count && rows[entry] < first)
        entry++;
    column->done = entry;
    for (; entry < count && rows[entry] < end; entry++)
        *to++ = (struct kernel_heat){i, rows[entry], gains[entry]};
    window->list_count = (size_t)(to - window->list);
}

static void enter_column(const struct heat_map *map, struct window_heat *window, int i)
{
    const struct column *column = &window->column[i + map->ghosts];
    window->list_start[i + map->ghosts] = window->list_count;
    fetch_entries(map, window, i + COLUMNS_AHEAD);
    if (!column->whole && column->done < column->count)
        list_column(map, window, i);
    window->list_start[i + map->ghosts + 1] = window->list_count;
}

void heat_map_enter(struct heat_map *map, int i)
{
    for (int w = map->pass_first; w < map->pass_end; w++)
        if (!heat_map_is_empty(map, w))
            enter_column(map, &map->windows[w], i);
}

static void add_whole_columns(const struct heat_map *map, const struct kernel *kernel,
                              const struct heat_columns *to, int low, int high)
{
    int end = high < map->ny ? high : map->ny;
    for (int i = 0; i < to->count; i++) {
        const struct column *column = &map->windows[to->window].column[to->first + i + map->ghosts];
        if (column->whole && low < end)
            kernel->add(to->cells[i] + (low - to->origin), map->gains + column->start + low,
                        end - low);
    }
}

void heat_map_add(const struct heat_map *map, const struct kernel *kernel,
                  const struct heat_columns *to)
{
    const struct window_heat *window = &map->windows[to->window];
    const size_t *start = window->list_start + (to->first + map->ghosts);
    const struct kernel_heat *entry = window->list + start[0];
    const struct kernel_heat *end = window->list + start[to->count];
    double *const *cells = to->cells; /* copied, as is the rest: any store might change them */
    const int first = to->first, origin = to->origin;
    for (; entry < end; entry++)
        cells[entry->column - first][entry->row - origin] += entry->gain;
    if (window->wholes > 0)
        add_whole_columns(map, kernel, to, map->first, map->end);
}

void heat_map_add_rows(const struct heat_map *map, const struct kernel *kernel,
                       const struct heat_columns *to, int low, int high)
{
    const struct window_heat *window = &map->windows[to->window];
    const size_t *start = window->list_start + (to->first + map->ghosts);
    const struct kernel_heat *entry = window->list + start[0];
    const struct kernel_heat *end = window->list + start[to->count];
    for (; entry < end; entry++)
        if (entry->row >= low && entry->row < high)
            to->cells[entry->column - to->first][entry->row - to->origin] += entry->gain;
    if (window->wholes > 0)
        add_whole_columns(map, kernel, to, low, high);
}

void heat_map_step_again(const struct heat_map *map, const struct kernel *kernel,
                         const struct stencil *stencil, double *const in[],
                         const struct heat_columns *to, int high)
{
    const struct window_heat *window = &map->windows[to->window];
    const size_t *start = window->list_start + (to->first + map->ghosts);
    assert(window->wholes == 0);
    struct kernel_heated heated = {.begin = window->list + start[0],
                                   .end = window->list + start[to->count],
                                   .first = to->first,
                                   .low = to->origin,
                                   .high = high};
    kernel->heat_again(stencil, in, to->cells, &heated);
}
