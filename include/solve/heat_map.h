/* The heat of windows as the sweep needs it: of each, per column of the slab and its halo, tau*rate
 * of the heated cells from bottom to top. A column of which many cells are heated is kept whole,
 * with -0.0, which adds nothing to any number, in the others. */
#ifndef HEATSTREAM_SOLVE_HEAT_MAP_H
#define HEATSTREAM_SOLVE_HEAT_MAP_H

#include <stdbool.h>

#include "grid/scatter.h"
#include "solve/kernel.h"

struct heat_map;

enum {
    HEAT_MAP_CELL_BYTES = 14,
    HEAT_MAP_WHOLE_FROM = 8 /* a column is kept whole from one heated cell in so many */
};

/* Columns -ghosts .. nx+ghosts-1 of up to `windows` windows. NULL when memory is short. Room for
 * heat in every cell of the last window, HEAT_MAP_CELL_BYTES each, is reserved and touched only as
 * it is used; of several windows the others have as much again, and together no more heated cells
 * than one in HEAT_MAP_WHOLE_FROM of nx*ny. */
struct heat_map *heat_map_create(int nx, int ny, int ghosts, int windows);
void heat_map_destroy(struct heat_map *map); /* accepts NULL */

/* No windows. The next window, still without heat: 0, 1, ... */
void heat_map_clear(struct heat_map *map);
void heat_map_begin_window(struct heat_map *map);

/* Of the window begun last: cells in rising order, also over several calls; numbers x*ny + y, x
 * from -ghosts. Entries of rate 0 are left out. */
void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int64_t count,
                     double tau_s);

bool heat_map_is_empty(const struct heat_map *map, int window);
bool heat_map_has_whole_columns(const struct heat_map *map, int window);

/* Ends the last window, and starts a pass that needs the windows first .. end-1; false if none of
 * them has heat, and then the pass asks for none. */
bool heat_map_begin_pass(struct heat_map *map, int first, int end);

/* Starts rows first .. end-1 of the columns from left to right; blocks come from bottom to top. */
void heat_map_begin_block(struct heat_map *map, int first, int end);

/* The next column of the block, i; the first one may be any. */
void heat_map_enter(struct heat_map *map, int i);

/* Entered columns first .. first+count-1, of which cells[c][0] is row `origin`, and the window of
 * the pass, not an empty one, whose heat they get. */
struct heat_columns {
    int window;
    int first, count;
    double *const *cells;
    int origin;
};

/* Adds the heat of all rows of the block, or of rows low .. high-1 of it only. */
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
