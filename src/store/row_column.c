#include "row_column.h"

int64_t row_chunk_at(struct h5_scope *scope, hid_t set, const hsize_t *coordinates)
{
    unsigned filters = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    h5_check(scope, H5Dget_chunk_info_by_coord(set, coordinates, &filters, &address, &size));
    return scope->failed || filters || address == HADDR_UNDEF ? -1 : (int64_t)address;
}

bool row_column_find(struct h5_scope *scope, hid_t set, int64_t rows, int64_t *at)
{
    hsize_t chunk = 0;
    const hsize_t origin = 0;
    int mark = scope->count;
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    bool right = H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 1, &chunk) == 1 &&
                 chunk >= (hsize_t)rows;
    h5_close_to(scope, mark);
    *at = right ? row_chunk_at(scope, set, &origin) : -1;
    return *at >= 0;
}
