/* Records of one partition that run further ahead of its clock than is believed at once (t > mx +
 * J). They are held back until enough sensors agree on the jump, until a run of records agrees, or
 * until so much has followed without agreement that the sensor must be wrong.
 *
 * Agreement: for each held time c with t - J <= c <= t, ascending, S = held records in [c, c + J];
 * the first S with min(K, max(2, q)) distinct sensors is confirmed. Or a row: the last 20 records
 * of the partition to come this far are all held, each within J of the one before, and come from
 * at least q sensors, or the last E are, from any; then S is these. q is the clock's quorum. */
#ifndef HEATSTREAM_WINDOW_CANDIDATES_H
#define HEATSTREAM_WINDOW_CANDIDATES_H

#include "base/buffer.h"
#include "base/status.h"
#include "window/event.h"

enum { CANDIDATES_ROW = 20 };

struct candidates;

/* J = jump_ms, K = sensors >= 2, E = expiry >= CANDIDATES_ROW. */
struct candidates *candidates_create(int64_t jump_ms, int sensors, int64_t expiry);
void candidates_destroy(struct candidates *candidates); /* accepts NULL */

int64_t candidates_held(const struct candidates *candidates);

/* Held records that have come since the clock last moved; candidates_clock_moved() begins to count
 * anew. *step_ms, if wanted, is the lower median of the steps in time from one record that is held
 * now to the next, 0 with fewer than two. */
int64_t candidates_in_doubt(const struct candidates *candidates, int64_t *step_ms);
void candidates_clock_moved(struct candidates *candidates);

/* Holds a record, copying its raw bytes cut at DEAD_LETTER_BYTES, and looks for agreement under
 * quorum q. Returns how many records are confirmed by it, 0: none. They are no longer held;
 * *confirmed are they in order of offset, with their raw bytes, until the next call. */
int64_t candidates_hold(struct candidates *candidates, const struct record *record, int quorum,
                        const struct record **confirmed);

/* A record of the partition was near enough to the clock. It ends a row unless it was too late. */
void candidates_note_ordinary(struct candidates *candidates, bool too_late);

/* The lowest offset that nobody confirmed in time, NULL when there is none: E ordinary records have
 * followed it, or more than E are held. No longer held; valid until the next call. */
const struct record *candidates_expire(struct candidates *candidates);

void candidates_save(const struct candidates *candidates, struct buffer *state);
enum status candidates_load(struct candidates *candidates, struct buffer_reader *state,
                            int partition, int64_t cells, struct error *err) MUST_CHECK;

#endif
