/* What stepping ranks cannot beat, measured with all of them at it at once: the arithmetic of the
 * kernel by itself, the memory's bandwidth, the exchange of a halo. */
#ifndef HEATSTREAM_BENCH_BOUNDS_H
#define HEATSTREAM_BENCH_BOUNDS_H

#include <string.h>

#include "grid/domain.h"
#include "solve/kernel.h"

enum {
    BOUNDS_ROWS = 256, /* of a bundle that stays in the L1 cache */
    BOUNDS_ROUND = 200,
    BOUNDS_EXCHANGES = 100,
    BOUNDS_MOST_COUNT = 1 << 24 /* numbers of an array that no cache holds */
};

static const double BOUNDS_LEAST_S = 0.05;

/* Arrays of as many numbers as the rank has cells, or BOUNDS_MOST_COUNT. */
struct bounds_room {
    size_t count;
    double *a, *b, *c;
};

/* Called again and again for BOUNDS_LEAST_S: calls a second, over all ranks, on rank 0. */
static inline double bounds_calls(void (*call)(void *), void *argument)
{
    double calls = 0, seconds = 0, all = 0;
    call(argument);
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (; seconds < BOUNDS_LEAST_S; seconds = MPI_Wtime() - start, calls++)
        call(argument);
    calls /= seconds;
    MPI_Reduce(&calls, &all, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    return all;
}

/* Of a bundle, in place, as the inner levels of a pass work. */
struct bounds_bundle {
    const struct kernel *kernel;
    double *columns[KERNEL_INPUTS];
    struct kernel_rows rows;
};

static inline void bounds_step(void *argument)
{
    struct bounds_bundle *bundle = argument;
    const struct stencil stencil = {.a = 0.5, .cx = 0.125, .cy = 0.125};
    for (int i = 0; i < BOUNDS_ROUND; i++)
        bundle->kernel->bundle(&stencil, bundle->columns, bundle->columns, &bundle->rows);
}

/* Updates a second, of columns as long as the grid's or BOUNDS_ROWS. */
static inline double bounds_kernel(const struct kernel *kernel, int ny)
{
    enum { PITCH = BOUNDS_ROWS + 2 * KERNEL_ROWS };
    _Alignas(64) double cells[KERNEL_INPUTS * PITCH];
    ptrdiff_t rows = kernel_round_up(ny);
    struct bounds_bundle bundle = {.kernel = kernel,
                                   .rows.end = rows < BOUNDS_ROWS ? rows : BOUNDS_ROWS};
    for (int i = 0; i < KERNEL_INPUTS * PITCH; i++)
        cells[i] = 1;
    for (int i = 0; i < KERNEL_INPUTS; i++)
        bundle.columns[i] = cells + i * PITCH + KERNEL_ROWS;
    return bounds_calls(bounds_step, &bundle) * BOUNDS_ROUND * KERNEL_COLUMNS *
           (double)bundle.rows.end;
}

static inline void bounds_copy(void *argument)
{
    const struct bounds_room *room = argument;
    memcpy(room->a, room->b, room->count * sizeof(double));
}

static inline void bounds_triad(void *argument)
{
    const struct bounds_room *room = argument;
    double *restrict a = room->a;
    const double *restrict b = room->b, *restrict c = room->c;
    for (size_t i = 0; i < room->count; i++)
        a[i] = b[i] + 0.5 * c[i];
}

/* Bytes a second, read and written, by a triad or by memcpy(3), which goes past the cache: by the
 * faster of them. */
static inline double bounds_memory(struct bounds_room *room)
{
    double size = (double)(room->count * sizeof(double));
    double copied = 2 * size * bounds_calls(bounds_copy, room);
    double added = 3 * size * bounds_calls(bounds_triad, room);
    return copied > added ? copied : added;
}

/* Seconds of one MPI_Sendrecv of so many columns with the neighbours there are. */
static inline double bounds_exchange(const struct domain *domain, struct bounds_room *room,
                                     int columns)
{
    int count = columns * domain->ny;
    double start = 0;
    for (int i = -BOUNDS_EXCHANGES / 10; i < BOUNDS_EXCHANGES; i++) {
        if (i == 0) {
            MPI_Barrier(domain->comm);
            start = MPI_Wtime();
        }
        MPI_Sendrecv(room->a, count, MPI_DOUBLE, domain->left, 0, room->b, count, MPI_DOUBLE,
                     domain->right, 0, domain->comm, MPI_STATUS_IGNORE);
    }
    MPI_Barrier(domain->comm);
    return (MPI_Wtime() - start) / BOUNDS_EXCHANGES;
}

#endif
