/* The heat of windows as the sweep needs it: tau*rate of the heated cells of a slab and its halo,
 * in a list for each block of rows, by column and then row. Cells that several blocks step are in
 * all of their lists. A column of which many cells are heated is kept whole instead, with -0.0,
 * which adds nothing to any number, in the others. */
#ifndef HEATSTREAM_SOLVE_HEAT_MAP_H
#define HEATSTREAM_SOLVE_HEAT_MAP_H

#include <stdbool.h>

#include "grid/scatter.h"
#include "solve/kernel.h"

struct heat_map;

enum {
    HEAT_MAP_CELL_BYTES = 12, /* with blocks of at least twice their reach */
    HEAT_MAP_WHOLE_FROM = 8   /* a column is kept whole from one heated cell in so many */
};

struct heat_map_config {
    int nx, ny, ghosts; /* columns -ghosts .. nx+ghosts-1 */
    int windows;        /* most at once */
    int block_rows;     /* a multiple of KERNEL_ROWS, as is the next */
    int reach;          /* rows that a block steps of those below and above */
};

/* NULL when memory is short. Room for heat in every cell of the last window, HEAT_MAP_CELL_BYTES
 * each, is reserved and touched only as it is used; of several windows the others have as much
 * again, and together no more heated cells than one in HEAT_MAP_WHOLE_FROM of nx*ny. */
struct heat_map *heat_map_create(const struct heat_map_config *config);
void heat_map_destroy(struct heat_map *map); /* accepts NULL */

/* No windows. */
void heat_map_clear(struct heat_map *map);

/* Cells in rising order, numbers x*ny + y, x from -ghosts; of a column all or none. */
struct heat_part {
    const struct slab_heat *heat;
    int64_t count;
};

/* The next window: 0, 1, ...; its heat in parts of rising order. Rates of 0 are left out. */
void heat_map_add_window(struct heat_map *map, const struct heat_part *parts, int count,
                         double tau_s);

bool heat_map_is_empty(const struct heat_map *map, int window);
bool heat_map_has_whole_columns(const struct heat_map *map, int window);

/* Starts a pass that needs the windows first .. end-1; false if none of them has heat, and then the
 * pass asks for none. */
bool heat_map_begin_pass(struct heat_map *map, int first, int end);

/* Starts rows y0 .. y0+rows-1: a block, or the slab in one; levels step low .. high-1 of them and
 * their neighbours. */
void heat_map_begin_block(struct heat_map *map, int y0, int rows, int low, int high);

/* Column i will be wanted soon. */
void heat_map_fetch(const struct heat_map *map, int i);

/* Columns first .. first+count-1, of which cells[c][0] is row `origin`, and the window of
 * the pass, not an empty one, whose heat they get. */
struct heat_columns {
    int window;
    int first, count;
    double *const *cells;
    int origin;
};

/* Adds the heat of all rows that the block steps, or of rows low .. high-1 only, which may be those
 * of several blocks. */
void heat_map_add(const struct heat_map *map, const struct kernel *kernel,
                  const struct heat_columns *to);
void heat_map_add_rows(const struct heat_map *map, const struct kernel *kernel,
                       const struct heat_columns *to, int low, int high);

/* The same of rows origin .. high-1 of columns that a bundle wrote past the cache: their heated
 * lines are stepped once more from `in`, whose column 0 is first-1. The window has no whole
 * columns. */
void heat_map_step_again(const struct heat_map *map, const struct kernel *kernel,
                         const struct stencil *stencil, double *const in[],
                         const struct heat_columns *to, int high);

#endif
