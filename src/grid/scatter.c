#include "grid/scatter.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "grid/patience.h"

/* Windows with so many entries are far apart: there is time for others to use the processor. */
enum { PATIENT_FROM = 1 << 14, LONGEST_NAP_US = 100 };

/* A rank's entries in the list of rank 0, and how many there are in all. */
struct part {
    int64_t first, end, total;
};

struct scatter {
    const struct domain *domain;
    int most;
    MPI_Datatype entry, part;
    struct part *parts;   /* [ranks] on rank 0 */
    int *counts, *starts; /* [ranks] on rank 0, of the message being sent */
    struct buffer mine;   /* grows to the largest window so far */
};

struct scatter *scatter_create(const struct domain *domain, int most)
{
    assert(most > 0);
    struct scatter *scatter = memory_zeroed(1, sizeof *scatter);
    int known = domain->rank == 0 ? domain->ranks : 0;
    *scatter = (struct scatter){.domain = domain,
                                .most = most,
                                .parts = memory_zeroed(known, sizeof *scatter->parts),
                                .counts = memory_zeroed(known, sizeof *scatter->counts),
                                .starts = memory_zeroed(known, sizeof *scatter->starts)};
    _Static_assert(sizeof(struct slab_heat) == 16, "an entry travels as 16 bytes");
    MPI_Type_contiguous((int)sizeof(struct slab_heat), MPI_BYTE, &scatter->entry);
    MPI_Type_commit(&scatter->entry);
    MPI_Type_contiguous((int)sizeof(struct part), MPI_BYTE, &scatter->part);
    MPI_Type_commit(&scatter->part);
    return scatter;
}

void scatter_destroy(struct scatter *scatter)
{
    if (!scatter)
        return;
    MPI_Type_free(&scatter->entry);
    MPI_Type_free(&scatter->part);
    buffer_release(&scatter->mine);
    free(scatter->parts);
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

/* Rank 0. */
static void cut_at_edges(struct scatter *scatter, const struct slab_heat *heat, int64_t count)
{
    const struct domain *domain = scatter->domain;
    int64_t first = 0;
    for (int rank = 0; rank < domain->ranks; rank++) {
        int64_t end_cell = domain_edge(&domain->cut, rank + 1) * domain->gny;
        int64_t end = lower_bound(heat, first, count, end_cell);
        scatter->parts[rank] = (struct part){first, end, count};
        first = end;
    }
    assert(first == count);
}

/* What of a part lies among entries from .. from + most - 1; .first counts from `from`. */
static struct part within(const struct scatter *scatter, const struct part *part, int64_t from)
{
    int64_t first = max_int64(part->first, from);
    int64_t end = min_int64(part->end, from + scatter->most);
    if (first >= end)
        return (struct part){0};
    return (struct part){.first = first - from, .end = end - from};
}

/* Collective: entries from .. from + most - 1 of the list. */
static void send_some(struct scatter *scatter, const struct slab_heat *heat,
                      const struct part *part, int64_t from)
{
    const struct domain *domain = scatter->domain;
    for (int rank = 0; domain->rank == 0 && rank < domain->ranks; rank++) {
        struct part some = within(scatter, &scatter->parts[rank], from);
        scatter->starts[rank] = narrow_to_int(some.first);
        scatter->counts[rank] = narrow_to_int(some.end - some.first);
    }
    struct part some = within(scatter, part, from);
    struct slab_heat *mine = (struct slab_heat *)(void *)scatter->mine.data;
    if (some.end > some.first)
        mine += from + some.first - part->first;
    pulse_wait(domain->pulse, "the heat of a window");
    const struct slab_heat *all = heat ? heat + from : NULL;
    const int count = narrow_to_int(some.end - some.first);
    MPI_Request request;
    if (part->total < PATIENT_FROM) {
        MPI_Scatterv(all, scatter->counts, scatter->starts, scatter->entry, mine, count,
                     scatter->entry, 0, domain->comm);
    } else {
        MPI_Iscatterv(all, scatter->counts, scatter->starts, scatter->entry, mine, count,
                      scatter->entry, 0, domain->comm, &request);
        patience_wait(&request, 1, LONGEST_NAP_US, NULL);
    }
    pulse_beat(domain->pulse);
}

int64_t scatter_heat(struct scatter *scatter, const struct slab_heat *heat, int64_t count,
                     const struct slab_heat **mine)
{
    const struct domain *domain = scatter->domain;
    struct part part;
    if (domain->rank == 0)
        cut_at_edges(scatter, heat, count);
    pulse_wait(domain->pulse, "the heat of a window");
    MPI_Scatter(scatter->parts, 1, scatter->part, &part, 1, scatter->part, 0, domain->comm);
    pulse_beat(domain->pulse);
    int64_t received = part.end - part.first;
    buffer_clear(&scatter->mine);
    struct slab_heat *entries =
        buffer_reserve(&scatter->mine, (size_t)received * sizeof(struct slab_heat));
    for (int64_t from = 0; from < part.total; from += scatter->most)
        send_some(scatter, domain->rank == 0 ? heat : NULL, &part, from);
    int64_t first_cell = domain->x0 * domain->gny;
    for (int64_t i = 0; i < received; i++)
        entries[i].cell -= first_cell;
    *mine = entries;
    return received;
}
