/* The heat that leaves through the boundary over the steps of one pass, of which the levels are
 * worked on in no simple order: what the sums need is noted where it lies in a cache, and added
 * up afterwards step by step, in the order of operations that solver.h sets out. */
#ifndef HEATSTREAM_SOLVE_OUTFLOW_H
#define HEATSTREAM_SOLVE_OUTFLOW_H

#include <stddef.h>

#include "solve/boundary.h"

struct outflow_config {
    int nx;
    int halo;       /* columns on each side that are stepped, but count elsewhere */
    int levels;     /* most steps of a pass */
    int block_rows; /* most rows of a block */
    double loss_x, loss_y;
    struct solver_side left, right, bottom, top;
    bool has_left, has_right; /* the slab ends at that side of the grid */
};

/* Written by outflow_create(), total by its owner; the notes by the sweep. */
struct outflow {
    struct outflow_config config;
    double *total;       /* [nx] */
    double *notes;       /* [2][levels][nx + 2*halo]: u[0] and u[ny-1] before each step */
    size_t top_offset;   /* of u[ny-1] from u[0] */
    double *sums[2];     /* [levels]: L and R as far as the blocks have come */
    double *copies;      /* [2][levels][block_rows] */
    const double **ends; /* [2][levels]: rows of the block in the outermost column */
};

/* Where u[0] of column i before step `level` of the pass is noted; u[ny-1] lies top_offset
 * further. */
static inline double *outflow_notes(struct outflow *outflow, int level, int i)
{
    ptrdiff_t halo = outflow->config.halo, width = outflow->config.nx + 2 * halo;
    return outflow->notes + (level * width + halo + i);
}

enum outflow_end { OUTFLOW_LEFT, OUTFLOW_RIGHT };

struct outflow *outflow_create(const struct outflow_config *config); /* NULL: memory is short */
void outflow_destroy(struct outflow *outflow);                       /* accepts NULL */

/* Starts a pass. */
void outflow_begin(struct outflow *outflow, int levels);

/* The rows of the present block in the outermost column of that end, before step `level` of the
 * pass; `column` may be gone by the end of the block, which therefore is copied, or is
 * `lasting`. */
void outflow_note_end(struct outflow *outflow, enum outflow_end end, int level,
                      const double *column, int rows, bool lasting);

/* After each block, from bottom to top. */
void outflow_sum_block(struct outflow *outflow, int levels, int rows);

/* After the last block: adds the pass to `total`. */
void outflow_add_pass(struct outflow *outflow, int levels);

#endif
