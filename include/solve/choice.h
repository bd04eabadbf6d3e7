/* How many steps a pass, how deep a halo, which kernel: a rule from the sizes, the same on every
 * rank. No choice changes a bit of the result. */
#ifndef HEATSTREAM_SOLVE_CHOICE_H
#define HEATSTREAM_SOLVE_CHOICE_H

#include "solve/solver.h"

/* The configuration with nothing left to choose: steps_per_sweep <= halo_depth <= the columns of
 * the narrowest slab where there are neighbours, and no more than a window has steps. Says so in
 * the log where a deeper halo was asked for. Local. */
struct solver_config choice_complete(const struct domain *domain,
                                     const struct solver_config *config);

#endif
