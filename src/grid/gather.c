#include "grid/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

struct gather {
    const struct domain *domain;
    MPI_Datatype column; /* the rows of the box in one column */
    struct cell_box box;
    int64_t width; /* columns of a piece */
    int height;
    double *mine;         /* this rank's share of a piece */
    int *counts, *starts; /* [ranks] on rank 0, of a piece, in columns */
};

/* Columns of the piece within a slab, first ones as an index into the piece; none: 0 of them. */
struct share {
    int start, count;
};

static struct share share_of(const struct domain *domain, const struct cell_box *piece, int rank)
{
    int64_t low = max_int64(domain_edge(&domain->cut, rank), piece->x0);
    int64_t high = min_int64(domain_edge(&domain->cut, rank + 1), piece->x1);
    if (low >= high)
        return (struct share){0};
    return (struct share){narrow_to_int(low - piece->x0), narrow_to_int(high - low)};
}

struct gather *gather_create(const struct domain *domain, const struct cell_box *box, int64_t most)
{
    assert(0 <= box->x0 && box->x0 < box->x1 && box->x1 <= domain->gnx);
    assert(0 <= box->y0 && box->y0 < box->y1 && box->y1 <= domain->gny);
    int known = domain->rank == 0 ? domain->ranks : 0;
    struct gather *gather = memory_zeroed(1, sizeof *gather);
    gather->domain = domain;
    gather->box = *box;
    gather->height = narrow_to_int(box->y1 - box->y0);
    gather->width = min_int64(max_int64(most / gather->height, 1), box->x1 - box->x0);
    gather->counts = memory_zeroed(known, sizeof *gather->counts);
    gather->starts = memory_zeroed(known, sizeof *gather->starts);
    int64_t columns = min_int64(gather->width, domain->nx);
    gather->mine = memory_zeroed(columns * gather->height, sizeof *gather->mine);
    MPI_Type_contiguous(gather->height, MPI_DOUBLE, &gather->column);
    MPI_Type_commit(&gather->column);
    return gather;
}

void gather_destroy(struct gather *gather)
{
    if (!gather)
        return;
    MPI_Type_free(&gather->column);
    free(gather->mine);
    free(gather->counts);
    free(gather->starts);
    free(gather);
}

int64_t gather_pieces(const struct gather *gather)
{
    return (gather->box.x1 - gather->box.x0 + gather->width - 1) / gather->width;
}

struct cell_box gather_box_of(const struct gather *gather, int64_t piece)
{
    struct cell_box box = gather->box;
    box.x0 += piece * gather->width;
    box.x1 = min_int64(box.x0 + gather->width, box.x1);
    return box;
}

void gather_piece(struct gather *gather, int64_t piece, const struct field *field, double *cells)
{
    const struct domain *domain = gather->domain;
    const struct cell_box box = gather_box_of(gather, piece);
    for (int rank = 0; domain->rank == 0 && rank < domain->ranks; rank++) {
        struct share share = share_of(domain, &box, rank);
        gather->starts[rank] = share.start;
        gather->counts[rank] = share.count;
    }
    struct share mine = share_of(domain, &box, domain->rank);
    int64_t first = box.x0 + mine.start - domain->x0;
    size_t height = (size_t)gather->height;
    for (int i = 0; i < mine.count; i++)
        memcpy(gather->mine + (size_t)i * height,
               field_column(field, narrow_to_int(first + i)) + box.y0,
               height * sizeof *gather->mine);
    MPI_Gatherv(gather->mine, mine.count, gather->column, cells, gather->counts, gather->starts,
                gather->column, 0, domain->comm);
}
