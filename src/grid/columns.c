#include "grid/columns.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"

struct columns {
    const struct domain *domain;
    MPI_Datatype item;
    int *counts, *starts; /* [ranks] on rank 0 */
};

struct columns *columns_create(const struct domain *domain, size_t size)
{
    struct columns *columns = memory_zeroed(1, sizeof *columns);
    int known = domain->rank == 0 ? domain->ranks : 0;
    *columns = (struct columns){.domain = domain,
                                .counts = memory_zeroed(known, sizeof(int)),
                                .starts = memory_zeroed(known, sizeof(int))};
    for (int rank = 0; rank < known; rank++) {
        int64_t start = domain_edge(&domain->cut, rank);
        columns->starts[rank] = narrow_to_int(start);
        columns->counts[rank] = narrow_to_int(domain_edge(&domain->cut, rank + 1) - start);
    }
    MPI_Type_contiguous(narrow_to_int((int64_t)size), MPI_BYTE, &columns->item);
    MPI_Type_commit(&columns->item);
    return columns;
}

void columns_destroy(struct columns *columns)
{
    if (!columns)
        return;
    MPI_Type_free(&columns->item);
    free(columns->counts);
    free(columns->starts);
    free(columns);
}

void columns_gather(struct columns *columns, const void *mine, void *all)
{
    const struct domain *domain = columns->domain;
    pulse_wait(domain->pulse, "what rank 0 gathers");
    MPI_Gatherv(mine, domain->nx, columns->item, all, columns->counts, columns->starts,
                columns->item, 0, domain->comm);
    pulse_beat(domain->pulse);
}

void columns_gather_many(struct columns *columns, int count, const void *mine, void *all)
{
    const struct domain *domain = columns->domain;
    MPI_Datatype items;
    MPI_Type_contiguous(count, columns->item, &items);
    MPI_Type_commit(&items);
    pulse_wait(domain->pulse, "what rank 0 gathers");
    MPI_Gatherv(mine, domain->nx, items, all, columns->counts, columns->starts, items, 0,
                domain->comm);
    pulse_beat(domain->pulse);
    MPI_Type_free(&items);
}

void columns_scatter(struct columns *columns, const void *all, void *mine)
{
    const struct domain *domain = columns->domain;
    pulse_wait(domain->pulse, "what rank 0 hands out");
    MPI_Scatterv(all, columns->counts, columns->starts, columns->item, mine, domain->nx,
                 columns->item, 0, domain->comm);
    pulse_beat(domain->pulse);
}
