/* How many steps a pass, how deep a halo, which kernel: a rule from the sizes, the same on every
 * rank. No choice changes a bit of the result. */
#ifndef HEATSTREAM_SOLVE_CHOICE_H
#define HEATSTREAM_SOLVE_CHOICE_H

#include "solve/solver.h"

struct slabs {
    int ranks;
    int narrowest; /* columns of the narrowest slab */
    int ny;
};

/* Most windows that can be stepped together when a frame is made of every `frames_every`-th and a
 * snapshot of every `spacing`-th. Pure. */
int choice_windows(int64_t frames_every, int spacing);

/* The configuration with nothing left to choose: steps_per_sweep <= halo_depth <= the columns of
 * the narrowest slab where there are neighbours, and no more than the windows that are stepped
 * together have steps; of these no more than a pass has room for. Says so in the log where a deeper
 * halo was asked for. Local. */
struct solver_config choice_complete(const struct domain *domain,
                                     const struct solver_config *config);

/* The same for slabs that need not exist, without a word. On one rank halo_depth is the
 * steps of the windows, and a field has one ghost column a side for the boundary. */
struct solver_config choice_for_slabs(const struct slabs *slabs,
                                      const struct solver_config *config);

#endif
