#include "grid/halo.h"

#include "base/arith.h"
#include "grid/patience.h"

enum halo_tag {
    HALO_TAG_LEFTWARD = 1,
    HALO_TAG_RIGHTWARD,
    HALO_TAG_HEAT_LEFTWARD,
    HALO_TAG_HEAT_RIGHTWARD,
    HALO_TAG_THERE
};

enum { LONGEST_NAP_US = 100 };

enum { ENTRY_WORDS = sizeof(struct slab_heat) / sizeof(int64_t) };

_Static_assert((int64_t)HALO_DEEPEST *(DOMAIN_LONGEST_SIDE + 32) <= INT_MAX,
               "a halo, of columns of a few more than ny cells, can be counted");
_Static_assert((int64_t)(HALO_DEEPEST - 1) * DOMAIN_LONGEST_SIDE * ENTRY_WORDS <= INT_MAX,
               "and so can the words of heat in all of its columns but one");

void halo_meet(const struct domain *domain)
{
    const int neighbours[] = {domain->left, domain->right};
    MPI_Request requests[4];
    int count = 0;
    pulse_wait(domain->pulse, "its neighbours");
    for (int i = 0; i < 2; i++) {
        MPI_Irecv(NULL, 0, MPI_BYTE, neighbours[i], HALO_TAG_THERE, domain->comm,
                  &requests[count++]);
        MPI_Isend(NULL, 0, MPI_BYTE, neighbours[i], HALO_TAG_THERE, domain->comm,
                  &requests[count++]);
    }
    patience_wait(requests, count, LONGEST_NAP_US, NULL);
    pulse_beat(domain->pulse);
}

void halo_exchange(const struct domain *domain, struct field *field, int depth)
{
    if (domain->ranks == 1)
        return;
    int nx = field->nx;
    int count = narrow_to_int((depth - 1) * (int64_t)field->pitch + field->ny);
    pulse_wait(domain->pulse, "the columns of its neighbours");
    MPI_Sendrecv(field_column(field, 0), count, MPI_DOUBLE, domain->left, HALO_TAG_LEFTWARD,
                 field_column(field, nx), count, MPI_DOUBLE, domain->right, HALO_TAG_LEFTWARD,
                 domain->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(field_column(field, nx - depth), count, MPI_DOUBLE, domain->right,
                 HALO_TAG_RIGHTWARD, field_column(field, -depth), count, MPI_DOUBLE, domain->left,
                 HALO_TAG_RIGHTWARD, domain->comm, MPI_STATUS_IGNORE);
    pulse_beat(domain->pulse);
}

int halo_narrowest(const struct domain *domain)
{
    return domain->ranks == 1 ? INT_MAX : narrow_to_int(domain_widths(&domain->cut).narrowest);
}

/* The number of entries below cell `end`. */
static int64_t count_below(const struct slab_heat *heat, int64_t count, int64_t end)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
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
                     int64_t count, struct slab_heat *received, int64_t room)
{
    MPI_Status status;
    int words = 0;
    pulse_wait(domain->pulse, "the heat of its neighbours");
    MPI_Sendrecv(mine, narrow_to_int(count * ENTRY_WORDS), MPI_INT64_T, route.to, (int)route.tag,
                 received, narrow_to_int(room * ENTRY_WORDS), MPI_INT64_T, route.from,
                 (int)route.tag, domain->comm, &status);
    pulse_beat(domain->pulse);
    MPI_Get_count(&status, MPI_INT64_T, &words);
    return words / ENTRY_WORDS;
}

static void renumber(struct slab_heat *heat, int count, int64_t by)
{
    for (int i = 0; i < count; i++)
        heat[i].cell += by;
}

void halo_exchange_heat(const struct domain *domain, const struct slab_heat *mine, int64_t count,
                        int depth, struct halo_heat *halo)
{
    int64_t ny = domain->ny, own = domain->nx * ny, edge = depth * ny;
    int64_t first = count_below(mine, count, edge), last = count_below(mine, count, own - edge);
    struct route leftward = {domain->left, domain->right, HALO_TAG_HEAT_LEFTWARD};
    struct route rightward = {domain->right, domain->left, HALO_TAG_HEAT_RIGHTWARD};
    halo->right_count = send_heat(domain, leftward, mine, first, halo->right, edge);
    halo->left_count = send_heat(domain, rightward, mine + last, count - last, halo->left, edge);
    renumber(halo->right, halo->right_count, own);
    if (domain->left != MPI_PROC_NULL)
        renumber(halo->left, halo->left_count,
                 (domain_edge(&domain->cut, domain->rank - 1) - domain->x0) * ny);
}
