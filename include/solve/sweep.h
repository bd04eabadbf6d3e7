/* Several time steps in one pass over the memory of a slab.
 *
 * A wavefront of levels (level l is the field after l steps) moves over the columns, a bundle of
 * KERNEL_COLUMNS of them at a time, every level one column behind the one before. Of a level only
 * the last two columns and the bundle in work exist: a level reads the old pair and the fresh
 * bundle of the level before and writes its own bundle in place, one column to the left; the two
 * columns it leaves alone become the old pair. So a pass over k levels keeps 2(k-1) +
 * KERNEL_COLUMNS columns in the L2 cache, and each step of a bundle works in the L1 cache. Level 1
 * reads the one field, level k writes the other.
 *
 * Tall columns are cut into blocks of rows. A block also steps up to k rows of its neighbours,
 * fewer with every level, and so needs nothing of them; the same holds for the halo columns of a
 * slab. Level l covers the columns -(k-l) .. and rows -(k-l) .. that level k needs, rounded out to
 * whole cache lines: what lies beyond is garbage, which moves inwards by one cell a level and never
 * arrives.
 *
 * Heat, ghost rows and ghost columns are put in after each bundle; the fields of big grids are
 * written past the cache.
 *
 * Measured on two cores of an AMD EPYC (Zen 5, 3.8 GHz, 48 KiB L1d, 1 MiB L2, shared), by
 * tests/bench/part_step.c, in 1e9 cell updates a second and, in brackets, as a multiple of a plain
 * loop that took turns with it:
 *
 *                            40^2        256^2       1024^2      4096^2
 *     1 rank   1 step        4.6 (2.1)   5.7 (3.3)   3.3 (2.3)   2.5 (2.3)
 *              32 steps      4.4 (2.0)   9.4 (4.7)   6.4 (5.4)   8.6 (7.9)
 *              1 % heated    3.5 (1.6)   7.5 (3.9)   5.3 (4.4)   6.8 (6.3)
 *     2 ranks  1 step        1.1 (1.1)   9.9 (2.7)   7.3 (2.2)   3.2 (1.7)
 *              32 steps      2.4 (1.9)   13.9 (3.7)  14.8 (4.4)  15.5 (8.3)
 *              1 % heated    2.1 (1.7)   11.6 (3.1)  12.3 (3.8)  13.1 (6.8)
 *
 * A bundle in the L2 cache by itself makes 13.0 on one rank, 2.3 cycles a vector; the arithmetic
 * allows 2.0. Of the time of 4096^2 roughly 15 % go to the memory (from the times of 8, 16 and 32
 * steps), 10 % to ghosts, notes and ends (samples), 6 % to rows stepped twice (counted).
 *
 * Since then, by processor time on one rank of 4096^2, in turns on a machine in use: fields in
 * large pages make 32 steps 4 to 6 % faster. With these, results of heated passes that go past the
 * cache too, and heat listed and added from local variables, 32 steps with 1 % heated are 5 to 9 %
 * faster in all, and single steps eight together 23 %. When results went past the cache, to step
 * the lines of heated cells again in place of fetching them gains another 1 to 5 %. To list the
 * heat of a window by blocks when it comes, 7 ns a heated cell, in place of from column to column
 * in every pass, 11 ns of waiting for memory, gains 10 % of single steps eight together. What heat
 * took of 32 steps, 15 of 76 ms before that: to add it 6, lines stepped again 3, slower bundles
 * beside it 3, to list it 2. In the L2 cache a bundle's heat costs about 30 ns at 35 cells, beside
 * 270 for its steps; a loop that only counts as many takes half of that.
 *
 * Windows of one step, eight of them together in place of one at a time (one rank, processor time
 * of a machine that others used as well): 1.45 times the updates at 256^2, 1.9 at 1024^2, 2.3 at
 * 4096^2; with 1 % heated in each window 1.2, 1.7 and 1.55, since to list and add its heat took
 * 21 ns a heated cell either way.
 *
 * On two cores of an Intel Xeon (AVX-512, 48 KiB L1d, 2 MiB L2 each) blocks of up to 2048 rows, of
 * which the columns of 32 levels fill 1.1 MiB, are 4 to 7 % faster than of 512 at 1024^2, 2048^2,
 * 4096^2 and 8192^2, with and without heat: fewer rows are stepped twice. 4096^2 on two ranks, by
 * blocks of 512, 1024, 1368, 1536, 2048 and 4096 rows: 8.6, 8.8, 8.9, 8.9, 9.1, 8.7; a plain loop
 * 1.3.
 *
 * A slab of which both fields fit the first cache gains nothing by several steps a pass, whose
 * levels take 10 % more bundles: 40^2 on one rank of that Xeon takes 446 ns a step singly, 530 by
 * passes of 32 (472 and 535 while sums of the outflow ran four abreast, two of them for nothing),
 * so one step a pass is chosen there. Columns left over by bundles stepped by themselves in place
 * of in a bundle that overlaps, and ghosts closed four columns at a time, changed nothing.
 *
 * By width, 32 steps at 4096^2 on one rank: avx512 8.6, avx2 5.0, baseline 2.4.
 *
 * Not kept: bundles of 4, 5, 7 and 8 columns (12.1, 12.3, 12.5, 9.3 against 13.0: registers);
 * south from an unaligned load with the store trailing (7.4: every load crosses a cache line),
 * north from a second shuffle (12.2); blocks of 256 rows (-10 %) or, with 1 MiB of L2, 1024 (-5 %
 * at 1024^2, nothing at 4096^2); 16 steps (-12 % at 4096^2), 64 (nothing); prefetching the next
 * columns in parts (nothing); writing past the cache what still fits it (-35 % for single steps of
 * 1024^2), not doing so at 4096^2 (-7 % for 32 steps, -35 % for one); heat column by column in
 * place of one list a bundle (-5 %); the last level in place and then copied past the cache (-5
 * %), or copied in parts beside the levels (-10 %); the next columns prefetched inside the kernel
 * (-4 %); adding heat four cells at a time (+1 %) or by whole lines (-4 %); entries of heat packed
 * into 12 bytes in place of 16, found by halving and copied eight at a time (14 ms in place of 9
 * for eight windows). */
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
    int substeps;        /* of a window of the heat */
    int levels;          /* most steps of a pass */
    int block_rows;      /* a multiple of KERNEL_ROWS */
    int64_t cache_bytes; /* larger fields are written past the cache */
    struct solver_side left, right, bottom, top;
    bool has_left, has_right; /* the slab ends at that side of the grid */
};

struct sweep;

/* The outflow and the heat are borrowed; the outflow has the same block_rows. NULL: memory is
 * short. */
struct sweep *sweep_create(const struct sweep_config *config, struct outflow *outflow,
                           struct heat_map *heat);
void sweep_destroy(struct sweep *sweep); /* accepts NULL */

/* `now` has valid columns first-levels .. end+levels-1 as far as the grid goes. Columns first ..
 * end-1 of `next` become the field `levels` steps later; first is 0 where the slab has a left
 * side, end nx where it has a right one. Sets ghosts of `now`, of `next` nothing else that is
 * valid. */
struct pass {
    struct field *now, *next;
    int before; /* steps since the beginning of window 0 of the heat */
    int levels, first, end;
};

/* Local. Adds to the outflow of the owned columns. */
void sweep_run(struct sweep *sweep, const struct pass *pass);

#endif
