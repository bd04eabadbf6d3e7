/* The walk of verify_frames() over the segments, shared by its two files. */
#ifndef HEATSTREAM_STORE_VERIFY_WALK_H
#define HEATSTREAM_STORE_VERIFY_WALK_H

#include <limits.h>

#include "committed.h"
#include "frames_scan.h"
#include "store/segments.h"
#include "store/verify.h"

/* All segments of a run. */
struct verify_walk {
    struct verify *verify;
    struct manifest **manifest;
    struct committed committed;
    struct frames_shape shape; /* of the first segment that could be read */
    struct segments segments;
    int64_t epoch_ms; /* of /time, by the run's first row */
    bool epoch_known;
};

/* Where a segment is, as it is told. */
enum status verify_segment_path(const struct verify *verify, int64_t number, char path[PATH_MAX],
                                struct error *err) MUST_CHECK;

/* Verifies all rows of one segment, again and with a manifest read anew where a run may have been
 * writing to what differs. */
enum status verify_segment(struct verify_walk *walk, int64_t number, struct error *err) MUST_CHECK;

#endif
