/* How a parallel run was started: mistakes of launchers are told before they cost anything. */
#ifndef HEATSTREAM_RUN_LAUNCH_H
#define HEATSTREAM_RUN_LAUNCH_H

#include <mpi.h>

#include "base/buffer.h"
#include "base/status.h"

/* Plain data, the same on every rank. A node is a set of ranks that can share memory. */
struct launch {
    int ranks, nodes;
    int least, most; /* ranks of the nodes with the fewest and the most */
    int cores;       /* processors online, of all nodes together */
    int spare;       /* least of a node's processors minus its ranks; below 0: they take turns */
};

/* Collective. */
void launch_look(MPI_Comm comm, struct launch *launch);

/* Appends "8 ranks on 2 nodes (64 cores)", and what is odd about it. */
void launch_describe(const struct launch *launch, struct buffer *text);

/* Local. STATUS_USAGE when a launcher meant to start more ranks than found each other: each would
 * do the whole run and fight over the output. */
enum status launch_check_size(int ranks, struct error *err) MUST_CHECK;

enum { LAUNCH_BUILD_BYTES = 128 };

/* Collective; all fail alike. STATUS_USAGE when a rank runs another build than rank 0: equal bits
 * are promised of one program. `build` is the rank's own, of which LAUNCH_BUILD_BYTES - 1 count. */
enum status launch_check_build(MPI_Comm comm, const char *build, struct error *err) MUST_CHECK;

/* Collective; all fail alike. STATUS_CANNOT_CREATE when a rank does not see in `directory` what
 * rank 0 writes there, as when every node has a disk of its own under that name. */
enum status launch_check_shared(MPI_Comm comm, const char *directory, struct error *err) MUST_CHECK;

#endif
