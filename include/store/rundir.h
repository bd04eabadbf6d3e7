/* The run directory: names, creation, and the lock that lets one run write to it. Rank 0 only. */
#ifndef HEATSTREAM_STORE_RUNDIR_H
#define HEATSTREAM_STORE_RUNDIR_H

#include <limits.h>
#include <stdbool.h>

#include "base/status.h"

/* Paths inside a run directory; written by rundir_paths(). */
struct rundir {
    char root[PATH_MAX], config[PATH_MAX], manifest[PATH_MAX], journal[PATH_MAX];
    char dead_letters[PATH_MAX], log[PATH_MAX], stop[PATH_MAX], lock[PATH_MAX];
    char frames[PATH_MAX], master[PATH_MAX], checkpoints[PATH_MAX];
    int lock_fd;
};

/* Local. `out`/`run_id`. STATUS_CANNOT_CREATE when a path is too long or the id has a slash or a
 * leading dot. */
enum status rundir_paths(const char *out, const char *run_id, struct rundir *rundir,
                         struct error *err) MUST_CHECK;

/* The same of a run directory by its own name. STATUS_NO_INPUT when the path is too long. */
enum status rundir_paths_of(const char *root, struct rundir *rundir, struct error *err) MUST_CHECK;

/* Makes the directories and takes the lock. STATUS_CANNOT_CREATE: not writable, or another run
 * holds the lock for three seconds on end (its host and process are named). */
enum status rundir_open(struct rundir *rundir, struct error *err) MUST_CHECK;
void rundir_close(struct rundir *rundir);

/* True while a run holds the lock. Needs no lock and changes nothing. */
bool rundir_is_held(const struct rundir *rundir);

/* Removes what a run writes, nothing else, for a start from the beginning. Needs the lock. */
enum status rundir_clear(struct rundir *rundir, struct error *err) MUST_CHECK;

#endif
