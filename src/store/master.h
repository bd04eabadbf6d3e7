/* The master frames.h5: virtual datasets over the segments, so that a reader sees one file. */
#ifndef HEATSTREAM_STORE_MASTER_H
#define HEATSTREAM_STORE_MASTER_H

#include "layout.h"

/* Rank 0: writes it anew (temp + rename) for the first `rows` rows; with `sync` it is on the disk
 * on return. Segments are named relative to the master, so that the run directory can be moved. */
enum status master_write(const struct layout *layout, const char *path, int64_t rows, bool sync,
                         struct error *err) MUST_CHECK;

#endif
