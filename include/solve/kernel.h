/* The arithmetic of the time steps, in vectors along a column. One source, compiled for every width
 * the processors of one binary may have; the same bits from all of them.
 *
 * A bundle is KERNEL_COLUMNS neighbouring columns: each column loaded serves three of them. South
 * neighbours come from the vector before, in a register, so that a bundle may be written in place,
 * one column to the left of where it was read; north neighbours are unaligned loads. */
#ifndef HEATSTREAM_SOLVE_KERNEL_H
#define HEATSTREAM_SOLVE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "solve/stencil.h"

enum {
    KERNEL_COLUMNS = 6,
    KERNEL_INPUTS = KERNEL_COLUMNS + 2,
    KERNEL_ROWS = 8 /* rows come in groups of so many, and columns are aligned to them */
};

struct kernel_rows {
    ptrdiff_t first, end; /* multiples of KERNEL_ROWS */
    bool past_cache;      /* results go to memory: they are not wanted again soon */
};

/* Heat of one cell and step. */
struct kernel_heat {
    int column, row;
    double gain;
};

/* The heat of column `first` and those after it, rising by column and row; of rows low .. high-1
 * some or all is asked for. The first row of a column is `low`, a multiple of KERNEL_ROWS. */
struct kernel_heated {
    const struct kernel_heat *begin, *end;
    int first, low, high;
};

struct kernel_plane {
    const double *now; /* row 0 of the first column */
    double *next;
    ptrdiff_t pitch, rows; /* rows a multiple of KERNEL_ROWS */
    int columns;
    bool past_cache;
};

struct kernel {
    const char *name;

    /* Rows first .. end-1 of a bundle. out[i] is stepped from in[i], in[i+1] and in[i+2]; reads
     * rows first-KERNEL_ROWS .. end as well. out[i] may be in[i]. */
    void (*bundle)(const struct stencil *stencil, double *const in[KERNEL_INPUTS],
                   double *const out[KERNEL_COLUMNS], const struct kernel_rows *rows);

    /* Steps the lines of heated cells of a bundle again, now with their heat, and writes them past
     * the cache as the bundle did, which left its input alone. */
    void (*heat_again)(const struct stencil *stencil, double *const in[], double *const out[],
                       const struct kernel_heated *heated);

    /* Some columns out of place. */
    void (*plane)(const struct stencil *stencil, const struct kernel_plane *plane);

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
