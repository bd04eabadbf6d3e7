#include <stdlib.h>

#include "base/memory.h"
#include "kafka_producer.h"
#include "kafka_topic.h"
#include "sink_ops.h"

struct sink_kafka {
    struct sink base;
    struct kafka_producer *producer;
};

static struct kafka_producer *producer_of(struct sink *base)
{
    return ((struct sink_kafka *)base)->producer;
}

static enum status kafka_put(struct sink *base, const struct sink_record *record, struct error *err)
{
    const struct kafka_record outgoing = {.partition = record->partition,
                                          .key = record->key,
                                          .key_size = record->key_size,
                                          .value = record->value,
                                          .value_size = record->value_size,
                                          .time_ms = record->time_ms};
    return kafka_producer_put(producer_of(base), &outgoing, NULL, err);
}

/* The producer sends by itself after linger.ms. */
static enum status kafka_push(struct sink *base, struct error *err)
{
    return kafka_producer_check(producer_of(base), err);
}

static enum status kafka_flush(struct sink *base, struct error *err)
{
    return kafka_producer_flush(producer_of(base), NULL, err);
}

static void kafka_destroy(struct sink *base)
{
    kafka_producer_destroy(producer_of(base));
    free(base);
}

static const struct sink_ops kafka_ops = {
    .put = kafka_put, .push = kafka_push, .flush = kafka_flush, .destroy = kafka_destroy};

/* Event times lie in the past as often as not, and a broker that keeps a topic by time would delete
 * such records at once: a topic of our own keeps everything. */
static enum status require_topic(struct kafka_client *client, const char *topic, int partitions,
                                 struct error *err)
{
    const struct kafka_topic_plan plan = {.partitions = partitions, .keeps_for_ever = true};
    int found;
    TRY(kafka_topic_require(client, topic, &plan, &found, err));
    if (found != partitions)
        return error_set(err, STATUS_BAD_DECK, "topic %s has %d partitions, not %d", topic, found,
                         partitions);
    return STATUS_OK;
}

enum status sink_open_kafka(const struct kafka_config *config, int partitions, struct sink **opened,
                            struct error *err)
{
    struct kafka_producer *producer;
    TRY(kafka_producer_create(config, "records", &producer, err));
    struct kafka_client *client = kafka_producer_client(producer);
    enum status status = require_topic(client, config->topic, partitions, err);
    if (status != STATUS_OK) {
        kafka_producer_destroy(producer);
        return status;
    }
    struct sink_kafka *sink = memory_zeroed(1, sizeof *sink);
    *sink = (struct sink_kafka){.base.ops = &kafka_ops, .producer = producer};
    *opened = &sink->base;
    return STATUS_OK;
}
