/* The master frames.h5: virtual datasets over the segments, so that a reader sees one file. */
#ifndef HEATSTREAM_STORE_MASTER_H
#define HEATSTREAM_STORE_MASTER_H

#include "frames_read.h"
#include "layout.h"

/* Where it is made (staging.h) and where it goes. */
struct master_place {
    const char *staging, *path;
};

/* Rank 0: writes it anew (temp + rename) for the first `rows` rows; with `sync` it is on the disk
 * on return. Segments are named relative to the master, so that the run directory can be moved. */
enum status master_write(const struct layout *layout, const struct master_place *place,
                         int64_t rows, bool sync, struct error *err) MUST_CHECK;

/* Without MPI, in a process of its own: that every dataset maps each of the master's rows to its
 * place in its segment, the first segments having `per_segment` rows. STATUS_BAD_DATA,
 * STATUS_NO_INPUT with what is wrong, STATUS_IO when there is no process. */
enum status master_prove(const char *path, int64_t per_segment, struct frames_shape *shape,
                         struct error *err) MUST_CHECK;

#endif
