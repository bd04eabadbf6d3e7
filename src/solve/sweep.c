#include "solve/sweep.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"

enum { PAGE_CELLS = 512, PLANE_COLUMNS = 10 * KERNEL_COLUMNS };

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
    bool heated;
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
    size_t size = (count * sizeof(double) + 4095) / 4096 * 4096;
    double *memory = aligned_alloc(4096, size);
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

static struct heat_rows rows_of_level(const struct sweep *sweep, int level, double *cells)
{
    int halo = (int)kernel_round_up(sweep->pass.levels - level);
    int top = (int)kernel_round_up(sweep->config.ny);
    int end = (int)kernel_round_up(sweep->y0 + sweep->rows) + halo;
    return (struct heat_rows){.cells = cells,
                              .origin = sweep->y0,
                              .first = sweep->y0 > halo ? sweep->y0 - halo : 0,
                              .end = end < top ? end : top};
}

/* Ghosts below and above a column before the step from `level`, which the outflow wants to know. */
static void close_column(const struct sweep *sweep, int level, int i, double *cells)
{
    const struct sweep_config *config = &sweep->config;
    bool noted = i >= 0 && i < config->nx;
    size_t at = (size_t)level * (size_t)config->nx + (size_t)(noted ? i : 0);
    if (sweep->low == 0) {
        double *bottom = cells - sweep->y0;
        bottom[-1] = boundary_ghost(&config->bottom, *bottom);
        if (noted && sweep->y0 == 0)
            sweep->outflow->bottom[at] = *bottom;
    }
    if (sweep->high >= config->ny) {
        double *top = cells + (config->ny - 1 - sweep->y0);
        top[1] = boundary_ghost(&config->top, *top);
        if (noted && sweep->y0 + sweep->rows == config->ny)
            sweep->outflow->top[at] = *top;
    }
}

/* Columns of `now` up to and without `end`, ahead of level 1. */
static void enter_columns(struct sweep *sweep, int end)
{
    int last = end_column(sweep, 0);
    for (; sweep->entered < end && sweep->entered < last; sweep->entered++) {
        if (sweep->heated)
            heat_map_advance(sweep->heat, sweep->entered, sweep->low);
        close_column(sweep, 0, sweep->entered,
                     field_column(sweep->pass.now, sweep->entered) + sweep->y0);
    }
}

static void add_heat(const struct sweep *sweep, int level, int first, double *const cells[],
                     int count)
{
    int low = first_column(sweep, level), end = end_column(sweep, level);
    struct heat_rows rows = rows_of_level(sweep, level, NULL);
    for (int i = 0; i < count; i++) {
        rows.cells = cells[i];
        if (first + i >= low && first + i < end)
            heat_map_add(sweep->heat, sweep->config.kernel, first + i, &rows);
    }
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
    double *const *cells = front->slot + 2;
    int first = first_column(sweep, front->level), end = end_column(sweep, front->level);
    for (int i = 0; i < KERNEL_COLUMNS; i++)
        if (front->first + i >= first && front->first + i < end)
            close_column(sweep, front->level, front->first + i, cells[i]);
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
    struct heat_rows rows = rows_of_level(sweep, front->level, NULL);
    sweep->config.kernel->bundle(&sweep->config.stencil, in, out, rows.first - sweep->y0,
                                 rows.end - sweep->y0);
    if (sweep->heated)
        add_heat(sweep, front->level, front->first, out, KERNEL_COLUMNS);
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

/* One bundle of every level but the last, level 1 beginning at column `first`; then `in` holds what the
 * last one reads. */
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
        sweep->config.kernel->plane(&sweep->config.stencil, field_column(pass->now, i),
                                    field_column(pass->next, i), pass->now->pitch, count,
                                    kernel_round_up(sweep->rows));
        for (int column = i; sweep->heated && column < i + count; column++) {
            double *cells = field_column(pass->next, column);
            add_heat(sweep, 1, column, &cells, 1);
        }
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
    struct heat_rows widest = rows_of_level(sweep, 0, NULL);
    sweep->low = widest.first;
    sweep->high = widest.end;
    sweep->entered = first_column(sweep, 0);
    note_field_ends(sweep);
    if (sweep->pass.levels == 1)
        step_planes(sweep);
    else
        step_levels(sweep);
    outflow_sum_block(sweep->outflow, sweep->pass.levels, rows);
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
    sweep->heated = !heat_map_is_empty(sweep->heat);
    if (sweep->heated)
        heat_map_rewind(sweep->heat);
    fill_end_columns(sweep);
    outflow_begin(sweep->outflow, pass->levels);
    int ny = sweep->config.ny, height = pass->levels == 1 ? ny : sweep->config.block_rows;
    for (int y0 = 0; y0 < ny; y0 += height)
        step_block(sweep, y0, ny - y0 < height ? ny - y0 : height);
    outflow_add_pass(sweep->outflow, pass->levels);
}
