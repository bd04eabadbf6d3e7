/* Over random grids, the digests of one rank that steps in the narrowest vectors, one
 * step a pass, are those of any number of ranks, any vectors, any number of steps a pass and any
 * depth of the halo. HEATSTREAM_CASES=N asks for N grids in place of 64;
 * HEATSTREAM_LONG=1 adds one of 4096 x 4096 cells, at 64 steps a window. */
#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "draw_config.h"
#include "mpi_unit.h"
#include "store/digest.h"

enum { WINDOWS = 2, USUAL_CASES = SOLVER_MOST_STEPS, LARGE_SIDE = 4096 };

/* A run of the solver alone: the same physics and heat for every communicator. */
struct setting {
    int gnx, gny, windows;
    uint64_t seed;
    int heated_per_mille;
};

static int count_kernels(void)
{
    int count = 0;
    while (kernel_at(count))
        count++;
    return count;
}

/* Rates far apart, so that a wrong value near the far end of a deep halo arrives above the rounding
 * of what is there. */
static double draw_rate(uint64_t seed, int64_t cell)
{
    return (draw_unit(seed, cell) - 0.4) * pow(10, 80 * draw_unit(seed + 1, cell) - 20);
}

/* The heat of the domain's cells in a window; at most as many as it has. */
static int64_t draw_slab_heat(const struct setting *setting, const struct domain *domain,
                              int window, struct slab_heat *heat)
{
    int64_t count = 0, first = domain->x0 * domain->gny;
    int64_t cells = (int64_t)domain->nx * domain->gny;
    uint64_t seed = setting->seed * 100 + (uint64_t)window;
    for (int64_t cell = 0; cell < cells; cell++)
        if (draw_below(seed, first + cell, 1000) < setting->heated_per_mille)
            heat[count++] = (struct slab_heat){cell, draw_rate(seed + 1, first + cell)};
    return count;
}

static void step_windows(const struct setting *setting, const struct domain *domain,
                         struct solver *solver, struct digest *digests)
{
    struct digester *digester = digester_create(domain);
    struct slab_heat *heat =
        memory_zeroed((int64_t)domain->nx * domain->gny, sizeof(struct slab_heat));
    if (!digester)
        abort();
    for (int window = 0; window < setting->windows; window++) {
        int64_t count = draw_slab_heat(setting, domain, window, heat);
        solver_step_window(solver, heat, count);
        digests[window] = digest_field(digester, solver_field(solver));
    }
    free(heat);
    digester_destroy(digester);
}

/* Collective over the communicator. */
static void run_setting(MPI_Comm comm, const struct setting *setting,
                        const struct solver_config *config, struct digest *digests)
{
    struct domain *domain;
    struct error err;
    if (domain_create(comm, setting->gnx, setting->gny, 4, &domain, &err) != STATUS_OK)
        abort();
    struct solver *solver = solver_create(domain, config);
    if (!solver)
        abort();
    step_windows(setting, domain, solver, digests);
    solver_destroy(solver);
    domain_destroy(domain);
}

/* What all are compared with; rank 0 runs it. */
static void run_slow_path(const struct setting *setting, const struct solver_config *physics,
                          struct digest *digests)
{
    struct solver_config slow = *physics;
    slow.steps_per_sweep = slow.halo_depth = 1;
    slow.kernel = kernel_at(count_kernels() - 1);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        run_setting(MPI_COMM_SELF, setting, &slow, digests);
    MPI_Bcast(digests, setting->windows * (int)sizeof *digests, MPI_BYTE, 0, MPI_COMM_WORLD);
}

static int count_differences(const struct setting *setting, const struct digest *a,
                             const struct digest *b)
{
    int different = 0;
    for (int window = 0; window < setting->windows; window++)
        different += !digest_equal(a[window], b[window]);
    return different;
}

/* Each value in turn. */
static int depth_of(uint64_t seed)
{
    return 1 + (int)(seed * 37 % HALO_DEEPEST);
}

static void draw_way(uint64_t seed, int kernel, struct solver_config *config)
{
    config->kernel = kernel_at(kernel);
    config->steps_per_sweep = 1 + (int)(seed % SOLVER_MOST_STEPS);
    config->halo_depth = depth_of(seed);
    config->block_rows = KERNEL_ROWS * (1 + draw_below(seed, 60 + kernel, 5));
    config->cache_bytes = draw_below(seed, 70 + kernel, 2) ? 1 : 0;
}

/* Slabs are mostly wide enough for the halo, else narrow. */
static struct setting draw_setting(uint64_t seed)
{
    static const int per_mille[] = {2, 10, 300, 1000};
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool narrow = draw_below(seed, 50, 4) == 0;
    int width = narrow ? 1 + draw_below(seed, 51, 4) : depth_of(seed) + draw_below(seed, 51, 16);
    return (struct setting){.gnx = ranks * width + draw_below(seed, 52, ranks),
                            .gny = 1 + draw_below(seed, 53, 40),
                            .windows = WINDOWS,
                            .seed = seed,
                            .heated_per_mille = per_mille[draw_below(seed, 54, 4)]};
}

/* Windows of one exchange, of several, and of a few steps more. */
static int draw_substeps(uint64_t seed)
{
    return depth_of(seed) * (1 + draw_below(seed, 55, 2)) + draw_below(seed, 56, 3);
}

static uint64_t wanted_cases(void)
{
    const char *wanted = getenv("HEATSTREAM_CASES");
    return wanted ? strtoull(wanted, NULL, 10) : USUAL_CASES;
}

static void every_way_of_stepping_has_the_digests_of_the_slow_path(void)
{
    for (uint64_t seed = 0; seed < wanted_cases(); seed++) {
        struct setting setting = draw_setting(seed);
        struct solver_config config = draw_config(seed);
        config.substeps = draw_substeps(seed);
        struct digest expected[WINDOWS], found[WINDOWS];
        run_slow_path(&setting, &config, expected);
        for (int kernel = 0; kernel < count_kernels(); kernel++) {
            draw_way(seed, kernel, &config);
            run_setting(MPI_COMM_WORLD, &setting, &config, found);
            CU_ASSERT_EQUAL(count_differences(&setting, expected, found), 0);
        }
    }
}

static void what_is_chosen_for_a_grid_beyond_every_cache_has_the_digests_of_the_slow_path(void)
{
    struct setting setting = {LARGE_SIDE, LARGE_SIDE, .windows = 1, .seed = 1,
                              .heated_per_mille = 10};
    struct solver_config config = draw_config(setting.seed);
    config.substeps = SOLVER_MOST_STEPS;
    struct digest expected, found;
    run_slow_path(&setting, &config, &expected);
    for (int kernel = 0; kernel < count_kernels(); kernel++) {
        config.kernel = kernel_at(kernel);
        run_setting(MPI_COMM_WORLD, &setting, &config, &found);
        CU_ASSERT_EQUAL(count_differences(&setting, &expected, &found), 0);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_way_of_stepping_has_the_digests_of_the_slow_path),
        UNIT_TEST(what_is_chosen_for_a_grid_beyond_every_cache_has_the_digests_of_the_slow_path),
    };
    log_configure(LOG_WARN, LOG_HUMAN); /* not of every halo that a slab is too narrow for */
    int count = UNIT_COUNT(tests) - (getenv("HEATSTREAM_LONG") ? 0 : 1);
    return mpi_unit_run(&argc, &argv, "solver digests", tests, count);
}
