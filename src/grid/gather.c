#include "grid/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

struct gather {
    const struct domain *domain;
    MPI_Datatype column; /* the rows of the box in one column */
    int first, columns;  /* this rank's, first as an index into the slab */
    int bottom, height;
    double *mine;         /* [columns * height] */
    int *counts, *starts; /* [ranks], in columns */
};

/* The columns of the box within a slab, in columns of the box; none: an empty range. */
static void share_of(const struct domain *domain, const struct cell_box *box, int rank, int *start,
                     int *count)
{
    int64_t low = max_int64(domain->edges[rank], box->x0);
    int64_t high = min_int64(domain->edges[rank + 1], box->x1);
    *start = low < high ? narrow_to_int(low - box->x0) : 0;
    *count = low < high ? narrow_to_int(high - low) : 0;
}

struct gather *gather_create(const struct domain *domain, const struct cell_box *box)
{
    assert(0 <= box->x0 && box->x0 < box->x1 && box->x1 <= domain->gnx);
    assert(0 <= box->y0 && box->y0 < box->y1 && box->y1 <= domain->gny);
    struct gather *gather = memory_zeroed(1, sizeof *gather);
    gather->domain = domain;
    gather->counts = memory_zeroed(domain->ranks, sizeof *gather->counts);
    gather->starts = memory_zeroed(domain->ranks, sizeof *gather->starts);
    for (int rank = 0; rank < domain->ranks; rank++)
        share_of(domain, box, rank, &gather->starts[rank], &gather->counts[rank]);
    gather->columns = gather->counts[domain->rank];
    gather->first = narrow_to_int(max_int64(box->x0 - domain->x0, 0));
    gather->bottom = narrow_to_int(box->y0);
    gather->height = narrow_to_int(box->y1 - box->y0);
    int64_t cells = (int64_t)gather->columns * gather->height;
    gather->mine = memory_zeroed(cells, sizeof *gather->mine);
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

void gather_box(struct gather *gather, const struct field *field, double *cells)
{
    size_t height = (size_t)gather->height;
    for (int i = 0; i < gather->columns; i++)
        memcpy(gather->mine + (size_t)i * height,
               field_column(field, gather->first + i) + gather->bottom,
               height * sizeof *gather->mine);
    MPI_Gatherv(gather->mine, gather->columns, gather->column, cells, gather->counts,
                gather->starts, gather->column, 0, gather->domain->comm);
}
