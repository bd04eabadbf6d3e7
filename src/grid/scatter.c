#include "grid/scatter.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "grid/agree.h"

struct scatter {
    const struct domain *domain;
    MPI_Datatype entry;
    int *counts, *starts; /* [ranks], used on rank 0 */
    struct buffer mine;   /* grows to the largest window so far */
};

struct scatter *scatter_create(const struct domain *domain)
{
    struct scatter *scatter = memory_zeroed(1, sizeof *scatter);
    scatter->domain = domain;
    scatter->counts = memory_zeroed(domain->ranks, sizeof *scatter->counts);
    scatter->starts = memory_zeroed(domain->ranks, sizeof *scatter->starts);
    _Static_assert(sizeof(struct slab_heat) == 16, "an entry travels as 16 bytes");
    MPI_Type_contiguous((int)sizeof(struct slab_heat), MPI_BYTE, &scatter->entry);
    MPI_Type_commit(&scatter->entry);
    return scatter;
}

void scatter_destroy(struct scatter *scatter)
{
    if (!scatter)
        return;
    MPI_Type_free(&scatter->entry);
    buffer_release(&scatter->mine);
    free(scatter->counts);
    free(scatter->starts);
    free(scatter);
}

/* The first entry from `low` on that does not lie below `cell`. */
static int64_t lower_bound(const struct slab_heat *heat, int64_t low, int64_t high, int64_t cell)
{
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (heat[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void cut_at_edges(struct scatter *scatter, const struct slab_heat *heat, int64_t count)
{
    const struct domain *domain = scatter->domain;
    int64_t start = 0;
    for (int rank = 0; rank < domain->ranks; rank++) {
        int64_t end = lower_bound(heat, start, count, domain->edges[rank + 1] * domain->gny);
        scatter->starts[rank] = narrow_to_int(start);
        scatter->counts[rank] = narrow_to_int(end - start);
        start = end;
    }
    assert(start == count);
}

/* Rank 0's count, known to be sendable, or a failure that every rank learns. */
static enum status cut_window(struct scatter *scatter, const struct slab_heat *heat, int64_t count,
                              struct error *err)
{
    if (scatter->domain->rank != 0)
        return STATUS_OK;
    if (count > INT_MAX)
        return error_set(err, STATUS_BAD_DATA,
                         "scattering the heat of a window: %" PRId64
                         " heated cells, at most %d can be sent; use a coarser grid",
                         count, INT_MAX);
    cut_at_edges(scatter, heat, count);
    return STATUS_OK;
}

enum status scatter_heat(struct scatter *scatter, const struct slab_heat *heat, int64_t count,
                         const struct slab_heat **mine, int *mine_count, struct error *err)
{
    const struct domain *domain = scatter->domain;
    enum status cut = cut_window(scatter, heat, count, err);
    for (int rank = 0; cut != STATUS_OK && rank < domain->ranks; rank++)
        scatter->counts[rank] = -1;
    int received;
    MPI_Scatter(scatter->counts, 1, MPI_INT, &received, 1, MPI_INT, 0, domain->comm);
    if (received < 0)
        return agree(domain, cut, err);
    buffer_clear(&scatter->mine);
    struct slab_heat *entries =
        buffer_reserve(&scatter->mine, (size_t)received * sizeof(struct slab_heat));
    MPI_Scatterv(heat, scatter->counts, scatter->starts, scatter->entry, entries, received,
                 scatter->entry, 0, domain->comm);
    int64_t first_cell = domain->x0 * domain->gny;
    for (int i = 0; i < received; i++)
        entries[i].cell -= first_cell;
    *mine = entries;
    *mine_count = received;
    return STATUS_OK;
}
