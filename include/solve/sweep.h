/* Several time steps in one pass over the memory of a slab.
 *
 * A wavefront of levels (level l is the field after l steps) moves over the columns, a bundle of
 * KERNEL_COLUMNS of them at a time, every level one column behind the one before. Of a level only the
 * last two columns and the bundle in work exist: a level reads the old pair and the fresh bundle of the
 * level before and writes its own bundle in place, one column to the left; the two columns it leaves
 * alone become the old pair. So a pass over k levels keeps 2(k-1) + KERNEL_COLUMNS columns in the L2
 * cache, and each step of a bundle works in the L1 cache. Level 1 reads the one field, level k writes
 * the other.
 *
 * Tall columns are cut into blocks of rows. A block also steps up to k rows of its neighbours, fewer
 * with every level, and so needs nothing of them; the same holds for the halo columns of a slab. Level
 * l covers the columns -(k-l) .. and rows -(k-l) .. that level k needs, rounded out to whole cache
 * lines: what lies beyond is garbage, which moves inwards by one cell a level and never arrives.
 *
 * Heat, ghost rows and ghost columns are put in after each bundle. */
#ifndef HEATSTREAM_SOLVE_SWEEP_H
#define HEATSTREAM_SOLVE_SWEEP_H

#include "grid/field.h"
#include "solve/heat_map.h"
#include "solve/kernel.h"
#include "solve/outflow.h"

struct sweep_config {
    const struct kernel *kernel;
    struct stencil stencil;
    int nx, ny;
    int levels;          /* most steps of a pass */
    int block_rows;      /* a multiple of KERNEL_ROWS */
    int64_t cache_bytes; /* larger fields are written past the cache */
    struct solver_side left, right, bottom, top;
    bool has_left, has_right; /* the slab ends at that side of the grid */
};

struct sweep;

/* The outflow and the heat are borrowed; the outflow has the same block_rows. NULL: memory is short. */
struct sweep *sweep_create(const struct sweep_config *config, struct outflow *outflow,
                           struct heat_map *heat);
void sweep_destroy(struct sweep *sweep); /* accepts NULL */

/* `now` has valid columns first-levels .. end+levels-1 as far as the grid goes. Columns first .. end-1
 * of `next` become the field `levels` steps later; first is 0 where the slab has a left side, end nx
 * where it has a right one. Sets ghosts of `now`, of `next` nothing else that is valid. */
struct pass {
    struct field *now, *next;
    int levels, first, end;
};

/* Local. Adds to the outflow of the owned columns. */
void sweep_run(struct sweep *sweep, const struct pass *pass);

#endif
