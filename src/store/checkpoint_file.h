/* The serial half of a checkpoint file, on one rank: its frame, its seal and all but the field. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FILE_H
#define HEATSTREAM_STORE_CHECKPOINT_FILE_H

#include "h5.h"
#include "store/checkpoint.h"

/* What a checkpoint file holds beside the field. */
struct checkpoint_head {
    int64_t window, gnx, gny;
    struct checkpoint_seal seal;
};

/* Creates the file with everything but the values of /u. `outflow` [gnx] is global here. */
enum status checkpoint_file_create(const char *path, const struct checkpoint_head *head,
                                   const struct checkpoint_content *content, const double *outflow,
                                   const struct provenance *provenance,
                                   struct error *err) MUST_CHECK;

/* Computes the digest of the HDF5 part and writes the user block; the file is on the disk on
 * return. */
enum status checkpoint_file_seal(const char *path, struct error *err) MUST_CHECK;

/* STATUS_NO_INPUT unless every byte of the file is as sealed. */
enum status checkpoint_file_verify(const char *path, struct error *err) MUST_CHECK;

/* Of a verified file. `outflow` and `state` are appended to; STATUS_NO_INPUT when it does not hold
 * what it should, or is of a newer version. Each of the three buffers may be NULL. */
enum status checkpoint_file_read(const char *path, struct checkpoint_head *head,
                                 struct buffer *outflow, struct buffer *state,
                                 struct buffer *summary, struct error *err) MUST_CHECK;

#endif
