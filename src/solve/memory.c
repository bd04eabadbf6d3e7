#include "solve/memory.h"

#include "base/arith.h"
#include "solve/choice.h"
#include "solve/heat_map.h"

struct widths {
    int64_t narrowest, widest;
};

static struct widths widths_of(const int64_t *edges, int ranks)
{
    struct widths widths = {INT_MAX, 0};
    for (int rank = 0; rank < ranks; rank++) {
        widths.narrowest = min_int64(widths.narrowest, edges[rank + 1] - edges[rank]);
        widths.widest = max_int64(widths.widest, edges[rank + 1] - edges[rank]);
    }
    return widths;
}

struct solver_memory solver_memory_of(const int64_t *edges, int ranks, int ny,
                                      const struct solver_config *config, int snapshots)
{
    struct widths widths = widths_of(edges, ranks);
    struct slabs slabs = {.ranks = ranks, .narrowest = narrow_to_int(widths.narrowest), .ny = ny};
    int ghosts = ranks == 1 ? 1 : choice_for_slabs(&slabs, config).halo_depth;
    double columns = (double)widths.widest, deep = columns + 2.0 * ghosts;
    double column = sizeof(double) * (ny + 2.0);
    double exchanged = 2.0 * (ghosts - 1) * ny * (double)sizeof(struct slab_heat);
    return (struct solver_memory){.columns = narrow_to_int(widths.widest),
                                  .fields = 2 * deep * column,
                                  .snapshots = snapshots * columns * column,
                                  .heat = HEAT_MAP_CELL_BYTES * deep * ny + exchanged};
}
