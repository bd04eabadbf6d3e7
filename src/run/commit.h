/* Rank 0: a checkpoint whose file is written gets to the disk while the run goes on, however slow
 * that disk is. A thread syncs what it counts on, then the file, and gives it its name; its line in
 * the manifest, from which on it counts, is added by the run when that is done. Rows of later
 * windows are written and committed meanwhile, as before a crash that it does not survive; no row
 * that it counts on is corrected before it is there. */
#ifndef HEATSTREAM_RUN_COMMIT_H
#define HEATSTREAM_RUN_COMMIT_H

#include "base/unsynced.h"
#include "store/checkpoint.h"
#include "store/manifest.h"

struct run;
struct root;
struct commit;

/* What is to be done. Strings are borrowed until the end. */
struct commit_job {
    struct checkpoint_config config;
    struct manifest_checkpoint entry;
    double began_s;           /* of the checkpoint, by stop_clock_s() */
    struct unsynced unsynced; /* frames, dead letters, alerts; taken over */
};

struct commit *commit_create(void);

/* Waits for what is under way, whose outcome is lost; accepts NULL. */
void commit_destroy(struct commit *commit);

/* None is under way, and `root` has not failed. The offsets of the last parcel are those that the
 * checkpoint counts on. */
void commit_begin(struct root *root, const struct commit_job *job);

bool commit_is_under_way(const struct root *root);

/* If it is done, or once it is, does what follows: the checkpoint counts, older ones go. Failures
 * are noted. Local; nothing if none is under way. */
void commit_look(struct run *run);
void commit_wait(struct run *run);

#endif
