/* Whether threads of ranks have processors of their own. */
#ifndef HEATSTREAM_GRID_PROCESSORS_H
#define HEATSTREAM_GRID_PROCESSORS_H

#include <mpi.h>
#include <stdbool.h>

/* Collective, the same on all ranks: on every host the ranks may use more processors than they are
 * (sched_setaffinity(2): a launcher may have bound them), and each of them more than one. */
bool processors_to_spare(MPI_Comm comm);

#endif
