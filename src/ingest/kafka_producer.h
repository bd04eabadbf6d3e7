/* What everything that writes to a topic shares: an idempotent producer that either delivers each
 * record or says why not. All calls but one come from one
 * thread at a time. */
#ifndef HEATSTREAM_INGEST_KAFKA_PRODUCER_H
#define HEATSTREAM_INGEST_KAFKA_PRODUCER_H

#include "ingest/patience.h"
#include "kafka_common.h"

struct kafka_producer;

/* Does not connect. `records` says what is written, for messages: "dead letters"; config->topic is
 * where. */
enum status kafka_producer_create(const struct kafka_config *config, const char *records,
                                  struct kafka_producer **producer, struct error *err) MUST_CHECK;

/* What was not delivered is given up. Accepts NULL. */
void kafka_producer_destroy(struct kafka_producer *producer);

struct kafka_client *kafka_producer_client(const struct kafka_producer *producer);

/* One record on its way out. A NULL key or value is none, one of size 0 is empty. */
struct kafka_record {
    int partition; /* RD_KAFKA_PARTITION_UA: by the key */
    const void *key, *value;
    size_t key_size, value_size;
    int64_t time_ms;             /* the broker's timestamp; 0: now */
    rd_kafka_headers_t *headers; /* may be NULL; taken over, whatever the outcome */
};

/* Takes a copy; waits for room in the queue, as long as a broker can be reached and patience lasts.
 * Records of one partition are delivered in the order put. A failure is final and may belong to an
 * earlier record. */
enum status kafka_producer_put(struct kafka_producer *producer, const struct kafka_record *record,
                               const struct patience *patience, struct error *err) MUST_CHECK;

/* Without waiting: whether all has gone well so far. */
enum status kafka_producer_check(struct kafka_producer *producer, struct error *err) MUST_CHECK;

/* Makes a put or flush that waits, or comes later, fail with STATUS_STOPPED. From any thread. */
void kafka_producer_abandon(struct kafka_producer *producer);

/* Everything put is acknowledged on return. */
enum status kafka_producer_flush(struct kafka_producer *producer, const struct patience *patience,
                                 struct error *err) MUST_CHECK;

#endif
