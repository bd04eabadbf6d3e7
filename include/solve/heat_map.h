/* The heat of a window as the sweep needs it: per column of the slab and its halo, tau*rate of
 * the heated cells from bottom to top. A column of which many cells are heated is kept whole,
 * with -0.0, which adds nothing to any number, in the others. */
#ifndef HEATSTREAM_SOLVE_HEAT_MAP_H
#define HEATSTREAM_SOLVE_HEAT_MAP_H

#include <stdbool.h>

#include "grid/scatter.h"
#include "solve/kernel.h"

struct heat_map;

enum { HEAT_MAP_CELL_BYTES = 14 };

/* Columns -ghosts .. nx+ghosts-1. NULL when memory is short. Room for heat in every cell,
 * HEAT_MAP_CELL_BYTES each, is reserved and touched only as it is used. */
struct heat_map *heat_map_create(int nx, int ny, int ghosts);
void heat_map_destroy(struct heat_map *map); /* accepts NULL */

/* Starts a window without heat. */
void heat_map_clear(struct heat_map *map);

/* Cells in rising order, also over the calls since the last heat_map_clear(); numbers x*ny + y,
 * x from -ghosts. Entries of rate 0 are left out. */
void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int64_t count,
                     double tau_s);

/* No further entries. */
void heat_map_finish(struct heat_map *map);

bool heat_map_is_empty(const struct heat_map *map);
bool heat_map_has_whole_columns(const struct heat_map *map);

/* Starts a pass over rows first .. end-1 of the columns from left to right. Passes come from
 * bottom to top; `lowest` says that no rows came before these. */
void heat_map_begin_block(struct heat_map *map, int first, int end, bool lowest);

/* The next column of the block, i; the first one may be any. */
void heat_map_enter(struct heat_map *map, int i);

/* Entered columns first .. first+count-1, of which cells[c][0] is row `origin`. */
struct heat_columns {
    int first, count;
    double *const *cells;
    int origin;
};

/* Adds the heat of all rows of the block, or of rows low .. high-1 of it only. */
void heat_map_add(const struct heat_map *map, const struct kernel *kernel,
                  const struct heat_columns *to);
void heat_map_add_rows(const struct heat_map *map, const struct kernel *kernel,
                       const struct heat_columns *to, int low, int high);

#endif
