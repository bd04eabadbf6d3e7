/* The manifest: what has been committed to a run directory, in order, one CRC'd line a fact. Rank
 * 0 only.
 *
 *     frame <window> <revision> <row> <digest> <stored digest> <final> <change>
 *     rewrite <first window> <last window>
 *     checkpoint <window> <rows> <provisional> <field> <outflow> <state> [<field> <outflow>]
 *     back <window>
 *     summary <JSON>
 *     finished <window> <digest> end|limit
 *     epoch <number> process <pid> on <host>
 *
 * A frame line says that a row of the frames file holds that revision of that window, a rewrite
 * line that the rows of these windows may from now on hold anything or be gone, a back line the
 * same of all rows after that window, and that newer checkpoints and a finish are no more. Of a row
 * the last thing said counts, of all else a later line about the same thing replaces the earlier
 * one. Readers trust only rows of which the last thing said is a frame line. */
#ifndef HEATSTREAM_STORE_MANIFEST_H
#define HEATSTREAM_STORE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "store/checkpoint.h"

struct manifest_frame {
    int64_t window, revision, row;
    struct digest digest, stored;
    bool final;
    double change; /* largest one of a stored value by the corrections so far */
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

/* Every frame line read when the manifest was opened or cut, in order, and the newest of these for
 * (window, revision), or NULL. Lines added since are not kept in memory: a run may last weeks. */
int64_t manifest_frames(const struct manifest *manifest, const struct manifest_frame **frames);
const struct manifest_frame *manifest_find_frame(const struct manifest *manifest, int64_t window,
                                                 int64_t revision);

/* True when the last thing said of the window's row, lines added since included, is a frame line of
 * that revision. False for windows that had no line when the manifest was opened. */
bool manifest_row_holds(const struct manifest *manifest, int64_t window, int64_t revision);

/* True for a frame line, one of manifest_frames(), that was the last thing said of its row when the
 * manifest was read. Earlier ones are of revisions that were overwritten, or of attempts that were
 * given up. */
bool manifest_is_last_said(const struct manifest *manifest, const struct manifest_frame *frame);

/* The newest line of each checkpoint window, oldest first. */
int manifest_checkpoints(const struct manifest *manifest, const struct manifest_checkpoint **list);

bool manifest_finished(const struct manifest *manifest, struct manifest_finish *finish);

/* True when a finished run has begun to be taken back, but not to the end, which manifest_cut()
 * is. */
bool manifest_undone(const struct manifest *manifest);

/* The summary of the finish, "" when there is none; valid until the manifest changes. */
const char *manifest_summary(const struct manifest *manifest);

#endif
