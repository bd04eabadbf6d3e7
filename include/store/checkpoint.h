/* Checkpoints ckpt/ckpt_<window>.h5: the field, the outflow of its boundary and rank 0's state
 * after a window closed, and field and outflow after an earlier one, from which late events that
 * are still to come can be put in. All arrays are global, so a run restarts on any number of ranks.
 *
 * Writing: under a staged name, close (checked), re-open and verify every digest, seal, fsync,
 * rename, fsync of the directory. The seal is a digest over the whole HDF5 part of the file, kept
 * in its 512-byte user block: it is verified before HDF5 sees a byte, so a damaged file is refused,
 * never interpreted. A checkpoint counts only once the manifest has a line for it (manifest.h),
 * which carries the digests. Collective unless said. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_H
#define HEATSTREAM_STORE_CHECKPOINT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "store/digest.h"
#include "store/provenance.h"

/* Proves a checkpoint: what the manifest says of it. */
struct checkpoint_seal {
    struct digest field, outflow, state;
    bool has_past;
    struct digest past_field, past_outflow; /* zeros without a past */
};

/* The directory, <run directory>/ckpt, is needed on every rank, the provenance on rank 0. */
struct checkpoint_config {
    const char *directory;
    const char *staging; /* where it is made (staging.h), on every rank; NULL: in the directory */
    const struct provenance *provenance;
};

/* Borrowed. `window` is the last closed one, `outflow` [nx] is per owned column; `state` and
 * `summary` (JSON, for `info`) are read on rank 0 only. `past` has NULL for both, on every rank,
 * when there is none. */
struct checkpoint_content {
    int64_t window;
    const struct field *field;
    const double *outflow;
    struct {
        const struct field *field;
        const double *outflow;
    } past;
    int64_t rows;     /* of the frames, up to this window */
    bool provisional; /* as in the manifest's line, which can be made anew from the file */
    const struct buffer *state;
    const char *summary;
};

/* Writes the staged file and verifies what it holds; it is neither sealed nor synced. *seal is
 * valid on every rank. STATUS_IO on any rank is the outcome on all; a half-written file is
 * removed. */
enum status checkpoint_stage(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config,
                             const struct checkpoint_content *content, struct checkpoint_seal *seal,
                             struct error *err) MUST_CHECK;

/* Local, in any thread, on hosts other than rank 0's: what this one holds of the staged file of a
 * window is on the disk. */
enum status checkpoint_sync(const struct checkpoint_config *config, int64_t window,
                            struct error *err) MUST_CHECK;

/* Rank 0, local, in any thread, without HDF5: seals the staged file, syncs what this host holds of
 * it and gives it its name, which is on the disk on return: ckpt_<window, 9 digits>.h5, in the
 * place of one of that name. ckpt/latest then holds it, but may be empty after a loss of power.
 * After a failure the staged file is removed. */
enum status checkpoint_publish(const struct checkpoint_config *config, int64_t window,
                               struct error *err) MUST_CHECK;

/* All of it, one after the other. */
enum status checkpoint_write(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config,
                             const struct checkpoint_content *content, struct checkpoint_seal *seal,
                             struct error *err) MUST_CHECK;

/* Where checkpoint_read() puts what it reads: the owned cells of `field`, `outflow` [nx], the same
 * of the past unless these are NULL on every rank, and rank 0's state, appended. */
struct checkpoint_target {
    struct field *field;
    double *outflow;
    struct {
        struct field *field;
        double *outflow;
    } past;
    struct buffer *state;
};

/* Reads and verifies against `seal` (rank 0's counts), or against the seal in the file when NULL.
 * STATUS_NO_INPUT with the reason when the file is missing, damaged, of another grid, of a newer
 * version or without the past that is asked for; nothing in the target is to be believed then. */
enum status checkpoint_read(const struct domain *domain, struct digester *digester,
                            const char *path, const struct checkpoint_seal *seal,
                            const struct checkpoint_target *target, struct error *err) MUST_CHECK;

/* The file name of a window's checkpoint within the directory. Local. */
void checkpoint_name(int64_t window, char name[32]);

/* The window in the name of a checkpoint file, complete or (*unfinished) not; -1: another file. */
int64_t checkpoint_window(const char *name, bool *unfinished);

struct manifest;

/* Rank 0: removes checkpoints that the manifest does not list (any more), and what an interrupted
 * write has left; those newer than its newest stay. */
enum status checkpoint_remove_old(const char *directory, const char *staging,
                                  const struct manifest *manifest, struct error *err) MUST_CHECK;

/* Rank 0: removes checkpoints of windows after `newest`, which a run that went back has left; else
 * a repair of the manifest might take them for its own. */
enum status checkpoint_remove_newer(const char *directory, const char *staging, int64_t newest,
                                    struct error *err) MUST_CHECK;

#endif
