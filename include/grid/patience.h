/* Waiting for other ranks without keeping the processor from those who could use it. The waits of
 * MPI spin: other threads then share the processor of a rank that has work. */
#ifndef HEATSTREAM_GRID_PATIENCE_H
#define HEATSTREAM_GRID_PATIENCE_H

#include <mpi.h>
#include <stdbool.h>

/* What is done while waiting: `work`, called over and over, returns false when it has nothing to
 * do. It may use other communicators, without waiting. */
struct meanwhile {
    bool (*work)(void *context);
    void *context;
};

/* Waits until all requests are complete: spins for some 80 us, then naps, longer and longer up to
 * `longest_nap_us`. What is waited for is noticed that much later at most. */
void patience_wait(MPI_Request *requests, int count, int longest_nap_us,
                   const struct meanwhile *meanwhile);

#endif
