/* The serial half of a checkpoint file, on one rank: its frame, its seal and all but fields of
 * several ranks. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FILE_H
#define HEATSTREAM_STORE_CHECKPOINT_FILE_H

#include "h5.h"
#include "store/checkpoint.h"

#define CHECKPOINT_SCHEMA "checkpoint/1"

enum { CHECKPOINT_USER_BLOCK = 512 };

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

/* How many times a checkpoint holds: with or without a past. */
int checkpoint_times(const struct checkpoint_seal *seal);

/* What goes into a file beside its head. `outflows` [gnx] each are global here, that of the past
 * NULL without one; the content's own are not looked at. `fields` [gnx][gny] are, too, where they
 * were gathered: NULL elsewhere. Borrowed. */
struct checkpoint_making {
    const char *path;
    const struct checkpoint_content *content;
    const double *outflows[CHECKPOINT_TIMES], *fields[CHECKPOINT_TIMES];
    const struct provenance *provenance;
};

/* Creates the file. Fields of which the columns are not all here have their place in it, and are
 * yet to be written. */
enum status checkpoint_file_create(const struct checkpoint_head *head,
                                   const struct checkpoint_making *making,
                                   struct error *err) MUST_CHECK;

/* Computes the digest of the HDF5 part and writes the user block. */
enum status checkpoint_file_seal(const char *path, struct error *err) MUST_CHECK;

/* STATUS_NO_INPUT unless every byte of the file is as sealed. */
enum status checkpoint_file_verify(const char *path, struct error *err) MUST_CHECK;

/* Buffers that are appended to; each may be NULL, and of a past there may be none. The digest is
 * of the state, which need not be kept for it. */
struct checkpoint_parts {
    struct buffer *outflows[CHECKPOINT_TIMES], *state, *summary;
    struct digest *state_digest;
};

/* Of a verified file. STATUS_NO_INPUT when it does not hold what it should, or is of a newer
 * version. */
enum status checkpoint_file_read(const char *path, struct checkpoint_head *head,
                                 const struct checkpoint_parts *parts,
                                 struct error *err) MUST_CHECK;

/* The same of an open file. */
void checkpoint_file_get(struct h5_scope *scope, hid_t file, struct checkpoint_head *head,
                         const struct checkpoint_parts *parts);

/* Whether outflows and state that were read are those of the head's digests. */
bool checkpoint_rest_agrees(const struct checkpoint_head *head, const struct buffer *outflows,
                            struct digest state);

/* Verifies all of a file, seal, state and fields, in a process of its own; no MPI. STATUS_NO_INPUT
 * or STATUS_BAD_DATA with what is wrong, STATUS_IO when there is no process. */
enum status checkpoint_file_prove(const char *path, struct checkpoint_head *head,
                                  struct error *err) MUST_CHECK;

bool checkpoint_seal_equal(const struct checkpoint_seal *a, const struct checkpoint_seal *b);

#endif
