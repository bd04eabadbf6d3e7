#include "solve/sweep.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"

enum {
    PAGE_CELLS = 512,
    PLANE_COLUMNS = 10 * KERNEL_COLUMNS,
    MOST_COLUMNS = PLANE_COLUMNS + 2, /* that are entered at once */
};

/* Fields of more bytes than a cache holds are written past it, sooner when there is a whole pass to
 * write them in. */
static const double STREAM_LEVELS = 8;

struct sweep {
    struct sweep_config config;
    struct outflow *outflow;
    struct heat_map *heat;
    double *memory;
    double *(*old)[2];              /* [levels]: the last two columns of each level but the last */
    double *vacant[KERNEL_COLUMNS]; /* columns that level 1 fills next */
    double *trash;                  /* takes what the last level writes beyond its columns */
    struct pass pass;
    int y0, rows;  /* rows y0 .. y0+rows-1 are this block's */
    int low, high; /* rows that any of its levels steps */
    int entered;   /* columns of `now` below are prepared */
    bool heated;   /* any window of the pass */
    bool past_cache;
};

/* A level of the wavefront at work: column c of it is slot[c - (first - 2)]. */
struct front {
    int level, first;
    double *slot[KERNEL_INPUTS];
};

/* Columns start at whole cache lines and are no multiple of a page long. */
static ptrdiff_t slot_pitch(const struct sweep_config *config)
{
    ptrdiff_t halo = kernel_round_up(config->levels);
    ptrdiff_t pitch = config->block_rows + 2 * halo + 2 * KERNEL_ROWS;
    return pitch % PAGE_CELLS == 0 ? pitch + KERNEL_ROWS : pitch;
}

static void place_slots(struct sweep *sweep)
{
    ptrdiff_t pitch = slot_pitch(&sweep->config);
    double *slot = sweep->memory + kernel_round_up(sweep->config.levels) + KERNEL_ROWS;
    for (int level = 0; level < sweep->config.levels; level++, slot += 2 * pitch) {
        sweep->old[level][0] = slot;
        sweep->old[level][1] = slot + pitch;
    }
    for (int i = 0; i < KERNEL_COLUMNS; i++, slot += pitch)
        sweep->vacant[i] = slot;
    sweep->trash = slot;
}

static double *allocate_zeros(size_t count)
{
    double *memory = aligned_alloc(4096, (count * sizeof(double) + 4095) / 4096 * 4096);
    for (size_t i = 0; memory && i < count; i++)
        memory[i] = 0.0;
    return memory;
}

struct sweep *sweep_create(const struct sweep_config *config, struct outflow *outflow,
                           struct heat_map *heat)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return NULL;
    *sweep = (struct sweep){.config = *config, .outflow = outflow, .heat = heat};
    size_t slots = 2 * (size_t)config->levels + KERNEL_COLUMNS + 1;
    sweep->memory = allocate_zeros(slots * (size_t)slot_pitch(config));
    sweep->old = calloc((size_t)config->levels, sizeof *sweep->old);
    if (!sweep->memory || !sweep->old) {
        sweep_destroy(sweep);
        return NULL;
    }
    place_slots(sweep);
    return sweep;
}

void sweep_destroy(struct sweep *sweep)
{
    if (!sweep)
        return;
    free(sweep->memory);
    free(sweep->old);
    free(sweep);
}

static int first_column(const struct sweep *sweep, int level)
{
    return sweep->config.has_left ? 0 : sweep->pass.first - (sweep->pass.levels - level);
}

static int end_column(const struct sweep *sweep, int level)
{
    return sweep->config.has_right ? sweep->config.nx
                                   : sweep->pass.end + (sweep->pass.levels - level);
}

static struct kernel_rows rows_of_level(const struct sweep *sweep, int level)
{
    int halo = (int)kernel_round_up(sweep->pass.levels - level);
    int top = (int)kernel_round_up(sweep->config.ny);
    int end = (int)kernel_round_up(sweep->y0 + sweep->rows) + halo;
    return (struct kernel_rows){.first = (sweep->y0 > halo ? sweep->y0 - halo : 0) - sweep->y0,
                                .end = (end < top ? end : top) - sweep->y0,
                                .past_cache = sweep->past_cache && halo == 0};
}

/* The ghosts beyond one row of some columns, and what the outflow wants to know of them. */
static void close_row(const struct solver_side *side, double *const cells[], ptrdiff_t row,
                      ptrdiff_t ghost, double *notes, int count)
{
    const bool insulated = side->insulated;
    const double value = side->value;
    for (int i = 0; i < count; i++) {
        double inner = cells[i][row];
        cells[i][ghost] = insulated ? inner : value;
        notes[i] = inner;
    }
}

/* Columns first .. first+count-1 before the step from `level`. */
static void close_columns(const struct sweep *sweep, int level, int first, double *const cells[],
                          int count)
{
    const struct sweep_config *config = &sweep->config;
    ptrdiff_t bottom = -sweep->y0, top = config->ny - 1 - sweep->y0;
    double nowhere[MOST_COLUMNS];
    double *notes = outflow_notes(sweep->outflow, level, first);
    bool last = sweep->y0 + sweep->rows == config->ny;
    if (sweep->low == 0)
        close_row(&config->bottom, cells, bottom, bottom - 1, sweep->y0 == 0 ? notes : nowhere,
                  count);
    if (sweep->high >= config->ny)
        close_row(&config->top, cells, top, top + 1,
                  last ? notes + sweep->outflow->top_offset : nowhere, count);
}

/* Columns of `now` up to and without `end`, ahead of level 1. */
static void enter_columns(struct sweep *sweep, int end)
{
    double *cells[MOST_COLUMNS];
    int first = sweep->entered, last = end_column(sweep, 0);
    int count = (end < last ? end : last) - first;
    if (count <= 0)
        return;
    for (int i = 0; i < count; i++)
        cells[i] = field_column(sweep->pass.now, first + i) + sweep->y0;
    for (int i = first; sweep->heated && i < first + count; i++)
        heat_map_fetch(sweep->heat, i);
    close_columns(sweep, 0, first, cells, count);
    sweep->entered += count;
}

/* Whose heat the step to a level adds. */
static int window_of(const struct sweep *sweep, int level)
{
    return (sweep->pass.before + level - 1) / sweep->config.substeps;
}

/* The last level must leave the rows of other blocks alone. What it wrote past the cache, from `in`
 * (otherwise NULL), would have to be fetched to be added to. */
static void add_heat(const struct sweep *sweep, int level, int first, double *const *in,
                     double *const cells[], int count)
{
    const struct kernel *kernel = sweep->config.kernel;
    int window = window_of(sweep, level), y0 = sweep->y0, y1 = y0 + sweep->rows;
    int low = first_column(sweep, level) - first, end = end_column(sweep, level) - first;
    low = low > 0 ? low : 0;
    end = end < count ? end : count;
    struct heat_columns columns = {window, first + low, end - low, cells + low, y0};
    if (low >= end || heat_map_is_empty(sweep->heat, window))
        return;
    if (level < sweep->pass.levels)
        heat_map_add(sweep->heat, kernel, &columns);
    else if (in)
        heat_map_step_again(sweep->heat, kernel, &sweep->config.stencil, in + low, &columns, y1);
    else
        heat_map_add_rows(sweep->heat, kernel, &columns, y0, y1);
}

static void fill_end(const struct sweep *sweep, const struct front *front, int ghost, int inner,
                     const struct solver_side *side)
{
    const double *from = front->slot[inner - (front->first - 2)];
    double *to = front->slot[ghost - (front->first - 2)];
    boundary_fill_column(to + (sweep->low - sweep->y0), from + (sweep->low - sweep->y0),
                         sweep->high - sweep->low, side);
}

/* The left ghost column may still be among the old pair, the innermost right one too. */
static void close_ends(const struct sweep *sweep, const struct front *front)
{
    const struct sweep_config *config = &sweep->config;
    int end = front->first + KERNEL_COLUMNS, nx = config->nx;
    if (config->has_left && front->first <= 0 && end > 0) {
        fill_end(sweep, front, -1, 0, &config->left);
        outflow_note_end(sweep->outflow, OUTFLOW_LEFT, front->level, front->slot[2 - front->first],
                         sweep->rows, false);
    }
    if (config->has_right && front->first <= nx && end > nx) {
        fill_end(sweep, front, nx, nx - 1, &config->right);
        outflow_note_end(sweep->outflow, OUTFLOW_RIGHT, front->level,
                         front->slot[nx - 1 - (front->first - 2)], sweep->rows, false);
    }
}

static void close_front(const struct sweep *sweep, const struct front *front)
{
    int low = first_column(sweep, front->level) - front->first;
    int end = end_column(sweep, front->level) - front->first;
    low = low > 0 ? low : 0;
    end = end < KERNEL_COLUMNS ? end : KERNEL_COLUMNS;
    if (low < end)
        close_columns(sweep, front->level, front->first + low, front->slot + 2 + low, end - low);
    close_ends(sweep, front);
}

/* Where a level reads: columns first-1 .. of the level before. */
static void point_inputs(const struct sweep *sweep, int first, double *in[KERNEL_INPUTS])
{
    int low = sweep->config.has_left ? -1 : first_column(sweep, 0);
    int high = sweep->config.has_right ? sweep->config.nx : end_column(sweep, 0) - 1;
    for (int i = 0; i < KERNEL_INPUTS; i++) {
        int column = first - 1 + i;
        column = column < low ? low : column > high ? high : column;
        in[i] = field_column(sweep->pass.now, column) + sweep->y0;
    }
}

static void point_results(const struct sweep *sweep, int first, double *out[KERNEL_COLUMNS])
{
    for (int i = 0; i < KERNEL_COLUMNS; i++) {
        bool wanted = first + i >= sweep->pass.first && first + i < sweep->pass.end;
        out[i] = wanted ? field_column(sweep->pass.next, first + i) + sweep->y0 : sweep->trash;
    }
}

static void step_bundle(const struct sweep *sweep, const struct front *front,
                        double *const in[KERNEL_INPUTS], double *const out[KERNEL_COLUMNS])
{
    struct kernel_rows rows = rows_of_level(sweep, front->level);
    sweep->config.kernel->bundle(&sweep->config.stencil, in, out, &rows);
    double *const *again = rows.past_cache ? in : NULL;
    if (sweep->heated)
        add_heat(sweep, front->level, front->first, again, out, KERNEL_COLUMNS);
}

/* The ghost column on the right needs a place, so the level runs on to it. */
static bool is_active(const struct sweep *sweep, int level, int first)
{
    int end = end_column(sweep, level) + (sweep->config.has_right ? 1 : 0);
    return first < end && first + KERNEL_COLUMNS > first_column(sweep, level);
}

static void copy_pointers(double **to, double *const *from, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = from[i];
}

/* One bundle of every level but the last, level 1 beginning at column `first`; then `in` holds
 * what the last one reads. */
static void advance_inner_levels(struct sweep *sweep, int first, double *in[KERNEL_INPUTS])
{
    point_inputs(sweep, first, in);
    double *out[KERNEL_COLUMNS];
    copy_pointers(out, sweep->vacant, KERNEL_COLUMNS);
    for (int level = 1; level < sweep->pass.levels; level++, first--) {
        struct front front = {.level = level, .first = first};
        double **old = sweep->old[level];
        copy_pointers(front.slot, old, 2);
        copy_pointers(front.slot + 2, out, KERNEL_COLUMNS);
        if (is_active(sweep, level, first)) {
            step_bundle(sweep, &front, in, out);
            close_front(sweep, &front);
        }
        copy_pointers(in, front.slot, KERNEL_INPUTS);
        copy_pointers(out, front.slot, KERNEL_COLUMNS);
        copy_pointers(old, front.slot + KERNEL_COLUMNS, 2);
    }
    copy_pointers(sweep->vacant, out, KERNEL_COLUMNS);
}

static void advance(struct sweep *sweep, int first)
{
    enter_columns(sweep, first + KERNEL_COLUMNS + 1);
    double *in[KERNEL_INPUTS], *results[KERNEL_COLUMNS];
    advance_inner_levels(sweep, first, in);
    struct front last = {.level = sweep->pass.levels, .first = first - (sweep->pass.levels - 1)};
    if (!is_active(sweep, last.level, last.first))
        return;
    point_results(sweep, last.first, results);
    step_bundle(sweep, &last, in, results);
}

/* A single step needs no wavefront. Columns that were just prepared are still in the cache. */
static void step_planes(struct sweep *sweep)
{
    const struct pass *pass = &sweep->pass;
    for (int i = pass->first; i < pass->end; i += PLANE_COLUMNS) {
        int count = pass->end - i < PLANE_COLUMNS ? pass->end - i : PLANE_COLUMNS;
        enter_columns(sweep, i + count + 1);
        struct kernel_plane plane = {.now = field_column(pass->now, i),
                                     .next = field_column(pass->next, i),
                                     .pitch = pass->now->pitch,
                                     .columns = count,
                                     .rows = kernel_round_up(sweep->rows),
                                     .past_cache = sweep->past_cache};
        sweep->config.kernel->plane(&sweep->config.stencil, &plane);
        double *cells[PLANE_COLUMNS];
        for (int column = 0; sweep->heated && column < count; column++)
            cells[column] = field_column(pass->next, i + column);
        if (sweep->heated)
            add_heat(sweep, 1, i, NULL, cells, count);
    }
}

static void step_levels(struct sweep *sweep)
{
    int last = sweep->pass.levels - 1, end = end_column(sweep, sweep->pass.levels);
    for (int first = first_column(sweep, 1); first - last < end; first += KERNEL_COLUMNS)
        advance(sweep, first);
}

static void note_field_ends(const struct sweep *sweep)
{
    struct field *now = sweep->pass.now;
    if (sweep->config.has_left)
        outflow_note_end(sweep->outflow, OUTFLOW_LEFT, 0, field_column(now, 0) + sweep->y0,
                         sweep->rows, true);
    if (sweep->config.has_right)
        outflow_note_end(sweep->outflow, OUTFLOW_RIGHT, 0,
                         field_column(now, now->nx - 1) + sweep->y0, sweep->rows, true);
}

static void step_block(struct sweep *sweep, int y0, int rows)
{
    sweep->y0 = y0;
    sweep->rows = rows;
    struct kernel_rows widest = rows_of_level(sweep, 0);
    sweep->low = y0 + (int)widest.first;
    sweep->high = y0 + (int)widest.end;
    sweep->entered = first_column(sweep, 0);
    if (sweep->heated)
        heat_map_begin_block(sweep->heat, y0, rows, sweep->low, sweep->high);
    note_field_ends(sweep);
    if (sweep->pass.levels == 1)
        step_planes(sweep);
    else
        step_levels(sweep);
    outflow_sum_block(sweep->outflow, sweep->pass.levels, rows);
}

/* The last level's heat is put into results, which is less to move than the results themselves
 * unless whole columns are heated. */
static bool passes_cache(const struct sweep *sweep)
{
    double bytes = 2.0 * sizeof(double) * sweep->config.nx * sweep->config.ny;
    double levels = sweep->pass.levels;
    if (sweep->heated &&
        heat_map_has_whole_columns(sweep->heat, window_of(sweep, sweep->pass.levels)))
        return false;
    return bytes * (levels < STREAM_LEVELS ? levels : STREAM_LEVELS) >
           (double)sweep->config.cache_bytes;
}

static void fill_end_columns(const struct sweep *sweep)
{
    struct field *now = sweep->pass.now;
    if (sweep->config.has_left)
        boundary_fill_column(field_column(now, -1), field_column(now, 0), now->ny,
                             &sweep->config.left);
    if (sweep->config.has_right)
        boundary_fill_column(field_column(now, now->nx), field_column(now, now->nx - 1), now->ny,
                             &sweep->config.right);
}

void sweep_run(struct sweep *sweep, const struct pass *pass)
{
    assert(pass->levels <= sweep->config.levels);
    sweep->pass = *pass;
    sweep->heated =
        heat_map_begin_pass(sweep->heat, window_of(sweep, 1), window_of(sweep, pass->levels) + 1);
    sweep->past_cache = passes_cache(sweep);
    fill_end_columns(sweep);
    outflow_begin(sweep->outflow, pass->levels);
    int ny = sweep->config.ny, height = pass->levels == 1 ? ny : sweep->config.block_rows;
    for (int y0 = 0; y0 < ny; y0 += height)
        step_block(sweep, y0, ny - y0 < height ? ny - y0 : height);
    outflow_add_pass(sweep->outflow, pass->levels);
}
