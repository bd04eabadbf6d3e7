/* Where the cells of a row lie in a frames file, for who writes them without HDF5: a chunk is a
 * tile, those of a row come one after the other, bottom row of tiles first, and so do rows. */
#ifndef HEATSTREAM_STORE_ROW_TILES_H
#define HEATSTREAM_STORE_ROW_TILES_H

#include "grid/domain.h"
#include "h5.h"

/* Local, the same on all ranks: every slab is whole tiles, but for the end of the grid, of a size
 * that is worth a write of its own. */
bool row_tiles_fit(const struct domain *domain, bool f64, int64_t tile);

/* Written by row_tiles_find(). */
struct row_tiles {
    int64_t at;     /* of the first row */
    int64_t nx, ny; /* cells of a tile */
    int64_t across; /* tiles beside each other */
    int64_t tile_bytes, row_bytes;
};

/* Local. Of `rows` rows of an open dataset [rows, y, x]; false when they do not lie so. */
bool row_tiles_find(struct h5_scope *scope, hid_t set, int64_t rows, struct row_tiles *tiles);

/* Where the tile of a row begins whose first cell is (x, y). */
int64_t row_tiles_place(const struct row_tiles *tiles, int64_t row, int64_t x, int64_t y);

#endif
