/* The manifest: what has been committed to a run directory, in order, one CRC'd line a fact. Rank
 * 0 only.
 *
 *     frame <window> <revision> <row> <digest> <stored digest> <final>
 *     checkpoint <window> <rows> <provisional> <field> <outflow> <state>
 *     summary <JSON>
 *     finished <window> <digest> end|limit
 *     epoch <number> <host> <pid>
 *
 * A later line about the same thing replaces an earlier one. Readers trust only frames named here.
 */
#ifndef HEATSTREAM_STORE_MANIFEST_H
#define HEATSTREAM_STORE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "store/checkpoint.h"

struct manifest_frame {
    int64_t window, revision, row;
    struct digest digest, stored;
    bool final;
};

struct manifest_checkpoint {
    int64_t window, rows;
    bool provisional; /* taken after a provisional close: a grown topic does not go on from it */
    struct checkpoint_seal seal;
};

struct manifest_finish {
    int64_t window; /* the last one, -1: none */
    struct digest digest;
    bool at_end; /* of the input; else at the number of windows asked for */
};

struct manifest;

/* Reads what is there; a torn last line is reported and cut by the first append. The arrays stay
 * owned. STATUS_BAD_DATA on a damaged line. With `writable` false the file is never touched. */
enum status manifest_open(const char *path, bool writable, struct manifest **manifest,
                          struct error *err) MUST_CHECK;
void manifest_close(struct manifest *manifest); /* accepts NULL */

/* Every frame line read or appended so far, and the newest line for (window, revision), or NULL. */
int64_t manifest_frames(const struct manifest *manifest, const struct manifest_frame **frames);
const struct manifest_frame *manifest_find_frame(const struct manifest *manifest, int64_t window,
                                                 int64_t revision);

/* The newest line of each checkpoint window, oldest first. */
int manifest_checkpoints(const struct manifest *manifest, const struct manifest_checkpoint **list);
bool manifest_finished(const struct manifest *manifest, struct manifest_finish *finish);

/* The summary of the finish, "" when there is none; valid until the manifest changes. */
const char *manifest_summary(const struct manifest *manifest);

/* A frame line is not synced by itself; the others are on the disk on return. */
enum status manifest_add_frame(struct manifest *manifest, const struct manifest_frame *frame,
                               struct error *err) MUST_CHECK;
enum status manifest_add_checkpoint(struct manifest *manifest,
                                    const struct manifest_checkpoint *entry,
                                    struct error *err) MUST_CHECK;
/* `summary` is one line of JSON: what `info` tells of the finished run. */
enum status manifest_add_finished(struct manifest *manifest, const struct manifest_finish *finish,
                                  const char *summary, struct error *err) MUST_CHECK;

/* Rewrites the file (temp + rename) without frames and checkpoints of windows after `window` and
 * without the finish, as when a finished run is gone on from there. */
enum status manifest_cut(struct manifest *manifest, int64_t window, struct error *err) MUST_CHECK;

#endif
