/* To whom a run directory belongs. One run at a time commits to it, whatever the others believe:
 * runs on other hosts, a run that is stopped and wakes up after it has been replaced, one whose
 * host is gone. Rank 0 only.
 *
 * Each start claims an epoch, a number higher than all before: it makes a directory that holds who
 * it is, and renames it to epoch.<number>, which fails for all but one. In it, by a name that no
 * other process ever has, is the run's staging directory (staging.h), without which it can publish
 * nothing, also when somebody late has taken its number once more. The winner removes those of all
 * earlier epochs and only then looks at what they have left; where it is not certain that they are
 * dead it works on copies of the files that they may have open. Until all of these are made its
 * epoch is marked, so that its successor makes them if it does not. So what an earlier run commits
 * before its directory is gone is found by its successor, and nothing that it does later reaches a
 * file that counts. A commit counts for the run that made it, too, only if its directory is still
 * there afterwards: claim_check().
 *
 * An epoch may be claimed when the one before is released or its run is dead. It is dead when its
 * lock (flock) can be had by another process on the same host since the same boot, which needs no
 * waiting, or when it has given no sign of life for `patience_s`: a living one writes a beat twice
 * a second. Only this decision is a guess. A wrong one costs the other run its work since its last
 * checkpoint, and never a wrong bit. The lock is that of rank 0, without which nothing is
 * committed; of ranks on other hosts, which may still be writing, it proves nothing: the files of a
 * run that had any are copied all the same.
 *
 * What is assumed of the file system: rename(2) and link(2) are atomic, fail in a directory that
 * has been removed, and a directory cannot be renamed to one that is not empty; a file opened after
 * another host has closed it shows what that wrote (NFS: close-to-open). Locks between hosts,
 * synchronised clocks and O_EXCL or O_APPEND on remote files are not needed. */
#ifndef HEATSTREAM_STORE_CLAIM_H
#define HEATSTREAM_STORE_CLAIM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct claim;

/* Claims the existing run directory `root`. Waits while the run before may be dead but is not known
 * to be. STATUS_CANNOT_CREATE: the run that holds it lives, and is named; or the place cannot be
 * written. */
enum status claim_take(const char *root, double patience_s, struct claim **claim,
                       struct error *err) MUST_CHECK;

/* Leaves the directory to the next; accepts NULL. A run that has been replaced has ten seconds to
 * come here: then the process is ended, with the message of claim_check() and the exit code of
 * STATUS_CANNOT_CREATE. */
void claim_release(struct claim *claim);

int64_t claim_epoch(const struct claim *claim);

/* "process 77 on node2", valid while the claim is. */
const char *claim_owner(const struct claim *claim);

/* The staging directory of this run. */
const char *claim_staging(const struct claim *claim);

/* All runs that may have had files open for writing which are still in use are certainly dead. Else
 * these files are to be renewed (staging.h) before they are written to. */
bool claim_is_sole(const struct claim *claim);

/* They have been, all of them: later runs need not do it again. But where this run is `spread` over
 * several hosts, they must unless it leaves the directory in an orderly way: its lock tells that
 * this process is dead, not that the others are, nor that what they wrote has left their hosts.
 * STATUS_IO, STATUS_CANNOT_CREATE. NULL as below. */
enum status claim_settle(struct claim *claim, bool spread, struct error *err) MUST_CHECK;

/* True when the run is known to have been replaced: costs nothing and may be half a second late.
 * NULL: a run whose directory nobody else can claim. */
bool claim_is_lost(const struct claim *claim);

/* Asks the file system. STATUS_CANNOT_CREATE names the run that has replaced this one; what this
 * one said it had committed since the last STATUS_OK does not count. NULL as above. */
enum status claim_check(const struct claim *claim, struct error *err) MUST_CHECK;

/* Tells the same of a file that cannot be found in a staging directory, on any rank: true, with the
 * text, when that is because the directory is no more. */
bool claim_explains(const char *staged, struct error *err);

#endif
