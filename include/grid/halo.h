/* Exchange of boundary columns with the neighbour slabs. */
#ifndef HEATSTREAM_GRID_HALO_H
#define HEATSTREAM_GRID_HALO_H

#include "grid/field.h"

/* Collective: MPI_Sendrecv of the outermost owned columns into the neighbours' ghost columns. Ghost
 * columns at the ends of the grid are left alone. */
void halo_exchange(const struct domain *domain, struct field *field);

#endif
