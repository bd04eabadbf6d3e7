/* The global grid cut into column slabs, one a rank.
 *
 * Cell (x, y), 0 <= x < gnx from left to right, 0 <= y < gny from bottom to top. Rank r owns the
 * contiguous columns [x0, x0 + nx). Slab edges fall on multiples of the output tile width where the
 * largest slab then exceeds the even share by less than 5 %. A rank may own a single column. */
#ifndef HEATSTREAM_GRID_DOMAIN_H
#define HEATSTREAM_GRID_DOMAIN_H

#include <mpi.h>
#include <stdint.h>

#include "base/status.h"

/* Written by domain_create() only. */
struct domain {
    MPI_Comm comm; /* a duplicate, owned */
    int rank, ranks;
    int64_t gnx, gny;
    int64_t x0;      /* first owned column */
    int nx, ny;      /* owned columns, cells per column */
    int left, right; /* neighbour ranks, MPI_PROC_NULL at the ends */
    int64_t *edges;  /* [ranks + 1]: rank r owns columns edges[r] .. edges[r + 1] - 1 */
};

/* Collective. STATUS_BAD_DECK, with the same text on every rank, when there are more ranks than
 * columns or a side exceeds the range of int. */
enum status domain_create(MPI_Comm comm, int64_t gnx, int64_t gny, int64_t tile,
                          struct domain **domain, struct error *err) MUST_CHECK;
void domain_destroy(struct domain *domain); /* collective; accepts NULL */

/* Slab edges for any number of ranks, without MPI: edges[ranks + 1]. `tile` 0: no alignment wanted.
 */
void domain_edges(int64_t gnx, int ranks, int64_t tile, int64_t *edges);

/* The rank that owns column x, 0 <= x < gnx. Local. */
int domain_owner(const struct domain *domain, int64_t x);

#endif
