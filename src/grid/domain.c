#include "grid/domain.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"

/* Edges of `units` equal units cut into `ranks` runs, the first ones a unit longer; each edge times
 * `width`, the last one cut to `end`. */
static void cut_evenly(int64_t units, int64_t width, int64_t end, int ranks, int64_t *edges)
{
    int64_t share = units / ranks, longer = units % ranks;
    for (int rank = 0; rank < ranks; rank++)
        edges[rank] = (share * rank + min_int64(rank, longer)) * width;
    edges[ranks] = end;
}

static bool tiles_balance(int64_t gnx, int ranks, int64_t tile, int64_t tiles)
{
    if (tiles < ranks)
        return false;
    __int128 largest = (__int128)((tiles + ranks - 1) / ranks) * tile;
    if (largest > gnx)
        largest = gnx;
    return largest * ranks * 100 < (__int128)gnx * 105;
}

void domain_edges(int64_t gnx, int ranks, int64_t tile, int64_t *edges)
{
    int64_t tiles = tile > 0 ? gnx / tile + (gnx % tile != 0) : 0;
    if (tiles_balance(gnx, ranks, tile, tiles))
        cut_evenly(tiles, tile, gnx, ranks, edges);
    else
        cut_evenly(gnx, 1, gnx, ranks, edges);
}

static enum status check_size(int64_t gnx, int64_t gny, int ranks, struct error *err)
{
    if (gnx < 1 || gnx > INT_MAX)
        return error_set(err, STATUS_BAD_DECK, "grid.nx is %" PRId64 ": must be from 1 to %d", gnx,
                         INT_MAX);
    if (gny < 1 || gny > INT_MAX - 2)
        return error_set(err, STATUS_BAD_DECK, "grid.ny is %" PRId64 ": must be from 1 to %d", gny,
                         INT_MAX - 2);
    if (gnx < ranks)
        return error_set(err, STATUS_BAD_DECK,
                         "grid.nx is %" PRId64
                         ": %d ranks need at least %d columns; use at most -np %" PRId64,
                         gnx, ranks, ranks, gnx);
    return STATUS_OK;
}

static void place(struct domain *domain)
{
    int64_t *edges = domain->edges;
    domain->x0 = edges[domain->rank];
    domain->nx = narrow_to_int(edges[domain->rank + 1] - domain->x0);
    domain->ny = narrow_to_int(domain->gny);
    domain->left = domain->rank > 0 ? domain->rank - 1 : MPI_PROC_NULL;
    domain->right = domain->rank + 1 < domain->ranks ? domain->rank + 1 : MPI_PROC_NULL;
}

enum status domain_create(MPI_Comm comm, int64_t gnx, int64_t gny, int64_t tile,
                          struct domain **created, struct error *err)
{
    int ranks;
    MPI_Comm_size(comm, &ranks);
    TRY(check_size(gnx, gny, ranks, err));
    struct domain *domain = memory_zeroed(1, sizeof *domain);
    int64_t *edges = memory_zeroed(ranks + 1, sizeof *edges);
    *domain = (struct domain){.ranks = ranks, .gnx = gnx, .gny = gny, .edges = edges};
    MPI_Comm_dup(comm, &domain->comm);
    MPI_Comm_rank(domain->comm, &domain->rank);
    domain_edges(gnx, ranks, tile, edges);
    place(domain);
    *created = domain;
    return STATUS_OK;
}

void domain_destroy(struct domain *domain)
{
    if (!domain)
        return;
    MPI_Comm_free(&domain->comm);
    free(domain->edges);
    free(domain);
}

int domain_owner(const struct domain *domain, int64_t x)
{
    int low = 0, high = domain->ranks; /* edges[low] <= x < edges[high] */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (domain->edges[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}
