/* From a source into the windows: each partition is read only while the windows want it, so a
 * leading partition waits in its own queue and memory is bounded under any skew. One thread at a
 * time. */
#ifndef HEATSTREAM_RUN_DRAIN_H
#define HEATSTREAM_RUN_DRAIN_H

#include "base/status.h"
#include "ingest/source.h"
#include "run/gaps.h"
#include "window/windows.h"
#include "wire/decoder.h"

/* Proof that a topic is the one a checkpoint was taken from: the last record taken of a partition.
 * next - 1 will not do, it may be a transaction marker. */
struct fingerprint {
    int64_t offset; /* -1: no record yet */
    uint32_t crc;   /* CRC-32 of key, then value */
};

struct drain;

/* All are borrowed, `gaps` is copied. `batch` bounds how many messages one read asks for. */
struct drain *drain_create(const struct gaps *gaps, const struct decoder *decoder, int batch);
void drain_destroy(struct drain *drain); /* accepts NULL */

/* Begins to read at the windows' next offsets. `ends` [partitions] are the captured ends of a
 * bounded run, or NULL. Where last[p] has an offset the source is asked for that record first and
 * compared: STATUS_BAD_DATA at the first drain_round() that meets another one. */
enum status drain_start(struct drain *drain, const int64_t *ends, const struct fingerprint *last,
                        struct error *err) MUST_CHECK;

/* Takes what is at hand from every partition the windows want, without waiting. *taken counts
 * messages and ends; 0: nothing to do until source_wait(). Records that go away before they are
 * read are a gap: see gaps_find(). */
enum status drain_round(struct drain *drain, int64_t *taken, struct error *err) MUST_CHECK;

/* Where a partition has been read to: its next offset, or the end last met, if that is further. */
int64_t drain_position(const struct drain *drain, int partition);

/* Messages of one partition taken since creation. */
int64_t drain_taken(const struct drain *drain, int partition);

/* The last record taken of a partition. */
struct fingerprint drain_fingerprint(struct drain *drain, int partition);

/* Messages taken since creation, garbage included. */
int64_t drain_messages(const struct drain *drain);

/* Gaps that were met since creation, one that is just being journaled included. Any thread. */
int drain_gaps(const struct drain *drain);

#endif
