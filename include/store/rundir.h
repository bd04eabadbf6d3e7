/* The run directory: names, creation, and the claim that lets one run write to it. Rank 0 only. */
#ifndef HEATSTREAM_STORE_RUNDIR_H
#define HEATSTREAM_STORE_RUNDIR_H

#include <limits.h>
#include <stdbool.h>

#include "base/status.h"
#include "store/claim.h"

/* Paths inside a run directory; written by rundir_paths(). Those of the manifest, the journal and
 * the alerts are a second name of each, within the claim, after rundir_enter(). */
struct rundir {
    char root[PATH_MAX], config[PATH_MAX], manifest[PATH_MAX], journal[PATH_MAX];
    char alerts[PATH_MAX], log[PATH_MAX], stop[PATH_MAX], lock[PATH_MAX];
    char frames[PATH_MAX], master[PATH_MAX], checkpoints[PATH_MAX];
    struct claim *claim; /* NULL: not open */
};

/* Local. `out`/`run_id`. STATUS_CANNOT_CREATE when a path is too long or the id has a slash or a
 * leading dot. */
enum status rundir_paths(const char *out, const char *run_id, struct rundir *rundir,
                         struct error *err) MUST_CHECK;

/* The same of a run directory by its own name. STATUS_NO_INPUT when the path is too long. */
enum status rundir_paths_of(const char *root, struct rundir *rundir, struct error *err) MUST_CHECK;

/* Makes the directories and claims them. STATUS_CANNOT_CREATE: not writable, or another run holds
 * them (its host and process are named). `patience_s` as in claim_take(). */
enum status rundir_open(struct rundir *rundir, double patience_s, struct error *err) MUST_CHECK;
void rundir_close(struct rundir *rundir);

/* True while a run on this host holds the directory. Needs no claim and changes nothing. */
bool rundir_is_held(const struct rundir *rundir);

/* Removes what a run writes, nothing else, for a start from the beginning. Needs the claim. */
enum status rundir_clear(struct rundir *rundir, struct error *err) MUST_CHECK;

/* From here on the manifest, the journal and the alerts, which are created empty if missing, can be
 * opened for writing, and the dead letters be gone on with (letter_files.h). */
enum status rundir_enter(struct rundir *rundir, struct error *err) MUST_CHECK;

/* The manifest was written anew under the name that rundir_enter() gave it: so it is for all. */
enum status rundir_publish_manifest(const struct rundir *rundir, struct error *err) MUST_CHECK;

/* Writes config.yaml. */
enum status rundir_write_config(const struct rundir *rundir, const char *yaml,
                                struct error *err) MUST_CHECK;

#endif
