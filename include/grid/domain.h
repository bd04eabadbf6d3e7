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
#include "grid/pulse.h"

/* Columns, and rows, of the largest grid. MPI counts in int: of a side of this length a halo of
 * HALO_DEEPEST columns can be counted, and the 16 bytes of a column's digest. */
enum { DOMAIN_LONGEST_SIDE = 1 << 24 };

/* Where the slabs end, in the same few bytes for any number of ranks. Written by domain_cut(). */
struct domain_cut {
    int64_t gnx;
    int64_t unit;          /* columns that stay together */
    int64_t share, longer; /* units a rank; so many first ranks have one more */
    int ranks;
};

/* Written by domain_create() and domain_create_alone() only. */
struct domain {
    MPI_Comm comm; /* a duplicate, owned; MPI_COMM_NULL of domain_create_alone() */
    int rank, ranks;
    int64_t gnx, gny;
    int64_t x0;      /* first owned column */
    int nx, ny;      /* owned columns, cells per column */
    int left, right; /* neighbour ranks, MPI_PROC_NULL at the ends */
    struct domain_cut cut;
    struct pulse *pulse; /* owned; beaten by the exchanges of this room */
};

/* Collective. STATUS_BAD_DECK, with the same text on every rank, when there are more ranks than
 * columns or a side is longer than DOMAIN_LONGEST_SIDE. */
enum status domain_create(MPI_Comm comm, int64_t gnx, int64_t gny, int64_t tile,
                          struct domain **domain, struct error *err) MUST_CHECK;
void domain_destroy(struct domain *domain); /* collective; accepts NULL */

/* A part of a grid on this process alone, without MPI: for fields, and for measuring regions. At
 * most DOMAIN_LONGEST_SIDE a side. */
struct domain *domain_create_alone(int64_t gnx, int64_t gny);

/* The slabs of any number of ranks, without MPI. gnx at least `ranks`; `tile` 0: no alignment
 * wanted. */
struct domain_cut domain_cut(int64_t gnx, int ranks, int64_t tile);

/* Rank r owns columns edge r .. edge r + 1, less one; r from 0 to the number of ranks. */
int64_t domain_edge(const struct domain_cut *cut, int rank);

/* Columns of the narrowest and of the widest slab. */
struct domain_widths {
    int64_t narrowest, widest;
};
struct domain_widths domain_widths(const struct domain_cut *cut);

/* The rank that owns column x, 0 <= x < gnx. Local. */
int domain_owner(const struct domain *domain, int64_t x);

#endif
