/* What an output file says about itself, for people and programs that only look. Local, without
 * MPI. */
#ifndef HEATSTREAM_STORE_INSPECT_H
#define HEATSTREAM_STORE_INSPECT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "store/digest.h"

enum { INSPECT_VERSIONS = 5 };

/* Texts end with a 0 and are empty when the file has none; released by inspection_release(). */
struct inspection {
    bool is_checkpoint;
    int64_t windows;   /* number of the newest window, plus 1 */
    int64_t rows;      /* frames files: rows that were written */
    int64_t missing;   /* frames files: rows whose segment is missing, or not yet written */
    int64_t revisions; /* frames files: corrections, over all rows */
    int64_t gnx, gny, ranks;
    struct digest digest; /* of the field after the newest window */
    struct buffer title, run_id;
    struct buffer summary; /* checkpoints: JSON */
    struct buffer versions[INSPECT_VERSIONS];
};

/* The names of the versions: heatstream, git, mpi, hdf5, librdkafka. */
const char *inspection_version_name(int index);

/* A frames file, a segment or a checkpoint, read by a process of its own (base/isolated.h), which
 * HDF5 may crash. STATUS_NO_INPUT when it is none of them, missing, damaged or of a newer version.
 */
enum status inspect_file(const char *path, struct inspection *inspection,
                         struct error *err) MUST_CHECK;
void inspection_release(struct inspection *inspection);

#endif
