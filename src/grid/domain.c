#include "grid/domain.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"

static bool tiles_balance(int64_t gnx, int ranks, int64_t tile, int64_t tiles)
{
    if (tiles < ranks)
        return false;
    __int128 largest = (__int128)((tiles + ranks - 1) / ranks) * tile;
    if (largest > gnx)
        largest = gnx;
    return largest * ranks * 100 < (__int128)gnx * 105;
}

static struct domain_cut cut_evenly(int64_t gnx, int ranks, int64_t units, int64_t unit)
{
    return (struct domain_cut){
        .gnx = gnx, .unit = unit, .share = units / ranks, .longer = units % ranks, .ranks = ranks};
}

struct domain_cut domain_cut(int64_t gnx, int ranks, int64_t tile)
{
    int64_t tiles = tile > 0 ? gnx / tile + (gnx % tile != 0) : 0;
    if (tiles_balance(gnx, ranks, tile, tiles))
        return cut_evenly(gnx, ranks, tiles, tile);
    return cut_evenly(gnx, ranks, gnx, 1);
}

int64_t domain_edge(const struct domain_cut *cut, int rank)
{
    if (rank == cut->ranks) /* the last unit may be cut off */
        return cut->gnx;
    return (cut->share * rank + min_int64(rank, cut->longer)) * cut->unit;
}

struct domain_widths domain_widths(const struct domain_cut *cut)
{
    /* The first of the longer slabs, the first of the others and the last one, which may be cut. */
    const int64_t ranks[] = {0, min_int64(cut->longer, cut->ranks - 1), cut->ranks - 1};
    struct domain_widths widths = {INT64_MAX, 0};
    for (int i = 0; i < 3; i++) {
        int rank = (int)ranks[i];
        int64_t width = domain_edge(cut, rank + 1) - domain_edge(cut, rank);
        widths.narrowest = min_int64(widths.narrowest, width);
        widths.widest = max_int64(widths.widest, width);
    }
    return widths;
}

static enum status check_size(int64_t gnx, int64_t gny, int ranks, struct error *err)
{
    if (gnx < 1 || gnx > DOMAIN_LONGEST_SIDE)
        return error_set(err, STATUS_BAD_DECK, "grid.nx is %" PRId64 ": must be from 1 to %d", gnx,
                         DOMAIN_LONGEST_SIDE);
    if (gny < 1 || gny > DOMAIN_LONGEST_SIDE)
        return error_set(err, STATUS_BAD_DECK, "grid.ny is %" PRId64 ": must be from 1 to %d", gny,
                         DOMAIN_LONGEST_SIDE);
    if (gnx < ranks)
        return error_set(err, STATUS_BAD_DECK,
                         "grid.nx is %" PRId64
                         ": %d ranks need at least %d columns; use at most -np %" PRId64,
                         gnx, ranks, ranks, gnx);
    return STATUS_OK;
}

static void place(struct domain *domain)
{
    domain->x0 = domain_edge(&domain->cut, domain->rank);
    domain->nx = narrow_to_int(domain_edge(&domain->cut, domain->rank + 1) - domain->x0);
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
    *domain = (struct domain){
        .ranks = ranks, .gnx = gnx, .gny = gny, .cut = domain_cut(gnx, ranks, tile)};
    domain->pulse = memory_zeroed(1, sizeof *domain->pulse);
    MPI_Comm_dup(comm, &domain->comm);
    MPI_Comm_rank(domain->comm, &domain->rank);
    place(domain);
    *created = domain;
    return STATUS_OK;
}

struct domain *domain_create_alone(int64_t gnx, int64_t gny)
{
    struct domain *domain = memory_zeroed(1, sizeof *domain);
    *domain = (struct domain){
        .comm = MPI_COMM_NULL, .ranks = 1, .gnx = gnx, .gny = gny, .cut = domain_cut(gnx, 1, 0)};
    domain->pulse = memory_zeroed(1, sizeof *domain->pulse);
    place(domain);
    return domain;
}

void domain_destroy(struct domain *domain)
{
    if (!domain)
        return;
    if (domain->comm != MPI_COMM_NULL)
        MPI_Comm_free(&domain->comm);
    free(domain->pulse);
    free(domain);
}

int domain_owner(const struct domain *domain, int64_t x)
{
    int low = 0, high = domain->ranks; /* the edge of low <= x < that of high */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (domain_edge(&domain->cut, middle) <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}
