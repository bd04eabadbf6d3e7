#include "solve/kernel.h"

#include <math.h>
#include <string.h>

#include "../mpi/draw.h"
#include "solve/heat_map.h"
#include "unit.h"

enum {
    MOST_ROWS = 48,
    PITCH = MOST_ROWS + 4 * KERNEL_ROWS,
    COLUMNS = 23,
    MARGIN = 2 * KERNEL_ROWS
};

/* Column i, row j: cells + i * PITCH + MARGIN + j. */
struct grid {
    _Alignas(64) double cells[COLUMNS * PITCH];
};

static struct grid now, next, expected;
static const struct stencil stencil = {.a = 0.31, .cx = 0.17, .cy = 0.23};

static double *row_zero(struct grid *grid, int column)
{
    return grid->cells + column * PITCH + MARGIN;
}

static void draw_grids(uint64_t seed)
{
    for (int i = 0; i < COLUMNS * PITCH; i++) {
        now.cells[i] = ldexp(draw_unit(seed, i) - 0.5, draw_below(seed + 1, i, 40) - 20);
        next.cells[i] = expected.cells[i] = -1e300;
    }
}

/* The contract's formula, one operation a statement. */
static double cell_after_step(const double *u)
{
    volatile double across = u[-PITCH] + u[PITCH], along = u[-1] + u[1];
    volatile double kept = stencil.a * *u, from_x = stencil.cx * across,
                    from_y = stencil.cy * along;
    volatile double sum = kept + from_x;
    return sum + from_y;
}

/* A bundle of `next` from columns 0 .. KERNEL_INPUTS-1 of `now`, or in place. */
static bool bundle_is_right(const struct kernel *kernel, struct kernel_rows rows, bool in_place)
{
    double *in[KERNEL_INPUTS], *out[KERNEL_COLUMNS];
    for (int i = 0; i < KERNEL_INPUTS; i++)
        in[i] = row_zero(&now, i);
    if (in_place)
        expected = now;
    for (int i = 0; i < KERNEL_COLUMNS; i++) {
        out[i] = in_place ? in[i] : row_zero(&next, i);
        for (ptrdiff_t j = rows.first; j < rows.end; j++)
            row_zero(&expected, i)[j] = cell_after_step(row_zero(&now, i + 1) + j);
    }
    kernel->bundle(&stencil, in, out, &rows);
    return memcmp(in_place ? &now : &next, &expected, sizeof expected) == 0;
}

static void a_bundle_has_the_bits_of_the_formula_and_touches_nothing_else(void)
{
    const struct kernel *kernel;
    for (int k = 0; (kernel = kernel_at(k)); k++)
        for (int way = 0; way < 4; way++)
            for (int first = -KERNEL_ROWS; first <= KERNEL_ROWS; first += KERNEL_ROWS)
                for (int end = first; end <= MOST_ROWS; end += KERNEL_ROWS) {
                    struct kernel_rows rows = {first, end, .past_cache = way & 1};
                    draw_grids((uint64_t)(end * 8 + way));
                    CU_ASSERT(bundle_is_right(kernel, rows, way & 2));
                }
}

static void a_plane_of_any_width_has_the_bits_of_the_formula_and_touches_nothing_else(void)
{
    const struct kernel *kernel;
    for (int k = 0; (kernel = kernel_at(k)); k++)
        for (int columns = 1; columns <= COLUMNS - 2; columns++)
            for (int rows = KERNEL_ROWS; rows <= MOST_ROWS; rows += KERNEL_ROWS) {
                struct kernel_plane plane = {.now = row_zero(&now, 1),
                                             .next = row_zero(&next, 1),
                                             .pitch = PITCH,
                                             .rows = rows,
                                             .columns = columns,
                                             .past_cache = rows % 3 == 0};
                draw_grids((uint64_t)columns);
                for (int i = 1; i <= columns; i++)
                    for (int j = 0; j < rows; j++)
                        row_zero(&expected, i)[j] = cell_after_step(row_zero(&now, i) + j);
                kernel->plane(&stencil, &plane);
                CU_ASSERT_EQUAL(memcmp(&next, &expected, sizeof expected), 0);
            }
}

static void adding_touches_the_given_rows_only(void)
{
    const struct kernel *kernel;
    for (int k = 0; (kernel = kernel_at(k)); k++)
        for (int rows = 0; rows <= MOST_ROWS; rows++) {
            draw_grids(3);
            for (int j = 0; j < rows; j++)
                row_zero(&expected, 0)[j] += row_zero(&now, 0)[j];
            kernel->add(row_zero(&next, 0), row_zero(&now, 0), rows);
            CU_ASSERT_EQUAL(memcmp(&next, &expected, sizeof expected), 0);
        }
}

static void the_last_kernel_runs_anywhere(void)
{
    int count = 0;
    while (kernel_at(count))
        count++;
    CU_ASSERT_FATAL(count >= 1);
    CU_ASSERT_STRING_EQUAL(kernel_at(count - 1)->name, "baseline");
}

enum { GHOSTS = 2, HEATED = COLUMNS - 2 * GHOSTS };

/* Columns of 0, a few, many and all heated cells; some rates are 0. Expects tau*rate in
 * `expected`. */
static int draw_heat(uint64_t seed, int ny, double tau_s, struct slab_heat *heat)
{
    int count = 0;
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < ny; j++) {
            int cell = i * ny + j;
            static const int per_cent[] = {0, 4, 30, 100};
            if (draw_below(seed + 2, cell, 100) >= per_cent[draw_below(seed, i, 4)])
                continue;
            double rate = draw_below(seed + 3, cell, 5) == 0 ? 0.0 : draw_unit(seed + 1, cell);
            volatile double gain = tau_s * rate;
            if (rate != 0.0)
                row_zero(&expected, i)[j] += gain;
            heat[count++] = (struct slab_heat){cell - GHOSTS * ny, rate};
        }
    return count;
}

static void add_block(struct heat_map *map, int first, int end)
{
    double *cells[COLUMNS];
    heat_map_begin_block(map, first, end - first, first, end);
    for (int i = 0; i < COLUMNS; i++) {
        heat_map_fetch(map, i - GHOSTS);
        cells[i] = row_zero(&next, i) + first;
    }
    for (int i = 0; i < COLUMNS; i += 4) {
        int count = COLUMNS - i < 4 ? COLUMNS - i : 4;
        struct heat_columns to = {
            .first = i - GHOSTS, .count = count, .cells = cells + i, .origin = first};
        if (i % 8 == 0)
            heat_map_add(map, kernel_at(0), &to);
        else
            heat_map_add_rows(map, kernel_at(0), &to, first, end);
    }
}

static void heat_is_multiplied_then_added_in_heated_cells_only(void)
{
    static struct slab_heat heat[COLUMNS * MOST_ROWS];
    const double tau_s = 0.1;
    for (uint64_t seed = 0; seed < 200; seed++) {
        int ny = 1 + draw_below(seed, 1000, MOST_ROWS),
            height = (int)kernel_round_up(1 + draw_below(seed, 1001, ny));
        struct heat_map *map = heat_map_create(&(struct heat_map_config){
            .nx = HEATED, .ny = ny, .ghosts = GHOSTS, .windows = 1, .block_rows = height});
        for (int window = 0; window < 2; window++) {
            draw_grids(seed);
            for (int i = 0; i < COLUMNS * PITCH; i++)
                next.cells[i] = expected.cells[i] = draw_below(seed, i, 3) ? now.cells[i] : -0.0;
            int count = draw_heat(seed + (uint64_t)window, ny, tau_s, heat), left = 0;
            while (left < count && heat[left].cell < 0)
                left++;
            heat_map_clear(map);
            const struct heat_part parts[] = {{heat, left}, {heat + left, count - left}};
            heat_map_add_window(map, parts, 2, tau_s);
            bool heated = heat_map_begin_pass(map, 0, 1);
            for (int first = 0; heated && first < ny; first += height)
                add_block(map, first, first + height < ny ? first + height : ny);
            CU_ASSERT_EQUAL(memcmp(&next, &expected, sizeof expected), 0);
        }
        heat_map_destroy(map);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_bundle_has_the_bits_of_the_formula_and_touches_nothing_else),
        UNIT_TEST(a_plane_of_any_width_has_the_bits_of_the_formula_and_touches_nothing_else),
        UNIT_TEST(adding_touches_the_given_rows_only),
        UNIT_TEST(the_last_kernel_runs_anywhere),
        UNIT_TEST(heat_is_multiplied_then_added_in_heated_cells_only),
    };
    return unit_run("kernel", tests, UNIT_COUNT(tests));
}
