#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "calibrate_parts.h"
#include "grid/agree.h"
#include "grid/scatter.h"
#include "run_internal.h"

enum { SMALL = 8, LARGE = 4 << 20, SMALL_TIMES = 200, LARGE_TIMES = 2, WINDOWS = 200 };

/* Every rank sends to the next and hears of the one before, as slabs do. */
static double ring_s(MPI_Comm comm, char *out, char *in, int bytes, int times)
{
    int rank, ranks;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    int next = (rank + 1) % ranks, before = (rank + ranks - 1) % ranks;
    MPI_Barrier(comm);
    double start_s = monotonic_s();
    for (int i = 0; i < times; i++)
        MPI_Sendrecv(out, bytes, MPI_BYTE, next, 1, in, bytes, MPI_BYTE, before, 1, comm,
                     MPI_STATUS_IGNORE);
    return (monotonic_s() - start_s) / times;
}

/* Small messages from rank 0 to rank 1, the last of them answered. */
static double message_s(MPI_Comm comm, char *data)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    MPI_Barrier(comm);
    double start_s = monotonic_s();
    for (int i = 0; i < SMALL_TIMES && rank == 0; i++)
        MPI_Send(data, SMALL, MPI_BYTE, 1, 2, comm);
    for (int i = 0; i < SMALL_TIMES && rank == 1; i++)
        MPI_Recv(data, SMALL, MPI_BYTE, 0, 2, comm, MPI_STATUS_IGNORE);
    if (rank == 1)
        MPI_Send(data, SMALL, MPI_BYTE, 0, 3, comm);
    if (rank == 0)
        MPI_Recv(data, SMALL, MPI_BYTE, 1, 3, comm, MPI_STATUS_IGNORE);
    return (monotonic_s() - start_s) / SMALL_TIMES;
}

/* Collective over comm; the values are its rank 0's. Nothing on a single rank. */
static struct machine_link measure_link(MPI_Comm comm)
{
    int ranks;
    double small_s = INFINITY, large_s = INFINITY, gap_s = INFINITY;
    MPI_Comm_size(comm, &ranks);
    if (ranks == 1)
        return (struct machine_link){0};
    char *out = memory_zeroed(LARGE, 1), *in = memory_zeroed(LARGE, 1);
    for (struct calibrate_turns turns = calibrate_begin(); calibrate_another_of(comm, &turns);) {
        small_s = fmin(small_s, ring_s(comm, out, in, SMALL, SMALL_TIMES));
        large_s = fmin(large_s, ring_s(comm, out, in, LARGE, LARGE_TIMES));
        gap_s = fmin(gap_s, message_s(comm, out));
    }
    free(out);
    free(in);
    return (struct machine_link){.latency_s = small_s,
                                 .bytes_per_s = LARGE / fmax(large_s - small_s, 1e-9),
                                 .message_s = gap_s};
}

/* What rank 0 does of a window beside the steps, and with it all others. */
static double empty_window_s(const struct domain *domain)
{
    struct scatter *scatter = scatter_create(domain, SCATTER_MOST);
    struct order order = {0};
    const struct slab_heat *mine;
    MPI_Barrier(domain->comm);
    double start_s = monotonic_s();
    for (int i = 0; i < WINDOWS; i++) {
        agree_broadcast(domain, &order, (int)sizeof order);
        (void)scatter_heat(scatter, NULL, 0, &mine);
    }
    double seconds = monotonic_s() - start_s;
    scatter_destroy(scatter);
    return seconds / WINDOWS;
}

static double fastest_window_s(const struct domain *domain)
{
    double fastest_s = INFINITY;
    for (struct calibrate_turns turns = calibrate_begin();
         calibrate_another_of(domain->comm, &turns);)
        fastest_s = fmin(fastest_s, empty_window_s(domain));
    return fastest_s;
}

static void measure_window(const struct domain *world, struct machine *machine)
{
    struct domain single = *world;
    single.comm = MPI_COMM_SELF;
    single.rank = 0;
    single.ranks = 1;
    single.cut = domain_cut(world->gnx, 1, 0);
    machine->window_s = fastest_window_s(&single);
}

void calibrate_links(const struct domain *world, struct machine *machine)
{
    MPI_Comm node, leaders;
    int rank;
    MPI_Comm_split_type(world->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &rank);
    MPI_Comm_split(world->comm, rank == 0 ? 0 : MPI_UNDEFINED, world->rank, &leaders);
    machine->shared = measure_link(node);
    if (leaders != MPI_COMM_NULL) {
        machine->network = measure_link(leaders);
        MPI_Comm_free(&leaders);
    }
    MPI_Comm_free(&node);
    measure_window(world, machine);
}
