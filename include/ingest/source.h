/* Where records come from: one interface for Kafka, the in-process broker, files and the
 * generator.
 *
 * A source has a fixed number of partitions, each a sequence of messages in rising offset order.
 * All calls come from one thread at a time. The object is made by one of the source_open_*
 * functions of source_kafka.h, source_file.h and source_synthetic.h. */
#ifndef HEATSTREAM_INGEST_SOURCE_H
#define HEATSTREAM_INGEST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "wire/message.h"

struct source;

/* What the source is; the strings live as long as the source. Two runs over sources of different
 * identity must not continue each other. */
struct source_identity {
    const char *topic;      /* topic name, or the names of the files */
    const char *cluster_id; /* of the broker; "" where there is none */
    int partitions;
    bool bounded; /* ends by itself (files) */
};
struct source_identity source_identity(const struct source *source);

/* Asks afresh for the first offset that can be read and the offset after the last one. INT64_MAX as
 * *end: never ends (the generator). */
enum status source_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                          struct error *err) MUST_CHECK;

/* Begins, or begins again, to deliver each partition p from offset next[p]; all messages read
 * before are given up. A negative next[p] leaves the partition out. */
enum status source_start(struct source *source, const int64_t *next, struct error *err) MUST_CHECK;

/* Begins again to deliver one partition that failed with STATUS_NO_INPUT, from offset `next`. The
 * others are not disturbed. STATUS_NO_INPUT from a source whose records do not go away. */
enum status source_skip(struct source *source, int partition, int64_t next,
                        struct error *err) MUST_CHECK;

/* Hands over up to `max` messages of one partition, what is at hand and without waiting: *count
 * may be 0. Messages and their bytes stay valid until the next source_read() of the same
 * partition, source_start() or source_destroy(). A failure
 * comes after all that was there before it and is final: unreachable broker past its time-out
 * (STATUS_UNREACHABLE), refused (STATUS_REFUSED); but see source_skip() for an offset that is no
 * longer there (STATUS_NO_INPUT). */
enum status source_read(struct source *source, int partition, int max,
                        const struct message **messages, int *count, struct error *err) MUST_CHECK;

/* Waits until some partition may have something to read, at most timeout_ms, or until
 * source_wake(). Waking up for nothing is allowed. */
enum status source_wait(struct source *source, int timeout_ms, struct error *err) MUST_CHECK;

/* Ends a source_wait() of another thread. */
void source_wake(struct source *source);

/* Tells the broker, for lag monitoring only, that offsets below next[p] are in a checkpoint. From
 * any one thread, which need not be the one that reads. */
void source_report(struct source *source, const int64_t *next);

/* The offset after the last record of a partition as far as the source has heard, without asking
 * anybody; -1: it has not. From any thread. */
int64_t source_known_end(const struct source *source, int partition);

void source_destroy(struct source *source); /* accepts NULL */

#endif
