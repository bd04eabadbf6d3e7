/* The heat of a window as the sweep needs it: per column of the slab and its halo, tau*rate of the
 * heated cells from bottom to top. A column of which many cells are heated is kept whole, with -0.0,
 * which adds nothing to any number, in the others. */
#ifndef HEATSTREAM_SOLVE_HEAT_MAP_H
#define HEATSTREAM_SOLVE_HEAT_MAP_H

#include <stdbool.h>

#include "grid/scatter.h"
#include "solve/kernel.h"

struct heat_map;

/* Columns -ghosts .. nx+ghosts-1. NULL when memory is short. Room for heat in every cell is reserved
 * and touched only as it is used. */
struct heat_map *heat_map_create(int nx, int ny, int ghosts);
void heat_map_destroy(struct heat_map *map); /* accepts NULL */

/* Starts a window without heat. */
void heat_map_clear(struct heat_map *map);

/* Cells in rising order, also over the calls since the last heat_map_clear(); numbers x*ny + y, x from
 * -ghosts. Entries of rate 0 are left out. */
void heat_map_append(struct heat_map *map, const struct slab_heat *heat, int count, double tau_s);

/* No further entries. */
void heat_map_finish(struct heat_map *map);

bool heat_map_is_empty(const struct heat_map *map);

/* The rows of a column that lie at `cells`: row `first` to row `end`-1, row `origin` at cells[0]. */
struct heat_rows {
    double *cells;
    int origin, first, end;
};

/* Every column begins at its lowest cell again. */
void heat_map_rewind(struct heat_map *map);

/* No rows of column i below `first` will be asked for before a rewind. */
void heat_map_advance(struct heat_map *map, int i, int first);

/* Adds the heat of these rows of column i. */
void heat_map_add(const struct heat_map *map, const struct kernel *kernel, int i,
                  const struct heat_rows *to);

#endif
