/* Exchange of boundary columns with the neighbour slabs. */
#ifndef HEATSTREAM_GRID_HALO_H
#define HEATSTREAM_GRID_HALO_H

#include "grid/field.h"
#include "grid/scatter.h"

/* Collective: MPI_Sendrecv of the `depth` outermost owned columns into the neighbours' ghost
 * columns, depth at most field->ghosts and halo_deepest(). Ghost columns at the ends of the grid
 * are left alone. */
void halo_exchange(const struct domain *domain, struct field *field, int depth);

/* The columns of the narrowest slab; INT_MAX on a single rank, which exchanges nothing. Local. */
int halo_deepest(const struct domain *domain);

/* Heat of the neighbours' outermost columns, with cell numbers of this rank's slab: below 0 on the
 * left, from nx*ny on on the right. */
struct halo_heat {
    struct slab_heat *left, *right; /* [depth * ny] */
    int left_count, right_count;
};

/* Collective: MPI_Sendrecv of the heat of `depth` columns, `mine` as of scatter_heat(). */
void halo_exchange_heat(const struct domain *domain, const struct slab_heat *mine, int count,
                        int depth, struct halo_heat *halo);

#endif
