#include "grid/halo.h"

#include <limits.h>

enum halo_tag {
    HALO_TAG_LEFTWARD = 1,
    HALO_TAG_RIGHTWARD,
    HALO_TAG_HEAT_LEFTWARD,
    HALO_TAG_HEAT_RIGHTWARD
};

void halo_exchange(const struct domain *domain, struct field *field, int depth)
{
    if (domain->ranks == 1)
        return;
    int nx = field->nx;
    int count = (int)((depth - 1) * field->pitch) + field->ny;
    MPI_Sendrecv(field_column(field, 0), count, MPI_DOUBLE, domain->left, HALO_TAG_LEFTWARD,
                 field_column(field, nx), count, MPI_DOUBLE, domain->right, HALO_TAG_LEFTWARD,
                 domain->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(field_column(field, nx - depth), count, MPI_DOUBLE, domain->right,
                 HALO_TAG_RIGHTWARD, field_column(field, -depth), count, MPI_DOUBLE, domain->left,
                 HALO_TAG_RIGHTWARD, domain->comm, MPI_STATUS_IGNORE);
}

static int slab_width(const struct domain *domain, int rank)
{
    return (int)(domain->edges[rank + 1] - domain->edges[rank]);
}

int halo_deepest(const struct domain *domain)
{
    int deepest = INT_MAX;
    for (int rank = 0; domain->ranks > 1 && rank < domain->ranks; rank++)
        if (slab_width(domain, rank) < deepest)
            deepest = slab_width(domain, rank);
    return deepest;
}

/* The number of entries below cell `end`. */
static int count_below(const struct slab_heat *heat, int count, int64_t end)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (heat[middle].cell < end)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct route {
    int to, from;
    enum halo_tag tag;
};

/* Returns the number of entries received. */
static int send_heat(const struct domain *domain, struct route route, const struct slab_heat *mine,
                     int count, struct slab_heat *received, int room)
{
    enum { ENTRY = sizeof(struct slab_heat) };
    MPI_Status status;
    int bytes = 0;
    MPI_Sendrecv(mine, count * ENTRY, MPI_BYTE, route.to, (int)route.tag, received, room * ENTRY,
                 MPI_BYTE, route.from, (int)route.tag, domain->comm, &status);
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    return bytes / ENTRY;
}

static void renumber(struct slab_heat *heat, int count, int64_t by)
{
    for (int i = 0; i < count; i++)
        heat[i].cell += by;
}

void halo_exchange_heat(const struct domain *domain, const struct slab_heat *mine, int count,
                        int depth, struct halo_heat *halo)
{
    int64_t ny = domain->ny, own = domain->nx * ny, edge = depth * ny;
    int first = count_below(mine, count, edge), last = count_below(mine, count, own - edge);
    struct route leftward = {domain->left, domain->right, HALO_TAG_HEAT_LEFTWARD};
    struct route rightward = {domain->right, domain->left, HALO_TAG_HEAT_RIGHTWARD};
    halo->right_count = send_heat(domain, leftward, mine, first, halo->right, (int)edge);
    halo->left_count =
        send_heat(domain, rightward, mine + last, count - last, halo->left, (int)edge);
    renumber(halo->right, halo->right_count, own);
    if (domain->left != MPI_PROC_NULL)
        renumber(halo->left, halo->left_count, -slab_width(domain, domain->rank - 1) * ny);
}
