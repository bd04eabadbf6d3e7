#include "ingest/alert_topic.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "kafka_producer.h"
#include "kafka_topic.h"

struct alert_topic {
    char *run_id;
    struct kafka_producer *producer;
    const struct patience *patience;
    struct buffer key;
};

static enum status connect_topic(struct alert_topic *topic, const struct kafka_config *config,
                                 struct error *err)
{
    const struct kafka_topic_plan defaults = {.partitions = -1};
    int partitions;
    TRY(kafka_producer_create(config, "alerts", &topic->producer, err));
    return kafka_topic_require(kafka_producer_client(topic->producer), config->topic, &defaults,
                               &partitions, err);
}

enum status alert_topic_open(const struct kafka_config *config, const char *run_id,
                             struct alert_topic **opened, struct error *err)
{
    struct alert_topic *topic = memory_zeroed(1, sizeof *topic);
    topic->run_id = memory_text(run_id);
    enum status status = connect_topic(topic, config, err);
    if (status != STATUS_OK) {
        alert_topic_close(topic);
        return error_prefix(err, status, "topic %s for alerts", config->topic);
    }
    *opened = topic;
    return STATUS_OK;
}

void alert_topic_close(struct alert_topic *topic)
{
    if (!topic)
        return;
    kafka_producer_destroy(topic->producer);
    buffer_release(&topic->key);
    free(topic->run_id);
    free(topic);
}

void alert_topic_set_patience(struct alert_topic *topic, const struct patience *patience)
{
    topic->patience = patience;
}

enum status alert_topic_put(struct alert_topic *topic, const char *alert, size_t alert_size,
                            const char *line, size_t line_size, struct error *err)
{
    buffer_clear(&topic->key);
    buffer_printf(&topic->key, "%s/%.*s", topic->run_id, (int)alert_size, alert);
    const struct kafka_record record = {.partition = RD_KAFKA_PARTITION_UA,
                                        .key = topic->key.data,
                                        .key_size = topic->key.size,
                                        .value = line,
                                        .value_size = line_size};
    TRY(kafka_producer_put(topic->producer, &record, topic->patience, err));
    return kafka_producer_check(topic->producer, err);
}

enum status alert_topic_sync(struct alert_topic *topic, struct error *err)
{
    return kafka_producer_flush(topic->producer, topic->patience, err);
}
