#define _GNU_SOURCE /* sets of processors */
#include "grid/processors.h"

#include <sched.h>

/* Unknown, as of hosts with more processors than a set can hold: none. */
static cpu_set_t own_processors(void)
{
    cpu_set_t own;
    if (sched_getaffinity(0, sizeof own, &own) != 0)
        CPU_ZERO(&own);
    return own;
}

bool processors_to_spare(MPI_Comm comm)
{
    MPI_Comm host;
    int ranks, spare, everywhere;
    cpu_set_t own = own_processors(), any;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &ranks);
    MPI_Allreduce(&own, &any, (int)sizeof own, MPI_BYTE, MPI_BOR, host);
    MPI_Comm_free(&host);
    spare = CPU_COUNT(&own) > 1 && CPU_COUNT(&any) > ranks;
    MPI_Allreduce(&spare, &everywhere, 1, MPI_INT, MPI_MIN, comm);
    return everywhere;
}
