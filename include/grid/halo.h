/* Exchange of boundary columns with the neighbour slabs. */
#ifndef HEATSTREAM_GRID_HALO_H
#define HEATSTREAM_GRID_HALO_H

#include "grid/field.h"
#include "grid/scatter.h"

/* Columns of a halo, so that MPI can count the cells of the longest. */
enum { HALO_DEEPEST = 64 };

/* Collective: MPI_Sendrecv of the `depth` outermost owned columns into the neighbours' ghost
 * columns, depth at most HALO_DEEPEST, field->ghosts and halo_narrowest(). Ghost columns at the
 * ends of the grid are left alone. */
void halo_exchange(const struct domain *domain, struct field *field, int depth);

/* Collective: waits until the neighbours have come here too, and gives the processor away if that
 * takes long (grid/patience.h), which halo_exchange() does not. */
void halo_meet(const struct domain *domain);

/* The columns of the narrowest slab; INT_MAX on a single rank, which exchanges nothing. Local. */
int halo_narrowest(const struct domain *domain);

/* Heat of the neighbours' outermost columns, with cell numbers of this rank's slab: below 0 on the
 * left, from nx*ny on on the right. */
struct halo_heat {
    struct slab_heat *left, *right; /* [depth * ny] */
    int left_count, right_count;
};

/* Collective: MPI_Sendrecv of the heat of `depth` < HALO_DEEPEST columns, `mine` as of
 * scatter_heat(). */
void halo_exchange_heat(const struct domain *domain, const struct slab_heat *mine, int64_t count,
                        int depth, struct halo_heat *halo);

#endif
