/* One partition of a consumer, with a queue of its own: its messages never reach the consumer's
 * common queue, so a partition that leads is simply not read while the others go on. */
#ifndef HEATSTREAM_INGEST_KAFKA_LANE_H
#define HEATSTREAM_INGEST_KAFKA_LANE_H

#include <librdkafka/rdkafka.h>

#include "ingest/source.h"

/* Zero-initialised is closed and valid. Written by this module, but for the counts of what was
 * read since the owner set them to 0. */
struct kafka_lane {
    rd_kafka_queue_t *queue;
    int64_t next;             /* offset after the last one read */
    rd_kafka_message_t **raw; /* what `messages` point into */
    struct message *messages;
    int count, capacity;
    int64_t fresh_messages, fresh_bytes;
    rd_kafka_message_t *failed;          /* told once the messages before it have been read */
    int limit_ms;                        /* how long a leader's errors may last */
    int64_t trouble_ms, last_trouble_ms; /* since when there are such errors, without a message or
                                            as long a rest between them; 0: none */
};

/* To be called before the partition is assigned; `wake_fd` is an eventfd. */
void kafka_lane_open(struct kafka_lane *lane, rd_kafka_t *rk, const char *topic, int partition,
                     int64_t next, int wake_fd);

/* Gives up the queue and the messages read; keeps the arrays. */
void kafka_lane_close(struct kafka_lane *lane);
void kafka_lane_release(struct kafka_lane *lane);

/* Replaces the messages by up to `max` new ones, without waiting. A failure of the
 * partition is *failed, once and for ever when all that came before it has been read, else NULL.
 * Errors that pass are none until they have lasted: librdkafka asks the leader again. */
enum status kafka_lane_read(struct kafka_lane *lane, int max, const rd_kafka_message_t **failed,
                            struct error *err) MUST_CHECK;

/* Rings the eventfd when the queue stops being empty. */
void kafka_lane_notify(rd_kafka_queue_t *queue, int wake_fd);

#endif
