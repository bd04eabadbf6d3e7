/* Regions, relations and alerts of stored frames, judged again: by the deck of the run, or by other
 * thresholds. The judge is the run's own (watch/watch.h); each frame is judged once, as it is now,
 * so what is told is the last word of a run about it. Without MPI.
 *
 * Regions that the run had too keep the statistics that it stored, which are those of the solution.
 * Others, and other percentiles, are measured from the stored cells. */
#ifndef HEATSTREAM_RUN_REJUDGE_H
#define HEATSTREAM_RUN_REJUDGE_H

#include "deck/deck.h"
#include "stored.h"
#include "watch/watch.h"

struct rejudge;

/* `deck` NULL: the run's own, DIRECTORY/config.yaml, alone; `overrides` of either as -D. */
struct rejudge_rules {
    const char *deck;
    char *const *overrides;
    int override_count;
};

/* The frames are borrowed; one thread at a time. STATUS_BAD_DECK: the rules are not for these
 * frames; STATUS_NO_INPUT: there is no deck; STATUS_BAD_DATA: a mask is not what it was. */
enum status rejudge_create(const struct stored *stored, const struct rejudge_rules *rules,
                           struct rejudge **made, struct error *err) MUST_CHECK;
void rejudge_destroy(struct rejudge *rejudge); /* accepts NULL */

const struct deck *rejudge_deck(const struct rejudge *rejudge);

/* Statistics of all regions in a row: [regions][stats], 3 and the percentiles each, valid until the
 * next call. */
enum status rejudge_read(struct rejudge *rejudge, int64_t row, const double **readings, int *stats,
                         struct error *err) MUST_CHECK;

/* Judges a row, each after the one before. Appends news as watch_take(); `view` as there. */
enum status rejudge_take(struct rejudge *rejudge, int64_t row, struct watch_view *view,
                         struct buffer *news, struct error *err) MUST_CHECK;

#endif
