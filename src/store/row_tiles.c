#include "row_tiles.h"

#include "base/arith.h"
#include "row_column.h"
#include "store/segments.h"

enum { LEAST_BYTES = 1 << 14 };

bool row_tiles_fit(const struct domain *domain, bool f64, int64_t tile)
{
    int64_t nx = min_int64(tile, domain->gnx), ny = min_int64(tile, domain->gny);
    bool single = nx == domain->gnx && ny == domain->gny;
    if (!single && nx * ny * frame_cell_bytes(f64) < LEAST_BYTES)
        return false;
    if (domain->x0 % nx != 0) /* a slab by itself, of one rank */
        return false;
    for (int rank = 1; rank < domain->ranks; rank++)
        if (domain_edge(&domain->cut, rank) % nx != 0)
            return false;
    return true;
}

static int64_t count_tiles(hsize_t cells, int64_t tile)
{
    return ((int64_t)cells + tile - 1) / tile;
}

/* Takes them for what they should be; false when they are not chunks of single rows. */
static bool get_shape(struct h5_scope *scope, hid_t set, struct row_tiles *tiles, hsize_t corner[3])
{
    hsize_t dims[3] = {0}, chunk[3] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    hid_t cell = h5_own(scope, H5Dget_type(set));
    bool right = !scope->failed && H5Sget_simple_extent_ndims(space) == 3 &&
                 H5Sget_simple_extent_dims(space, dims, NULL) == 3 &&
                 H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 3, chunk) == 3 &&
                 chunk[0] == 1;
    if (right) {
        tiles->ny = (int64_t)chunk[1];
        tiles->nx = (int64_t)chunk[2];
        tiles->across = count_tiles(dims[2], tiles->nx);
        tiles->tile_bytes = tiles->nx * tiles->ny * (int64_t)H5Tget_size(cell);
        tiles->row_bytes = count_tiles(dims[1], tiles->ny) * tiles->across * tiles->tile_bytes;
        corner[1] = (dims[1] - 1) / chunk[1] * chunk[1];
        corner[2] = (dims[2] - 1) / chunk[2] * chunk[2];
    }
    h5_close_to(scope, mark);
    return right;
}

/* The chunks at both ends must be where arithmetic puts them. */
bool row_tiles_find(struct h5_scope *scope, hid_t set, int64_t rows, struct row_tiles *tiles)
{
    struct row_tiles found = {0};
    const hsize_t origin[3] = {0};
    hsize_t corner[3] = {(hsize_t)rows - 1, 0, 0};
    if (rows < 1 || !get_shape(scope, set, &found, corner))
        return false;
    found.at = row_chunk_at(scope, set, origin);
    if (found.at < 0 ||
        row_chunk_at(scope, set, corner) !=
            row_tiles_place(&found, rows - 1, (int64_t)corner[2], (int64_t)corner[1]))
        return false;
    *tiles = found;
    return true;
}

int64_t row_tiles_place(const struct row_tiles *tiles, int64_t row, int64_t x, int64_t y)
{
    int64_t index = y / tiles->ny * tiles->across + x / tiles->nx;
    return tiles->at + row * tiles->row_bytes + index * tiles->tile_bytes;
}
