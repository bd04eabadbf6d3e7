/* Where values lie in a frames file, for who reads or writes them without HDF5. Local; also of a
 * dataset that all ranks have open. */
#ifndef HEATSTREAM_STORE_ROW_COLUMN_H
#define HEATSTREAM_STORE_ROW_COLUMN_H

#include "h5.h"

/* Where the chunk begins that holds the element at `coordinates`; -1 when it is compressed, has no
 * place or cannot be found. */
int64_t row_chunk_at(struct h5_scope *scope, hid_t set, const hsize_t *coordinates);

/* *at becomes where a dataset of one value a row, for `rows` of them, begins; false when these do
 * not lie one after the other. */
bool row_column_find(struct h5_scope *scope, hid_t set, int64_t rows, int64_t *at);

#endif
