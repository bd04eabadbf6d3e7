#include "solve/choice.h"

#include "grid/halo.h"

enum { STEPS = 32, BLOCK_ROWS = 512, CACHE_BYTES = 64000000 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

struct solver_config choice_complete(const struct domain *domain,
                                     const struct solver_config *config)
{
    struct solver_config chosen = *config;
    int deepest = halo_deepest(domain);
    int steps = least(config->substeps, SOLVER_MOST_STEPS);
    if (chosen.steps_per_sweep == 0)
        chosen.steps_per_sweep = least(STEPS, chosen.halo_depth ? chosen.halo_depth : STEPS);
    chosen.steps_per_sweep = least(chosen.steps_per_sweep, steps);
    if (chosen.halo_depth == 0)
        chosen.halo_depth = chosen.steps_per_sweep;
    chosen.halo_depth =
        domain->ranks == 1 ? config->substeps : least(chosen.halo_depth, least(steps, deepest));
    chosen.steps_per_sweep = least(chosen.steps_per_sweep, chosen.halo_depth);
    if (chosen.block_rows == 0)
        chosen.block_rows = BLOCK_ROWS;
    if (chosen.cache_bytes == 0)
        chosen.cache_bytes = CACHE_BYTES;
    if (!chosen.kernel)
        chosen.kernel = kernel_at(0);
    return chosen;
}
