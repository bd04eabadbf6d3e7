#include "solve/memory.h"

#include "base/arith.h"
#include "solve/choice.h"
#include "solve/heat_map.h"
#include "solve/snapshots.h"

struct solver_memory solver_memory_of(const struct domain_cut *cut, int ny,
                                      const struct solver_config *config, int snapshots)
{
    struct domain_widths widths = domain_widths(cut);
    int ranks = cut->ranks;
    struct slabs slabs = {.ranks = ranks, .narrowest = narrow_to_int(widths.narrowest), .ny = ny};
    struct solver_config chosen = choice_for_slabs(&slabs, config);
    int ghosts = ranks == 1 ? 1 : chosen.halo_depth;
    int parts = chosen.windows > 1 ? 2 : 1;
    double deep = (double)widths.widest + 2.0 * ghosts;
    double column = sizeof(double) * (ny + 2.0);
    double kept = snapshots_are_left(widths.widest, ny) ? deep : (double)widths.widest + 2;
    double exchanged = 2.0 * (ghosts - 1) * ny * (double)sizeof(struct slab_heat);
    return (struct solver_memory){.columns = narrow_to_int(widths.widest),
                                  .fields = 2 * deep * column,
                                  .snapshots = snapshots * kept * column,
                                  .heat = parts * HEAT_MAP_CELL_BYTES * deep * ny + exchanged};
}
