/* Partitions that are silent for longer than stream.idle_ms: their clocks are moved by time-out,
 * journaled first, so that windows close without them. Runs on the ingest thread. */
#ifndef HEATSTREAM_RUN_IDLE_H
#define HEATSTREAM_RUN_IDLE_H

#include "ingest/source.h"
#include "run/drain.h"
#include "store/claim.h"
#include "store/journal.h"

/* All are borrowed. */
struct idle_config {
    struct source *source;
    struct drain *drain;
    struct windows *windows;
    struct journal *journal;
    const struct claim *claim; /* on the run directory; NULL: nobody else can take it */
    int partitions;
    int64_t idle_ms, window_ms, t0_ms, disorder_ms;
};

struct idle;

struct idle *idle_create(const struct idle_config *config);
void idle_destroy(struct idle *idle); /* accepts NULL */

/* To be asked whenever nothing is at hand; *moved tells whether a clock was. When all that hold the
 * open window back have been silent for idle_ms and stand at their freshly asked ends, their clocks
 * are moved just past it: at once while other partitions lead, at the pace of the wall clock when
 * all are silent. One that does not stand at its end counts as heard, and is asked again after
 * idle_ms. */
enum status idle_check(struct idle *idle, bool *moved, struct error *err) MUST_CHECK;

/* How long the ingest thread may sleep before it asks again, in ms. */
int idle_patience_ms(const struct idle *idle);

#endif
