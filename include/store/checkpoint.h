/* Checkpoints ckpt/ckpt_<window>.h5: the field, the outflow of its boundary and rank 0's state after a
 * window closed. All arrays are global, so a run restarts on any number of ranks.
 *
 * Writing: .tmp, close (checked), re-open and verify every digest, fsync, rename, fsync of the directory.
 * It counts only once the manifest has a line for it (manifest.h), which carries the digests. Collective
 * unless said. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_H
#define HEATSTREAM_STORE_CHECKPOINT_H

#include "base/buffer.h"
#include "store/digest.h"
#include "store/provenance.h"

/* Proves a checkpoint: what the manifest says of it. */
struct checkpoint_seal {
    struct digest field, outflow, state;
};

struct checkpoint_config {
    const char *directory; /* <run directory>/ckpt */
    const struct provenance *provenance;
};

/* `window` is the last closed one; the name is ckpt_<window, 9 digits>.h5 and replaces one of that name.
 * `outflow` [nx] per owned column; `state` is rank 0's, ignored elsewhere. ckpt/latest then holds the
 * name. STATUS_IO on any rank is the outcome on all; a half-written file is removed. */
enum status checkpoint_write(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config, int64_t window,
                             const struct field *field, const double *outflow,
                             const struct buffer *state, struct checkpoint_seal *seal,
                             struct error *err) MUST_CHECK;

/* Reads a checkpoint into the owned cells of `field` and into `outflow`, rank 0's state into `state`, and
 * verifies all against `seal`, or against the seal in the file when NULL. STATUS_NO_INPUT with the reason
 * when the file is missing, damaged or of a newer version; nothing is to be believed then. */
enum status checkpoint_read(const struct domain *domain, struct digester *digester,
                            const char *path, const struct checkpoint_seal *seal,
                            struct field *field, double *outflow, struct buffer *state,
                            struct error *err) MUST_CHECK;

/* The file name of a window's checkpoint within the directory. Local. */
void checkpoint_name(int64_t window, char name[32]);

#endif
