/* When rows of the frames are in the file, when they are seen by others, and when they are on the
 * disk. Collective unless said; failures are STATUS_IO. */
#ifndef HEATSTREAM_STORE_FRAMES_FLUSH_H
#define HEATSTREAM_STORE_FRAMES_FLUSH_H

#include "base/unsynced.h"
#include "store/frames.h"

/* New rows of small frames wait in memory for those after them, so that they are written together:
 * at the latest when there is no room for another, and before anything else happens to the frames.
 * Rows of large frames do while a thread writes their cells. frames_put() writes them, or the rest
 * of them: from then on they outlive a kill. After a failure they still wait; those whose cells a
 * thread could not write are no rows any more. */
enum status frames_put(struct frames *frames, struct error *err) MUST_CHECK;

/* Local, the same on all ranks: how many rows wait; whether the next one can wait with them, or at
 * all. */
int64_t frames_waiting(const struct frames *frames);
bool frames_may_wait(const struct frames *frames);

/* Makes all rows written so far readable by others: H5Fflush (which is an fsync) and a new master.
 * Does so unless the last time is less than 20 times its own cost ago; then a later call does it.
 * So at most about 5 % of the time goes there, and what readers see of a run that has much to do is
 * some 100 ms behind, after months and hundreds of segments a few seconds. `at_once`: does so in
 * any case, where there is such a row. */
enum status frames_flush(struct frames *frames, bool at_once, struct error *err) MUST_CHECK;

/* Seconds that the last flush took; 0 before the first. Local. */
double frames_flush_s(const struct frames *frames);

/* Has the disk begin with the rows written so far, and does not wait for it. Local. */
void frames_begin_sync(const struct frames *frames);

/* Where all ranks share a host: as frames_sync() once rank 0's `later` is synced. The rows must be
 * in the files. */
enum status frames_sync_later(struct frames *frames, struct unsynced *later,
                              struct error *err) MUST_CHECK;

/* All rows written so far are on the disk on return. frames.h5 follows when that is due, by
 * frames_flush(), for it can be made anew from them; `shown`: it shows them and is on the disk,
 * too. */
enum status frames_sync(struct frames *frames, bool shown, struct error *err) MUST_CHECK;

#endif
