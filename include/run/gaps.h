/* Input that is not where it was: records deleted before they were read, a topic that was cut or
 * made anew. Rank 0; at a restart on the main thread, later on the ingest thread. */
#ifndef HEATSTREAM_RUN_GAPS_H
#define HEATSTREAM_RUN_GAPS_H

#include <stdbool.h>

#include "ingest/source.h"
#include "store/claim.h"
#include "store/journal.h"
#include "window/windows.h"

/* All are borrowed. */
struct gaps {
    struct source *source;
    struct windows *windows; /* which know the gaps of the journal */
    struct journal *journal;
    const struct claim *claim; /* on the run directory; NULL: nobody else can take it */
    const int64_t *ends; /* [partitions] captured ends: what lies beyond is not missed; or NULL */
    bool accept;
};

enum { GAPS_ALL = -1 };

/* Compares where a partition, or each of them, is to be read on with what the source has now.
 * Appends to `found`, as struct journal_gap, what is gone although the run has not read it.
 * STATUS_BAD_DATA names the ranges of all: when there are any and `accept` is not set, or when a
 * partition ends before what the run has read already, which no gap describes. */
enum status gaps_find(const struct gaps *gaps, int partition, struct buffer *found,
                      struct error *err) MUST_CHECK;

/* Journals what was found, says so aloud, and lets the windows know. */
enum status gaps_enter(const struct gaps *gaps, const struct buffer *found,
                       struct error *err) MUST_CHECK;

/* Rank 0, before the windows take records: those of the journal. */
void gaps_replay(const struct journal *journal, struct windows *windows);

#endif
