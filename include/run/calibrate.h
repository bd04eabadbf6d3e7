/* Measures the constants of a machine (machine.h) with the program's own parts. */
#ifndef HEATSTREAM_RUN_CALIBRATE_H
#define HEATSTREAM_RUN_CALIBRATE_H

#include <mpi.h>

#include "run/machine.h"

/* Collective over MPI_COMM_WORLD; the result is rank 0's. Frames and checkpoints are written to a
 * directory of its own below `directory`, which all nodes share and which is removed again. Takes
 * some 10 s and 300 MB a rank. Of several turns the fastest counts, being the one that was
 * disturbed least. On one rank there are no links, on one node no network. STATUS_USAGE with more
 * ranks than cores, which would measure how they take turns; STATUS_CANNOT_CREATE, STATUS_IO. */
enum status calibrate(const char *directory, struct machine *machine, struct error *err) MUST_CHECK;

#endif
