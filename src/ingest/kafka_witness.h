/* Sees to it that a topic stays the one it was while it is read.
 *
 * A broker delivers what lies at an offset now. When a topic is deleted and made again, or loses
 * its end to an unclean leader election, and is then filled beyond the reader's place, the reader
 * would go on in other records and no request would fail. So a thread with a connection of its own
 * asks every few seconds for a record that was read a while ago, and compares it; and it counts
 * the partitions, since a new one takes keys from those that are read.
 *
 * It also notices that nobody answers, which librdkafka does not always tell: its count of brokers
 * that are down misses one when the group's coordinator loses its address before its connection,
 * and one that keeps connections but answers nothing counts as being there for long. */
#ifndef HEATSTREAM_INGEST_KAFKA_WITNESS_H
#define HEATSTREAM_INGEST_KAFKA_WITNESS_H

#include "base/status.h"
#include "ingest/source_kafka.h"

struct kafka_witness;

/* Of config->topic, which has so many partitions. */
enum status kafka_witness_create(const struct kafka_config *config, int partitions,
                                 struct kafka_witness **witness, struct error *err) MUST_CHECK;
void kafka_witness_destroy(struct kafka_witness *witness); /* accepts NULL */

/* The first call begins the watch. */
enum status kafka_witness_start(struct kafka_witness *witness, struct error *err) MUST_CHECK;

/* What has been read of a partition: one record of a batch is enough to tell topics apart. */
void kafka_witness_note(struct kafka_witness *witness, int partition,
                        const struct message *messages, int count);

/* Since when no broker has answered, by monotonic_ms(); told once for each look that was in vain,
 * otherwise 0. */
int64_t kafka_witness_take_silence(struct kafka_witness *witness);

/* Without waiting: STATUS_BAD_DATA once the topic has proven to be another one, or is gone. */
enum status kafka_witness_check(struct kafka_witness *witness, struct error *err) MUST_CHECK;

#endif
