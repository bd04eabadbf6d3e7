/* Makes anew what can be derived from what proves itself: lines of the manifest that are damaged or
 * lost, from rows whose digests agree with their cells and from checkpoints whose seals hold; the
 * master, from the segments; values of regions, relations and alerts, from their digests. Nothing
 * else in segments is touched, nor are checkpoints, journal, alerts and dead letters. Local,
 * without MPI; needs the lock of the run directory (rundir.h). */
#ifndef HEATSTREAM_STORE_REPAIR_H
#define HEATSTREAM_STORE_REPAIR_H

#include "store/verify.h"

struct repair {
    const char *directory;
    const char *staging; /* where files are made (staging.h); NULL: in the directory */
    /* What was done, or could not be: one line without its end each. */
    void (*tell)(void *context, const char *text);
    void *context;
};

/* Keeps what stands before the first damaged line. Of what follows, lines about revisions and
 * checkpoints are believed where rows or files bear them out; a finish is not: the run says it
 * again. Then every row that proves itself gets its line, unless the manifest knows a later
 * revision; after damage, every other row is announced as being rewritten, for the run to restore.
 * What was the manifest stays beside it as manifest.damaged. STATUS_IO; STATUS_BAD_DATA when the
 * rows contradict each other. */
enum status repair_manifest(struct repair *repair, struct error *err) MUST_CHECK;

/* Puts back each value of regions, relations and alerts of which one byte is not as it was written:
 * the byte that makes its digest hold. Tells of the values that this does not find, and of segments
 * that cannot be read to their end. STATUS_IO. */
enum status repair_groups(struct repair *repair, struct error *err) MUST_CHECK;

/* The master over all committed rows, by what verify_frames() found. STATUS_BAD_DATA when no
 * segment can be read that says what is in it. */
enum status repair_master(struct repair *repair, const struct verify *verify,
                          struct error *err) MUST_CHECK;

#endif
