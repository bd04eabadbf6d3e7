#include "solve/choice.h"

#include <unistd.h>

#include "base/arith.h"
#include "base/log.h"
#include "grid/halo.h"

enum {
    STEPS = 32,       /* of a pass: more gain nothing, fewer show the memory */
    BLOCK_ROWS = 512, /* most; more beside a large L2 cache (sweep.h has the figures) */
    LARGE_BLOCK_ROWS = 2048,
    LARGE_CACHE_BYTES = 2 << 20,
    CACHE_BYTES = 64000000,
    SMALL_CELLS = 16384, /* a slab of no more is stepped faster than a message arrives */
    HALO_PART = 8        /* a halo of the others is no wider than one column in so many */
};

int choice_windows(int64_t frames_every, int spacing)
{
    return frames_every < spacing ? (int)frames_every : spacing;
}

/* Both fields: then nothing is gained by several steps a pass, whose levels cost something. */
static bool fit_first_cache(const struct slabs *slabs)
{
    int64_t cells = (int64_t)slabs->narrowest * kernel_round_up(slabs->ny);
    return cells <= sysconf(_SC_LEVEL1_DCACHE_SIZE) / (2 * (int64_t)sizeof(double));
}

/* Steps of a pass when nobody says: every further one makes the ranks step more of each other's
 * columns. */
static int choose_steps(const struct slabs *slabs)
{
    if (slabs->ranks == 1)
        return fit_first_cache(slabs) ? 1 : STEPS;
    bool small = (int64_t)slabs->narrowest * slabs->ny <= SMALL_CELLS;
    int widest =
        small || slabs->narrowest < HALO_PART ? slabs->narrowest : slabs->narrowest / HALO_PART;
    return min_int(STEPS, widest);
}

/* Steps of a pass, were there no end to them. */
static int longest_pass(const struct slabs *slabs, const struct solver_config *config, int steps)
{
    int most = min_int(steps, SOLVER_MOST_STEPS);
    if (slabs->ranks == 1)
        return most;
    return min_int(min_int(most, slabs->narrowest),
                   config->halo_depth ? config->halo_depth : steps);
}

/* More windows than a pass has room for gain nothing together. */
static int choose_windows(const struct solver_config *config, int longest)
{
    int windows = min_int(config->windows, longest / config->substeps);
    return windows > 1 ? windows : 1;
}

static int choose_depth(const struct slabs *slabs, const struct solver_config *config, int steps,
                        int windows)
{
    int all = windows * config->substeps, most = min_int(all, SOLVER_MOST_STEPS);
    if (slabs->ranks == 1)
        return all;
    return min_int(config->halo_depth ? config->halo_depth : steps,
                   min_int(most, slabs->narrowest));
}

/* Blocks of rows that are as high as each other. */
static int choose_block_rows(int ny)
{
    bool large = sysconf(_SC_LEVEL2_CACHE_SIZE) >= LARGE_CACHE_BYTES;
    int most = large ? LARGE_BLOCK_ROWS : BLOCK_ROWS, blocks = (ny - 1) / most + 1;
    return (int)kernel_round_up((ny - 1) / blocks + 1);
}

struct solver_config choice_for_slabs(const struct slabs *slabs, const struct solver_config *config)
{
    struct solver_config chosen = *config;
    int steps = config->steps_per_sweep ? config->steps_per_sweep : choose_steps(slabs);
    chosen.windows = choose_windows(config, longest_pass(slabs, config, steps));
    chosen.halo_depth = choose_depth(slabs, config, steps, chosen.windows);
    chosen.steps_per_sweep = min_int(min_int(steps, SOLVER_MOST_STEPS), chosen.halo_depth);
    if (chosen.block_rows == 0)
        chosen.block_rows = choose_block_rows(slabs->ny);
    if (chosen.cache_bytes == 0)
        chosen.cache_bytes = CACHE_BYTES;
    if (!chosen.kernel)
        chosen.kernel = kernel_at(0);
    return chosen;
}

struct solver_config choice_complete(const struct domain *domain,
                                     const struct solver_config *config)
{
    const bool alone = domain->ranks == 1;
    struct slabs slabs = {.ranks = domain->ranks,
                          .narrowest = alone ? domain->nx : halo_narrowest(domain),
                          .ny = domain->ny};
    if (!alone && config->halo_depth > slabs.narrowest)
        log_info("solve.halo_depth is %d, but the narrowest rank owns %d columns: %d are exchanged",
                 config->halo_depth, slabs.narrowest, slabs.narrowest);
    return choice_for_slabs(&slabs, config);
}
