/* What rank 0 keeps in a checkpoint beside the field: enough to go on as if never interrupted. */
#ifndef HEATSTREAM_RUN_STATE_H
#define HEATSTREAM_RUN_STATE_H

#include "announcer.h"
#include "base/buffer.h"
#include "base/status.h"
#include "run/drain.h"
#include "store/journal_mark.h"

struct run_state {
    int64_t window;             /* the last one closed, -1: none */
    int64_t rows;               /* frames written */
    int64_t dead_letters_bytes; /* length of all dead letters (store/letter_files.h) */
    struct announced alerts;    /* alerts.ndjson; zeros without alerts */
    int64_t revisions;          /* rows published anew after corrections */
    double heat_in;             /* since the last frame, temperature units times area */
    bool provisional;           /* a provisional window has been closed */
    int64_t past_window;        /* the snapshot that the checkpoint carries is the field after it */
    double past_heat_in;        /* heat_in then */
    struct journal_mark journal; /* what had been decided */
};

/* What a checkpoint must agree with; strings are borrowed. */
struct state_origin {
    const char *deck_hash, *topic, *cluster_id;
    int partitions;
};

/* What watches and windows keep is to follow in `out`. */
void state_save(const struct run_state *state, const struct state_origin *origin,
                const struct fingerprint *fingerprints, struct buffer *out);

/* Reads it back and leaves `reader` at what followed. STATUS_BAD_DECK: taken with another
 * deck; STATUS_BAD_DATA: from another topic, cluster or number of partitions, or no such state. */
enum status state_load(struct buffer_reader *reader, const struct state_origin *origin,
                       struct run_state *state, struct fingerprint *fingerprints,
                       struct error *err) MUST_CHECK;

#endif
