/* Topics that the program writes to. */
#ifndef HEATSTREAM_INGEST_KAFKA_TOPIC_H
#define HEATSTREAM_INGEST_KAFKA_TOPIC_H

#include "kafka_common.h"

/* How a topic is made when it is missing. */
struct kafka_topic_plan {
    int partitions;      /* -1: the broker's default */
    bool keeps_for_ever; /* against its time-based retention; else the broker's default */
};

/* Makes the topic unless it exists, and waits until the broker knows of it; *partitions is how many
 * it has then. STATUS_REFUSED: it may not be made; STATUS_UNREACHABLE: no answer in time. */
enum status kafka_topic_require(struct kafka_client *client, const char *topic,
                                const struct kafka_topic_plan *plan, int *partitions,
                                struct error *err) MUST_CHECK;

#endif
