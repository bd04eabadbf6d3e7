/* Where generated records go: files, a stream or a Kafka topic behind one interface. */
#ifndef HEATSTREAM_INGEST_SINK_H
#define HEATSTREAM_INGEST_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ingest/source_kafka.h"

/* One record on its way out. key may be NULL (none). */
struct sink_record {
    int partition;
    const void *key, *value;
    size_t key_size, value_size;
    int64_t time_ms; /* broker timestamp; files leave it out */
};

struct sink;

/* Creates `<prefix>.<p>.ndjson` for every partition, empty; one value a line, keys are left out.
 * STATUS_CANNOT_CREATE names the file. */
enum status sink_open_files(const char *prefix, int partitions, struct sink **sink,
                            struct error *err) MUST_CHECK;

/* One value a line, of all partitions in the order put. `fd` is borrowed; `name` is for messages.
 */
enum status sink_open_stream(int fd, const char *name, struct sink **sink,
                             struct error *err) MUST_CHECK;

/* The topic of the config, created with `partitions` partitions when missing; one that exists must
 * have exactly as many (STATUS_BAD_DECK otherwise). Statuses of reaching the broker as
 * source_open_kafka(). */
enum status sink_open_kafka(const struct kafka_config *config, int partitions, struct sink **sink,
                            struct error *err) MUST_CHECK;

/* Takes a copy of the record; may wait for room. Records of one partition keep their order. A
 * failure is final and may belong to an earlier record. */
enum status sink_put(struct sink *sink, const struct sink_record *record,
                     struct error *err) MUST_CHECK;

/* Hands everything put so far to its destination without waiting for it: for paced output. */
enum status sink_push(struct sink *sink, struct error *err) MUST_CHECK;

/* Waits until every record is delivered (files: written), reports failures and frees the sink,
 * whatever the outcome. */
enum status sink_close(struct sink *sink, struct error *err) MUST_CHECK;

void sink_discard(struct sink *sink); /* frees without waiting, after a failure; accepts NULL */

#endif
