#include "solve/heat_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { COLUMNS_AHEAD = 8, NOT_WHOLE = -1 };

_Static_assert(sizeof(double) + 2 * sizeof(struct kernel_heat) / HEAT_MAP_WHOLE_FROM ==
                   HEAT_MAP_CELL_BYTES,
               "a cell is in a whole column or, one in HEAT_MAP_WHOLE_FROM, in two lists");

struct window_heat {
    bool heated;
    int wholes;                /* whole columns */
    ptrdiff_t *whole;          /* [columns]: where its gains begin, or NOT_WHOLE */
    struct kernel_heat **list; /* [blocks] */
    int *start;                /* [blocks][columns + 1]: where a column begins in the list */
    size_t listed, gains;      /* used of the room of all windows, up to this one */
};

struct heat_map {
    struct heat_map_config config;
    int columns, blocks;
    int *first_block, *end_block; /* [rows / KERNEL_ROWS]: of the blocks that step these rows */
    int *filled;                  /* [blocks]: entries of the window at work */
    int count;                    /* windows since the last clear */
    int pass_first, pass_end;     /* windows of the present pass */
    int block, block_end;         /* at work */
    int low, high;                /* rows that any of its levels steps */
    size_t gains_room, list_room;
    struct window_heat *windows; /* [config.windows] */
    ptrdiff_t *whole;            /* of all windows, as are those below */
    struct kernel_heat **lists;
    int *start;
    double *gains;
    struct kernel_heat *list;
};

/* The heated cells of one column in the order of its rows. */
struct column_heat {
    const struct slab_heat *begin, *end;
    int column; /* the first ghost column is 0 */
    int64_t first_cell;
    int heated; /* of rate other than 0 */
};

static int div_up(int a, int b)
{
    return (a + b - 1) / b;
}

static void find_blocks_of_rows(struct heat_map *map)
{
    const int height = map->config.block_rows, reach = map->config.reach;
    for (int row = 0; row < map->config.ny; row += KERNEL_ROWS) {
        int first = row < reach ? 0 : (row - reach) / height;
        map->first_block[row / KERNEL_ROWS] = first;
        map->end_block[row / KERNEL_ROWS] = min_int((row + reach) / height + 1, map->blocks);
    }
}

/* Windows before the last are sparse, and together have room for one. */
static bool allocate(struct heat_map *map)
{
    const struct heat_map_config *config = &map->config;
    size_t columns = (size_t)map->columns, windows = (size_t)config->windows;
    size_t ny = (size_t)config->ny, blocks = (size_t)map->blocks, parts = windows > 1 ? 2 : 1;
    size_t groups = (size_t)div_up(config->ny, KERNEL_ROWS);
    size_t lists = (size_t)min_int(2 * config->reach / config->block_rows + 2, map->blocks);
    if (columns > SIZE_MAX / sizeof(struct kernel_heat) / parts / lists / (ny + 1))
        return false;
    map->gains_room = parts * columns * ny;
    map->list_room = parts * columns * (ny / HEAT_MAP_WHOLE_FROM + 1) * lists;
    map->first_block = malloc(groups * sizeof *map->first_block);
    map->end_block = malloc(groups * sizeof *map->end_block);
    map->filled = malloc(blocks * sizeof *map->filled);
    map->windows = calloc(windows, sizeof *map->windows);
    map->whole = malloc(windows * columns * sizeof *map->whole);
    map->lists = malloc(windows * blocks * sizeof *map->lists);
    map->start = malloc(windows * blocks * (columns + 1) * sizeof *map->start);
    map->gains = malloc(map->gains_room * sizeof *map->gains);
    map->list = malloc(map->list_room * sizeof *map->list);
    return map->first_block && map->end_block && map->filled && map->windows && map->whole &&
           map->lists && map->start && map->gains && map->list;
}

struct heat_map *heat_map_create(const struct heat_map_config *config)
{
    struct heat_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->config = *config;
    map->columns = config->nx + 2 * config->ghosts;
    map->blocks = div_up(config->ny, config->block_rows);
    if (!allocate(map)) {
        heat_map_destroy(map);
        return NULL;
    }
    find_blocks_of_rows(map);
    for (ptrdiff_t i = 0; i < config->windows; i++) {
        struct window_heat *window = &map->windows[i];
        window->whole = map->whole + i * map->columns;
        window->list = map->lists + i * map->blocks;
        window->start = map->start + i * map->blocks * (map->columns + 1);
    }
    return map;
}

void heat_map_destroy(struct heat_map *map)
{
    if (!map)
        return;
    free(map->first_block);
    free(map->end_block);
    free(map->filled);
    free(map->windows);
    free(map->whole);
    free(map->lists);
    free(map->start);
    free(map->gains);
    free(map->list);
    free(map);
}

void heat_map_clear(struct heat_map *map)
{
    map->count = 0;
}

/* False when the part has no more. */
static bool next_column(const struct heat_map *map, const struct heat_part *part,
                        struct column_heat *column)
{
    const struct slab_heat *heat = column->end, *end = part->heat + part->count;
    const int64_t ny = map->config.ny, ghosts = map->config.ghosts;
    if (heat == end)
        return false;
    column->begin = heat;
    column->column = (int)((heat->cell + ghosts * ny) / ny);
    column->first_cell = (column->column - ghosts) * ny;
    column->heated = 0;
    for (; heat < end && heat->cell < column->first_cell + ny; heat++)
        column->heated += heat->rate != 0.0;
    column->end = heat;
    return true;
}

static bool is_whole(const struct heat_map *map, const struct column_heat *column)
{
    return column->heated > map->config.ny / HEAT_MAP_WHOLE_FROM;
}

static void count_column(struct heat_map *map, const struct column_heat *column)
{
    int *filled = map->filled;
    for (const struct slab_heat *heat = column->begin; heat < column->end; heat++) {
        int group = (int)(heat->cell - column->first_cell) / KERNEL_ROWS;
        for (int block = map->first_block[group];
             heat->rate != 0.0 && block < map->end_block[group]; block++)
            filled[block]++;
    }
}

/* How many entries each list will have. */
static void count_entries(struct heat_map *map, const struct heat_part *part)
{
    struct column_heat column = {.end = part->heat};
    while (next_column(map, part, &column))
        if (!is_whole(map, &column))
            count_column(map, &column);
}

static void place_lists(struct heat_map *map, struct window_heat *window)
{
    for (int block = 0; block < map->blocks; block++) {
        window->list[block] = map->list + window->listed;
        window->listed += (size_t)map->filled[block];
        map->filled[block] = 0;
    }
    assert(window->listed <= map->list_room);
}

static void list_column(struct heat_map *map, struct window_heat *window,
                        const struct column_heat *column, double tau_s)
{
    const int at = column->column - map->config.ghosts;
    struct kernel_heat *const *list = window->list;
    int *filled = map->filled;
    for (const struct slab_heat *heat = column->begin; heat < column->end; heat++) {
        int row = (int)(heat->cell - column->first_cell);
        struct kernel_heat entry = {at, row, tau_s * heat->rate};
        const int end = map->end_block[row / KERNEL_ROWS];
        for (int block = map->first_block[row / KERNEL_ROWS]; heat->rate != 0.0 && block < end;
             block++)
            list[block][filled[block]++] = entry;
    }
}

static void keep_whole(struct heat_map *map, struct window_heat *window,
                       const struct column_heat *column, double tau_s)
{
    const int ny = map->config.ny;
    double *gains = map->gains + window->gains;
    assert(window->gains + (size_t)ny <= map->gains_room);
    for (int row = 0; row < ny; row++)
        gains[row] = -0.0;
    for (const struct slab_heat *heat = column->begin; heat < column->end; heat++)
        if (heat->rate != 0.0)
            gains[heat->cell - column->first_cell] = tau_s * heat->rate;
    window->whole[column->column] = (ptrdiff_t)window->gains;
    window->gains += (size_t)ny;
    window->wholes++;
}

/* The list of every block has come to where these columns begin. */
static void start_columns(const struct heat_map *map, struct window_heat *window, int first,
                          int end)
{
    for (int block = 0; block < map->blocks; block++) {
        int *start = window->start + (ptrdiff_t)block * (map->columns + 1);
        for (int column = first; column < end; column++)
            start[column] = map->filled[block];
    }
}

/* Returns the first column whose lists have not begun. */
static int fill(struct heat_map *map, struct window_heat *window, const struct heat_part *part,
                double tau_s, int begun)
{
    struct column_heat column = {.end = part->heat};
    while (next_column(map, part, &column)) {
        start_columns(map, window, begun, column.column + 1);
        begun = column.column + 1;
        window->heated = window->heated || column.heated > 0;
        if (is_whole(map, &column))
            keep_whole(map, window, &column, tau_s);
        else
            list_column(map, window, &column, tau_s);
    }
    return begun;
}

static void list_window(struct heat_map *map, struct window_heat *window,
                        const struct heat_part *parts, int count, double tau_s)
{
    for (int column = 0; column < map->columns; column++)
        window->whole[column] = NOT_WHOLE;
    memset(map->filled, 0, (size_t)map->blocks * sizeof *map->filled);
    for (int i = 0; i < count; i++)
        count_entries(map, &parts[i]);
    place_lists(map, window);
    int begun = 0;
    for (int i = 0; i < count; i++)
        begun = fill(map, window, &parts[i], tau_s, begun);
    start_columns(map, window, begun, map->columns + 1);
}

void heat_map_add_window(struct heat_map *map, const struct heat_part *parts, int count,
                         double tau_s)
{
    assert(map->count < map->config.windows);
    const struct window_heat *before = map->count > 0 ? &map->windows[map->count - 1] : NULL;
    struct window_heat *window = &map->windows[map->count++];
    window->heated = false;
    window->wholes = 0;
    window->listed = before ? before->listed : 0;
    window->gains = before ? before->gains : 0;
    int64_t cells = 0;
    for (int i = 0; i < count; i++)
        cells += parts[i].count;
    if (cells > 0)
        list_window(map, window, parts, count, tau_s);
}

bool heat_map_is_empty(const struct heat_map *map, int window)
{
    return !map->windows[window].heated;
}

bool heat_map_has_whole_columns(const struct heat_map *map, int window)
{
    return map->windows[window].wholes > 0;
}

bool heat_map_begin_pass(struct heat_map *map, int first, int end)
{
    map->pass_first = first;
    map->pass_end = end;
    for (int window = first; window < end; window++)
        if (map->windows[window].heated)
            return true;
    return false;
}

void heat_map_begin_block(struct heat_map *map, int y0, int rows, int low, int high)
{
    map->block = y0 / map->config.block_rows;
    map->block_end = div_up(y0 + rows, map->config.block_rows);
    map->low = low;
    map->high = high;
}

/* The entries of `count` columns in the list of a block. */
static struct kernel_heated entries_of(const struct heat_map *map, const struct heat_columns *of,
                                       int block)
{
    const struct window_heat *window = &map->windows[of->window];
    const int *start =
        window->start + (ptrdiff_t)block * (map->columns + 1) + (of->first + map->config.ghosts);
    return (struct kernel_heated){.begin = window->list[block] + start[0],
                                  .end = window->list[block] + start[of->count],
                                  .first = of->first};
}

void heat_map_fetch(const struct heat_map *map, int i)
{
    struct heat_columns of = {.first = i + COLUMNS_AHEAD};
    if (of.first + map->config.ghosts > map->columns)
        return;
    for (of.window = map->pass_first; of.window < map->pass_end; of.window++)
        for (int block = map->block; map->windows[of.window].heated && block < map->block_end;
             block++)
            __builtin_prefetch(entries_of(map, &of, block).begin);
}

static void add_whole_columns(const struct heat_map *map, const struct kernel *kernel,
                              const struct heat_columns *to, int low, int high)
{
    const ptrdiff_t *whole = map->windows[to->window].whole + (to->first + map->config.ghosts);
    int end = min_int(high, map->config.ny);
    for (int i = 0; i < to->count; i++)
        if (whole[i] != NOT_WHOLE && low < end)
            kernel->add(to->cells[i] + (low - to->origin), map->gains + whole[i] + low, end - low);
}

void heat_map_add(const struct heat_map *map, const struct kernel *kernel,
                  const struct heat_columns *to)
{
    const struct kernel_heated entries = entries_of(map, to, map->block);
    double *const *cells = to->cells; /* copied, as is the rest: any store might change them */
    const int first = to->first, origin = to->origin;
    for (const struct kernel_heat *entry = entries.begin; entry < entries.end; entry++)
        cells[entry->column - first][entry->row - origin] += entry->gain;
    if (map->windows[to->window].wholes > 0)
        add_whole_columns(map, kernel, to, map->low, map->high);
}

void heat_map_add_rows(const struct heat_map *map, const struct kernel *kernel,
                       const struct heat_columns *to, int low, int high)
{
    const int height = map->config.block_rows;
    for (int block = low / height; block * height < high; block++) {
        const struct kernel_heated entries = entries_of(map, to, block);
        const int from = max_int(low, block * height), end = min_int(high, (block + 1) * height);
        for (const struct kernel_heat *entry = entries.begin; entry < entries.end; entry++)
            if (entry->row >= from && entry->row < end)
                to->cells[entry->column - to->first][entry->row - to->origin] += entry->gain;
    }
    if (map->windows[to->window].wholes > 0)
        add_whole_columns(map, kernel, to, low, high);
}

void heat_map_step_again(const struct heat_map *map, const struct kernel *kernel,
                         const struct stencil *stencil, double *const in[],
                         const struct heat_columns *to, int high)
{
    struct kernel_heated heated = entries_of(map, to, map->block);
    assert(map->windows[to->window].wholes == 0);
    heated.low = to->origin;
    heated.high = high;
    kernel->heat_again(stencil, in, to->cells, &heated);
}
