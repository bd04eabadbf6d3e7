/* Which cells are hot in a step of the generator: each one with the same probability, by a random
 * function of the step and the cell. */
#ifndef HEATSTREAM_WIRE_HOT_CELLS_H
#define HEATSTREAM_WIRE_HOT_CELLS_H

#include <stdint.h>

struct hot_cells;

struct hot_cells *hot_cells_create(int64_t ny, double probability);
void hot_cells_destroy(struct hot_cells *hot); /* accepts NULL */

/* A step, by its key: cell (x, y) has the key chance_hash(step_key, x * ny + y). */
void hot_cells_begin(struct hot_cells *hot, uint64_t step_key);

enum { HOT_CELLS_STRIDE = 16 }; /* between the rows of a column */

/* The rows of a column's hot cells, rising, and how many they are: every HOT_CELLS_STRIDE-th number
 * from the one returned on, valid until another column is asked for. Columns are asked for one
 * after another, up to x_end - 1. */
const int32_t *hot_cells_column(struct hot_cells *hot, int64_t x, int64_t x_end, int64_t *count);

#endif
