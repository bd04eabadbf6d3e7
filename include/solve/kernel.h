/* The arithmetic of the time steps, in vectors along a column. One source, compiled for every width
 * the processors of one binary may have; the same bits from all of them.
 *
 * A bundle is KERNEL_COLUMNS neighbouring columns: each column loaded serves three of them. South
 * neighbours come from the vector before, in a register, so that a bundle may be written in place,
 * one column to the left of where it was read; north neighbours are unaligned loads. */
#ifndef HEATSTREAM_SOLVE_KERNEL_H
#define HEATSTREAM_SOLVE_KERNEL_H

#include <stddef.h>

#include "solve/stencil.h"

enum {
    KERNEL_COLUMNS = 6,
    KERNEL_INPUTS = KERNEL_COLUMNS + 2,
    KERNEL_ROWS = 8 /* rows come in groups of so many, and columns are aligned to them */
};

struct kernel {
    const char *name;

    /* Rows first .. end-1, multiples of KERNEL_ROWS, of a bundle. out[i] is stepped from in[i],
     * in[i+1] and in[i+2]; reads rows first-KERNEL_ROWS .. end as well. out[i] may be in[i]. */
    void (*bundle)(const struct stencil *stencil, double *const in[KERNEL_INPUTS],
                   double *const out[KERNEL_COLUMNS], ptrdiff_t first, ptrdiff_t end);

    /* Rows 0 .. rows-1 of `columns` columns `pitch` apart, out of place. */
    void (*plane)(const struct stencil *stencil, const double *now, double *next, ptrdiff_t pitch,
                  int columns, ptrdiff_t rows);

    /* cells[j] += gains[j]; they do not overlap. */
    void (*add)(double *cells, const double *gains, ptrdiff_t rows);
};

/* The kernels this processor can run, widest first; NULL beyond the last. */
const struct kernel *kernel_at(int position);

static inline ptrdiff_t kernel_round_up(ptrdiff_t rows)
{
    return (rows + KERNEL_ROWS - 1) / KERNEL_ROWS * KERNEL_ROWS;
}

#endif
