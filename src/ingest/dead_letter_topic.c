#include "dead_letter_topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_common.h"

enum { SLICE_MS = 100, NUMBER_TEXT = 24 };

struct dead_letter_topic {
    char *topic, *source_topic;
    struct kafka_client *client;
    int64_t lost; /* letters that could not be delivered; written by take_report() */
    rd_kafka_resp_err_t reason;
};

/* Called by rd_kafka_poll() and rd_kafka_flush() on the thread that writes the letters. */
static void take_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct dead_letter_topic *topic = kafka_client_user(opaque);
    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    topic->lost++;
    topic->reason = message->err;
}

static void prepare(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
}

static enum status require_topic(struct dead_letter_topic *topic, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    TRY(kafka_client_metadata(topic->client, topic->topic, &metadata, err));
    bool missing = metadata->topic_cnt == 0 || metadata->topics[0].partition_cnt == 0;
    rd_kafka_metadata_destroy(metadata);
    return missing ? kafka_client_no_topic(topic->client, topic->topic, err) : STATUS_OK;
}

enum status dead_letter_topic_open(const struct kafka_config *config, const char *source_topic,
                                   struct dead_letter_topic **opened, struct error *err)
{
    static const struct kafka_property defaults[] = {{"linger.ms", "5"}, {NULL, NULL}};
    static const struct kafka_property fixed[] = {{"enable.idempotence", "true"}, {NULL, NULL}};
    const struct kafka_setup setup = {
        .type = RD_KAFKA_PRODUCER, .defaults = defaults, .fixed = fixed, .prepare = prepare};
    struct dead_letter_topic *topic = calloc(1, sizeof *topic);
    if (!topic || !(topic->topic = strdup(config->topic)) ||
        !(topic->source_topic = strdup(source_topic)))
        abort();
    enum status status = kafka_client_create(&setup, config, topic, &topic->client, err);
    if (status == STATUS_OK)
        status = require_topic(topic, err);
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
    kafka_client_destroy(topic->client);
    free(topic->source_topic);
    free(topic->topic);
    free(topic);
}

static enum status check(struct dead_letter_topic *topic, struct error *err)
{
    if (topic->lost > 0)
        return error_set(err, kafka_status(topic->reason),
                         "%lld dead letters could not be delivered to topic %s: %s",
                         (long long)topic->lost, topic->topic, rd_kafka_err2str(topic->reason));
    return kafka_client_check(topic->client, err);
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

static void *part_of(const uint8_t *bytes, bool has, size_t at)
{
    return has ? (void *)(uintptr_t)(bytes + at) : NULL;
}

/* An empty key or value is told from a missing one by its pointer. */
static rd_kafka_resp_err_t produce(struct dead_letter_topic *topic,
                                   const struct dead_letter *letter, const uint8_t *bytes,
                                   rd_kafka_headers_t *headers)
{
    size_t key_size = dead_letter_kept((size_t)letter->key_bytes);
    size_t value_size = dead_letter_kept((size_t)letter->value_bytes);
    return rd_kafka_producev(
        kafka_client_handle(topic->client), RD_KAFKA_V_TOPIC(topic->topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(part_of(bytes, letter->has_key, letter->key_at), key_size),
        RD_KAFKA_V_VALUE(part_of(bytes, letter->has_value, letter->value_at), value_size),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
}

enum status dead_letter_topic_put(struct dead_letter_topic *topic, const struct dead_letter *letter,
                                  const uint8_t *bytes, struct error *err)
{
    rd_kafka_headers_t *headers = make_headers(topic, letter);
    rd_kafka_resp_err_t code;
    enum status status = STATUS_OK;
    while ((code = produce(topic, letter, bytes, headers)) == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
           status == STATUS_OK) {
        rd_kafka_poll(kafka_client_handle(topic->client), SLICE_MS);
        status = check(topic, err);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_poll(kafka_client_handle(topic->client), 0);
        return check(topic, err);
    }
    rd_kafka_headers_destroy(headers);
    if (status != STATUS_OK)
        return status;
    return error_set(err, kafka_status(code), "writing a dead letter to topic %s: %s", topic->topic,
                     rd_kafka_err2str(code));
}

enum status dead_letter_topic_sync(struct dead_letter_topic *topic, struct error *err)
{
    while (rd_kafka_flush(kafka_client_handle(topic->client), SLICE_MS) !=
           RD_KAFKA_RESP_ERR_NO_ERROR)
        TRY(check(topic, err));
    return check(topic, err);
}
