/* The serial half of a checkpoint file, on one rank: its frame, its seal and all but the fields. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FILE_H
#define HEATSTREAM_STORE_CHECKPOINT_FILE_H

#include "h5.h"
#include "store/checkpoint.h"

/* The two times of which a checkpoint holds field and outflow. */
enum { CHECKPOINT_NOW, CHECKPOINT_PAST, CHECKPOINT_TIMES };

/* What a checkpoint file holds beside the field. */
struct checkpoint_head {
    int64_t window, gnx, gny;
    int64_t rows;
    bool provisional;
    struct checkpoint_seal seal;
};

/* "u", "past/u" */
const char *checkpoint_field_name(int time);

/* Creates the file with everything but the values of the fields. `outflows` [gnx] each are global
 * here, that of the past NULL without one. */
enum status checkpoint_file_create(const char *path, const struct checkpoint_head *head,
                                   const struct checkpoint_content *content,
                                   const double *const outflows[CHECKPOINT_TIMES],
                                   const struct provenance *provenance,
                                   struct error *err) MUST_CHECK;

/* Computes the digest of the HDF5 part and writes the user block. */
enum status checkpoint_file_seal(const char *path, struct error *err) MUST_CHECK;

/* STATUS_NO_INPUT unless every byte of the file is as sealed. */
enum status checkpoint_file_verify(const char *path, struct error *err) MUST_CHECK;

/* Buffers that are appended to; each may be NULL, and of a past there may be none. */
struct checkpoint_parts {
    struct buffer *outflows[CHECKPOINT_TIMES], *state, *summary;
};

/* Of a verified file. STATUS_NO_INPUT when it does not hold what it should, or is of a newer
 * version. */
enum status checkpoint_file_read(const char *path, struct checkpoint_head *head,
                                 const struct checkpoint_parts *parts,
                                 struct error *err) MUST_CHECK;

/* Verifies all of a file, seal, state and fields, in a process of its own; no MPI. STATUS_NO_INPUT
 * or STATUS_BAD_DATA with what is wrong, STATUS_IO when there is no process. */
enum status checkpoint_file_prove(const char *path, struct checkpoint_head *head,
                                  struct error *err) MUST_CHECK;

bool checkpoint_seal_equal(const struct checkpoint_seal *a, const struct checkpoint_seal *b);

#endif
