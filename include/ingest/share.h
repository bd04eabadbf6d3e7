/* A topic whose partitions several ranks read, as one source on rank 0.
 *
 *     reader thread      main thread   MPI   main thread       ingest thread
 *     on rank r > 0      on rank r           on rank 0         on rank 0
 *     fetch, decode ──▶ blocks ─────────────▶ share_give() ──▶ source_read() of the share
 *                       orders ◀───────────── share_order() ◀── blocks done with, skips
 *
 * Partition p is read by reader p % readers; reader 0 is rank 0 itself, whose partitions are read
 * as they would be without a share. What is shared out is fetching and decoding alone. Clocks,
 * candidates, windows, ledger, journal and every decision stay on rank 0 in the code that one
 * reader uses, which sees the same messages of a partition in the same order; how messages of
 * different partitions interleave was never the same twice. So the bits cannot depend on the number
 * of readers, and a checkpoint knows nothing of them.
 *
 * That split was chosen by measurement: reading JSON from Kafka, the ingest thread spent 60 % of
 * its time on taking messages out of librdkafka, 22 % on decoding and 18 % on event time, and
 * librdkafka's own threads took two thirds as long again.
 *
 * Flow: a reader may have SHARE_AHEAD blocks of a partition under way, fewer where there are many
 * partitions; a block that has been taken lets it begin another. So a partition that leads, and is
 * not drained, neither fills memory nor keeps the others of its reader back.
 *
 * Failure: a reader that cannot go on says why, behind all that it has read before; the source
 * fails with that when it gets there. A reader whose broker stalls delivers nothing: windows wait
 * for its partitions as for any slow ones, and as the ends that time-outs are judged by are asked
 * afresh by rank 0, a partition that is merely slow is never called silent. A rank that is killed
 * ends the job, as any rank does. */
#ifndef HEATSTREAM_INGEST_SHARE_H
#define HEATSTREAM_INGEST_SHARE_H

#include "base/buffer.h"
#include "ingest/record_block.h"
#include "ingest/source_kafka.h"

enum { SHARE_AHEAD = 16, SHARE_AHEAD_MIN = 2, SHARE_BLOCKS = 1024 };

struct share;

struct share *share_create(int batch);
void share_destroy(struct share *share); /* after the sources it opened; accepts NULL */

/* Opens a topic as a source that reads all of it on this rank, until share_begin(). One at a time.
 * Fails as source_open_kafka(). `share` is a struct share: see struct kafka_opener. */
enum status share_open_source(void *share, const struct kafka_config *config,
                              struct source **source, struct error *err) MUST_CHECK;

/* The source shares its partitions out from its next source_start() on. `decoding`, of
 * decoding_save(), is copied. */
void share_begin(struct share *share, int readers, const struct buffer *decoding);

/* The rest is for the main thread. The next order for a reader, 1 to readers - 1; false: none. */
bool share_order(struct share *share, int reader, struct buffer *order);

/* An empty block to receive into, and a block that has come. */
struct record_block *share_empty_block(struct share *share);
void share_give(struct share *share, int reader, struct record_block *block);

/* Gives a block back that was not received into. */
void share_recycle(struct share *share, struct record_block *block);

#endif
