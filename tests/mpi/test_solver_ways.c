/* However the steps of a window are computed, the bits are those of the serial solution. */
#include <stdlib.h>
#include <unistd.h>

#include "grid/halo.h"
#include "mpi_unit.h"
#include "solve/heat_map.h"
#include "solve/memory.h"
#include "solver_setup.h"

enum { WINDOWS = 5, MOST_TOGETHER = 4 };

static int count_kernels(void)
{
    int count = 0;
    while (kernel_at(count))
        count++;
    return count;
}

/* Every way of computing that a number can draw. */
static void draw_way(uint64_t seed, struct solver_config *config)
{
    config->substeps = 1 + draw_below(seed, 0, draw_below(seed, 5, 2) ? 40 : 4);
    config->windows = draw_below(seed, 6, MOST_TOGETHER + 1);
    config->block_rows = KERNEL_ROWS * (1 + draw_below(seed, 1, 5));
    config->kernel = kernel_at(draw_below(seed, 2, count_kernels()));
    config->cache_bytes = draw_below(seed, 3, 2) ? 1 : 0;
}

static int count_differences(int gnx, int gny, uint64_t seed, const struct solver_config *config)
{
    static const int per_cents[] = {0, 3, 15, 100};
    struct setup s = begin(gnx, gny, config);
    for (int window = 0; window < WINDOWS; window++) {
        draw_heat(&s, seed + (uint64_t)window, per_cents[draw_below(seed, 10 + window, 4)]);
        step_together(&s, window == WINDOWS - 1);
    }
    int different = count_columns_that_differ(&s);
    end(&s);
    return different;
}

static void all_sweeps_and_halos_have_the_serial_bits(void)
{
    int ranks = world_size();
    for (int steps = 0; steps <= 16; steps++)
        for (int depth = 0; depth <= 18; depth += 1 + depth / 4) {
            uint64_t seed = (uint64_t)(1000 + steps * 100 + depth);
            struct solver_config config = draw_config(seed);
            draw_way(seed, &config);
            config.steps_per_sweep = steps;
            config.halo_depth = depth;
            int gnx = ranks * (1 + draw_below(seed, 20, 24)) + draw_below(seed, 21, 5);
            int gny = 1 + draw_below(seed, 22, 70);
            CU_ASSERT_EQUAL(count_differences(gnx, gny, seed, &config), 0);
        }
}

static void all_kernels_have_the_serial_bits_on_random_grids(void)
{
    int ranks = world_size();
    for (int k = 0; k < count_kernels(); k++)
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct solver_config config = draw_config(seed);
            draw_way(seed, &config);
            config.kernel = kernel_at(k);
            config.steps_per_sweep = draw_below(seed, 30, 33);
            config.halo_depth = draw_below(seed, 31, 40);
            int gnx = ranks + draw_below(seed, 32, 90), gny = 1 + draw_below(seed, 33, 90);
            CU_ASSERT_EQUAL(count_differences(gnx, gny, seed, &config), 0);
        }
}

/* With a cell or two heated in each, which any slab here has room for. */
static int step_sparse_windows(struct setup *s, int windows, uint64_t seed)
{
    for (int window = 0; window < windows; window++) {
        draw_heat(s, seed + (uint64_t)window, 0);
        int cell = draw_below(seed, 70 + window, (int)(s->domain->gnx * s->domain->gny));
        heat_cell(s, cell, 100 * draw_unit(seed, 80 + window) - 40);
        step_together(s, window == windows - 1);
    }
    return count_columns_that_differ(s);
}

static void windows_are_stepped_together_as_far_as_a_pass_goes(void)
{
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct solver_config config = draw_config(seed);
        draw_way(seed, &config);
        config.substeps = 1 + (int)(seed % 4);
        config.windows = 1 + (int)(seed / 4);
        config.steps_per_sweep = 12;
        struct setup s = begin(world_size() * 12 + 5, 30, &config);
        int room = 12 / config.substeps;
        int together = config.windows < room ? config.windows : room;
        CU_ASSERT_EQUAL(solver_chosen(s.solver).windows, together);
        CU_ASSERT_EQUAL(step_sparse_windows(&s, config.windows + 3, seed), 0);
        CU_ASSERT_EQUAL(s.most_added, together);
        end(&s);
    }
}

/* At the sizes that are chosen for real: blocks, caches and pages are the machine's own. The long
 * form is larger than any cache. */
static void every_width_sweep_depth_and_fusion_has_the_bits_of_a_large_serial_grid(void)
{
    static const int sweeps[] = {0, 1, 7, 32}, depths[] = {0, 1, 9};
    const int side = getenv("HEATSTREAM_LONG") ? 4096 : 160;
    for (int way = 0; way < count_kernels() * 12; way++) {
        struct solver_config config = draw_config((uint64_t)way);
        config.kernel = kernel_at(way / 12);
        config.steps_per_sweep = sweeps[way % 4];
        config.halo_depth = depths[way / 4 % 3];
        config.windows = way % 2 ? 1 : MOST_TOGETHER;
        config.substeps = 3;
        struct setup s = begin(side, side, &config);
        for (int window = 0; window < WINDOWS; window++) {
            draw_heat(&s, (uint64_t)(way + window), window % 2);
            step_together(&s, window == WINDOWS - 1);
        }
        CU_ASSERT_EQUAL(count_columns_that_differ(&s), 0);
        end(&s);
    }
}

static void one_column_slabs_have_the_serial_bits_however_deep_a_halo_is_asked_for(void)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct solver_config config = draw_config(seed);
        draw_way(seed, &config);
        config.steps_per_sweep = (int)seed;
        config.halo_depth = (int)seed;
        CU_ASSERT_EQUAL(
            count_differences(world_size(), 1 + draw_below(seed, 40, 20), seed, &config), 0);
    }
}

static void a_halo_is_no_deeper_than_the_narrowest_slab_and_a_sweep_no_longer_than_the_halo(void)
{
    int ranks = world_size();
    for (int depth = 0; depth < 12; depth++) {
        struct solver_config config = draw_config(7);
        config.substeps = 50;
        config.halo_depth = depth;
        config.steps_per_sweep = 9;
        struct setup s = begin(ranks * 5, 3, &config);
        struct solver_config chosen = solver_chosen(s.solver);
        int deepest = depth == 0 ? 9 : depth;
        deepest = deepest < halo_narrowest(s.domain) ? deepest : halo_narrowest(s.domain);
        if (ranks > 1)
            CU_ASSERT_EQUAL(chosen.halo_depth, deepest);
        CU_ASSERT_EQUAL(chosen.steps_per_sweep, ranks > 1 && deepest < 9 ? deepest : 9);
        end(&s);
    }
}

static void a_grid_that_fits_the_first_cache_is_stepped_one_step_a_pass_on_one_rank(void)
{
    const bool known = sysconf(_SC_LEVEL1_DCACHE_SIZE) > 0, alone = world_size() == 1;
    for (int side = 8; side <= 512; side *= 64) {
        struct solver_config config = draw_config(7);
        config.substeps = 32;
        struct setup s = begin(side, side, &config);
        int steps = solver_chosen(s.solver).steps_per_sweep;
        CU_ASSERT(steps > 0 && (alone || steps * world_size() <= side));
        if (alone)
            CU_ASSERT_EQUAL(steps, known && side == 8 ? 1 : 32);
        end(&s);
    }
}

static void the_memory_of_the_widest_slab_is_known_before_it_exists(void)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct solver_config config = draw_config(seed);
        draw_way(seed, &config);
        config.halo_depth = draw_below(seed, 50, 12);
        config.steps_per_sweep = draw_below(seed, 51, 12);
        struct setup s = begin(world_size() + draw_below(seed, 52, 60), 7, &config);
        struct solver_memory memory = solver_memory_of(&s.domain->cut, 7, &config, 3);
        const struct field *field = solver_field(s.solver);
        double column = 9 * sizeof(double), with_ghosts = field->nx + 2.0 * field->ghosts;
        CU_ASSERT(memory.columns >= field->nx);
        if (memory.columns == field->nx) {
            CU_ASSERT_EQUAL(memory.fields, 2 * with_ghosts * column);
            CU_ASSERT_EQUAL(memory.snapshots, 3 * (field->nx + 2.0) * column); /* copied */
        }
        CU_ASSERT(memory.heat >= with_ghosts * 7 * HEAT_MAP_CELL_BYTES);
        end(&s);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(all_sweeps_and_halos_have_the_serial_bits),
        UNIT_TEST(all_kernels_have_the_serial_bits_on_random_grids),
        UNIT_TEST(windows_are_stepped_together_as_far_as_a_pass_goes),
        UNIT_TEST(every_width_sweep_depth_and_fusion_has_the_bits_of_a_large_serial_grid),
        UNIT_TEST(one_column_slabs_have_the_serial_bits_however_deep_a_halo_is_asked_for),
        UNIT_TEST(a_halo_is_no_deeper_than_the_narrowest_slab_and_a_sweep_no_longer_than_the_halo),
        UNIT_TEST(a_grid_that_fits_the_first_cache_is_stepped_one_step_a_pass_on_one_rank),
        UNIT_TEST(the_memory_of_the_widest_slab_is_known_before_it_exists),
    };
    return mpi_unit_run(&argc, &argv, "solver ways", tests, UNIT_COUNT(tests));
}
