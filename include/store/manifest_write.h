/* Writing to the manifest, which was opened for it. Rank 0 only. */
#ifndef HEATSTREAM_STORE_MANIFEST_WRITE_H
#define HEATSTREAM_STORE_MANIFEST_WRITE_H

#include "store/manifest.h"

/* Frame lines are not synced by themselves; the others are on the disk on return, and all lines
 * before them. A rewrite of the rows of windows `first` to `last` is announced before
 * the first of them is touched, and each committed by its frame line when it is written. */
enum status manifest_add_frame(struct manifest *manifest, const struct manifest_frame *frame,
                               struct error *err) MUST_CHECK;
enum status manifest_add_rewrite(struct manifest *manifest, int64_t first, int64_t last,
                                 struct error *err) MUST_CHECK;
enum status manifest_add_checkpoint(struct manifest *manifest,
                                    const struct manifest_checkpoint *entry,
                                    struct error *err) MUST_CHECK;
/* The run goes on from the checkpoint of `window` (-1: from the beginning) although there may be
 * newer ones, whose rows are about to be cut: those are forgotten, and so is a finish. Frame lines
 * stay: what is computed again must equal them. */
enum status manifest_add_back(struct manifest *manifest, int64_t window,
                              struct error *err) MUST_CHECK;
/* Who writes from here on; see claim.h. */
enum status manifest_add_epoch(struct manifest *manifest, int64_t epoch, const char *owner,
                               struct error *err) MUST_CHECK;
/* `summary` is one line of JSON: what `info` tells of the finished run. */
enum status manifest_add_finished(struct manifest *manifest, const struct manifest_finish *finish,
                                  const char *summary, struct error *err) MUST_CHECK;

/* Goes back to the newest checkpoint of `window` (-1: to nothing) as when a finished run is gone on
 * from there: writes the file anew (temp + rename) without what was said after its line, and
 * without frames that an attempt before it, crashed further on, had said and it has not made good.
 * The rows stay as they are: those that hold a later revision are announced as being rewritten.
 * STATUS_BUG when there is no such checkpoint. */
enum status manifest_cut(struct manifest *manifest, int64_t window, struct error *err) MUST_CHECK;

/* Forgets, in memory, all checkpoints but the newest `keep` and the newest one that is not
 * provisional. */
void manifest_retire_checkpoints(struct manifest *manifest, int keep);

#endif
