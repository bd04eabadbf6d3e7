/* What stepping takes of memory, known before anything exists. Without MPI. */
#ifndef HEATSTREAM_SOLVE_MEMORY_H
#define HEATSTREAM_SOLVE_MEMORY_H

#include "solve/solver.h"

/* Bytes of the widest slab. */
struct solver_memory {
    int columns;
    double fields;    /* two, with the ghosts the halo asks for */
    double snapshots; /* for corrections; see snapshots.h */
    double heat;      /* reserved for a window in which all cells are heated; touched as used */
};

/* Of the configuration only the numbers of steps and windows and the depth of the halo count. What
 * is smaller than a few columns is left out. */
struct solver_memory solver_memory_of(const struct domain_cut *cut, int ny,
                                      const struct solver_config *config, int snapshots);

#endif
