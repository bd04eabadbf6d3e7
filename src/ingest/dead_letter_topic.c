#include "dead_letter_topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "kafka_producer.h"

enum { NUMBER_TEXT = 24 };

struct dead_letter_topic {
    char *source_topic;
    struct kafka_producer *producer;
    const struct patience *patience;
};

static enum status require_topic(struct kafka_client *client, const char *topic, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    TRY(kafka_client_metadata(client, topic, &metadata, err));
    bool missing = metadata->topic_cnt == 0 || metadata->topics[0].partition_cnt == 0;
    rd_kafka_resp_err_t code =
        metadata->topic_cnt > 0 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_metadata_destroy(metadata);
    if (kafka_status(code) == STATUS_REFUSED) {
        error_set(err, STATUS_REFUSED, "%s", rd_kafka_err2str(code));
        return kafka_client_needs(client, code, "WRITE", topic, err);
    }
    return missing ? kafka_client_no_topic(client, topic, err) : STATUS_OK;
}

enum status dead_letter_topic_open(const struct kafka_config *config, const char *source_topic,
                                   struct dead_letter_topic **opened, struct error *err)
{
    struct dead_letter_topic *topic = memory_zeroed(1, sizeof *topic);
    topic->source_topic = memory_text(source_topic);
    enum status status = kafka_producer_create(config, "dead letters", &topic->producer, err);
    if (status == STATUS_OK)
        status = require_topic(kafka_producer_client(topic->producer), config->topic, err);
    if (status != STATUS_OK) {
        dead_letter_topic_close(topic);
        return error_prefix(err, status, "dead-letter topic %s", config->topic);
    }
    *opened = topic;
    return STATUS_OK;
}

void dead_letter_topic_close(struct dead_letter_topic *topic)
{
    if (!topic)
        return;
    kafka_producer_destroy(topic->producer);
    free(topic->source_topic);
    free(topic);
}

void dead_letter_topic_set_patience(struct dead_letter_topic *topic,
                                    const struct patience *patience)
{
    topic->patience = patience;
}

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char text[NUMBER_TEXT];
    snprintf(text, sizeof text, "%lld", (long long)value);
    rd_kafka_header_add(headers, name, -1, text, -1);
}

static rd_kafka_headers_t *make_headers(const struct dead_letter_topic *topic,
                                        const struct dead_letter *letter)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(5);
    rd_kafka_header_add(headers, "reason", -1, fate_name(letter->reason), -1);
    rd_kafka_header_add(headers, "topic", -1, topic->source_topic, -1);
    add_number(headers, "partition", letter->partition);
    add_number(headers, "offset", letter->offset);
    if (letter->value_bytes > DEAD_LETTER_BYTES)
        add_number(headers, "bytes", letter->value_bytes);
    return headers;
}

static const void *part_of(const uint8_t *bytes, bool has, size_t at)
{
    return has ? bytes + at : NULL;
}

enum status dead_letter_topic_put(struct dead_letter_topic *topic, const struct dead_letter *letter,
                                  const uint8_t *bytes, struct error *err)
{
    const struct kafka_record record = {
        .partition = RD_KAFKA_PARTITION_UA,
        .key = part_of(bytes, letter->has_key, letter->key_at),
        .key_size = (size_t)min_int64(letter->key_bytes, DEAD_LETTER_BYTES),
        .value = part_of(bytes, letter->has_value, letter->value_at),
        .value_size = (size_t)min_int64(letter->value_bytes, DEAD_LETTER_BYTES),
        .headers = make_headers(topic, letter),
    };
    TRY(kafka_producer_put(topic->producer, &record, topic->patience, err));
    return kafka_producer_check(topic->producer, err);
}

enum status dead_letter_topic_sync(struct dead_letter_topic *topic, struct error *err)
{
    return kafka_producer_flush(topic->producer, topic->patience, err);
}
