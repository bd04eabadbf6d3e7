#include <stdlib.h>
#include <string.h>

#include "kafka_common.h"
#include "sink_ops.h"

enum { SLICE_MS = 100, CREATE_MS = 30000 };

struct sink_kafka {
    struct sink base;
    struct kafka_client *client;
    rd_kafka_t *rk; /* the client's */
    char *topic;
    int64_t lost; /* records not delivered; written by take_report() */
    rd_kafka_resp_err_t reason;
};

/* Called by rd_kafka_poll() and rd_kafka_flush() on the caller's thread. */
static void take_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct sink_kafka *sink = kafka_client_user(opaque);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    sink->lost++;
    sink->reason = message->err;
}

static void prepare_producer(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
}

static enum status check(struct sink_kafka *sink, struct error *err)
{
    TRY(kafka_client_check(sink->client, err));
    if (sink->lost > 0)
        return error_set(err, kafka_status(sink->reason),
                         "%lld records could not be delivered to topic %s: %s",
                         (long long)sink->lost, sink->topic, rd_kafka_err2str(sink->reason));
    return STATUS_OK;
}

static rd_kafka_resp_err_t produce(const struct sink_kafka *sink, const struct sink_record *record)
{
    return rd_kafka_producev(
        sink->rk, RD_KAFKA_V_TOPIC(sink->topic), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(record->time_ms),
        RD_KAFKA_V_KEY(record->key, record->key_size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_size), RD_KAFKA_V_END);
}

static enum status kafka_put(struct sink *base, const struct sink_record *record, struct error *err)
{
    struct sink_kafka *sink = (struct sink_kafka *)base;
    rd_kafka_resp_err_t code;
    while ((code = produce(sink, record)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(sink->rk, SLICE_MS);
        TRY(check(sink, err));
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(err, kafka_status(code), "writing to topic %s: %s", sink->topic,
                         rd_kafka_err2str(code));
    return STATUS_OK;
}

/* The producer sends by itself after linger.ms. */
static enum status kafka_push(struct sink *base, struct error *err)
{
    return check((struct sink_kafka *)base, err);
}

static enum status kafka_flush(struct sink *base, struct error *err)
{
    struct sink_kafka *sink = (struct sink_kafka *)base;
    while (rd_kafka_flush(sink->rk, SLICE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        TRY(check(sink, err));
    return check(sink, err);
}

static void kafka_destroy(struct sink *base)
{
    struct sink_kafka *sink = (struct sink_kafka *)base;
    kafka_client_destroy(sink->client);
    free(sink->topic);
    free(sink);
}

static const struct sink_ops kafka_ops = {
    .put = kafka_put, .push = kafka_push, .flush = kafka_flush, .destroy = kafka_destroy};

/* Asks for all topics: a question about one would have it made by a broker that is set up so. */
static enum status count_partitions(struct sink_kafka *sink, int *partitions, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    TRY(kafka_client_metadata(sink->client, NULL, &metadata, err));
    *partitions = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, sink->topic) == 0)
            *partitions = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

static enum status take_result(const struct sink_kafka *sink, rd_kafka_event_t *event,
                               struct error *err)
{
    if (!event)
        return error_set(err, STATUS_UNREACHABLE, "creating topic %s: no answer within %d s",
                         sink->topic, CREATE_MS / 1000);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *why = rd_kafka_event_error_string(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        code == RD_KAFKA_RESP_ERR_NO_ERROR
            ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            : NULL;
    if (count > 0) {
        code = rd_kafka_topic_result_error(results[0]);
        why = rd_kafka_topic_result_error_string(results[0]);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return STATUS_OK;
    return error_set(err, kafka_status(code), "creating topic %s: %s", sink->topic,
                     why ? why : rd_kafka_err2str(code));
}

static enum status request_topic(struct sink_kafka *sink, rd_kafka_NewTopic_t *topic,
                                 struct error *err)
{
    char why[256];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(sink->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    /* The answer comes when the topic is there, not when it is only decided upon. */
    rd_kafka_AdminOptions_set_operation_timeout(options, CREATE_MS / 2, why, sizeof why);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(sink->rk);
    rd_kafka_CreateTopics(sink->rk, &topic, 1, options, answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, CREATE_MS);
    enum status status = take_result(sink, event, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
    rd_kafka_AdminOptions_destroy(options);
    return status;
}

/* Event times lie in the past as often as not, and a broker that keeps a topic by time would delete
 * such records at once: a topic of our own keeps everything. */
static enum status create_topic(struct sink_kafka *sink, int partitions, struct error *err)
{
    char why[256];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(sink->topic, partitions, -1, why, sizeof why);
    if (!topic)
        return error_set(err, STATUS_BAD_DECK, "creating topic %s: %s", sink->topic, why);
    rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1");
    enum status status = request_topic(sink, topic, err);
    rd_kafka_NewTopic_destroy(topic);
    return status;
}

/* Created is decided by the controller; the brokers learn of it a moment later. */
static enum status await_topic(struct sink_kafka *sink, int *partitions, struct error *err)
{
    for (int64_t deadline_ms = kafka_now_ms() + CREATE_MS; kafka_now_ms() < deadline_ms;) {
        TRY(count_partitions(sink, partitions, err));
        if (*partitions > 0)
            return STATUS_OK;
        rd_kafka_poll(sink->rk, SLICE_MS / 2);
    }
    return error_set(err, STATUS_UNREACHABLE, "topic %s was created but did not appear within %d s",
                     sink->topic, CREATE_MS / 1000);
}

static enum status require_topic(struct sink_kafka *sink, int partitions, struct error *err)
{
    int found;
    TRY(count_partitions(sink, &found, err));
    if (found == 0) {
        TRY(create_topic(sink, partitions, err));
        TRY(await_topic(sink, &found, err));
    }
    if (found != partitions)
        return error_set(err, STATUS_BAD_DECK, "topic %s has %d partitions, not %d", sink->topic,
                         found, partitions);
    return STATUS_OK;
}

enum status sink_open_kafka(const struct kafka_config *config, int partitions, struct sink **opened,
                            struct error *err)
{
    static const struct kafka_property defaults[] = {
        {"linger.ms", "5"}, {"queue.buffering.max.kbytes", "65536"}, {NULL, NULL}};
    static const struct kafka_property fixed[] = {{"enable.idempotence", "true"}, {NULL, NULL}};
    const struct kafka_setup setup = {.type = RD_KAFKA_PRODUCER,
                                      .defaults = defaults,
                                      .fixed = fixed,
                                      .prepare = prepare_producer};
    struct sink_kafka *sink = calloc(1, sizeof *sink);
    if (!sink || !(sink->topic = strdup(config->topic)))
        abort();
    sink->base.ops = &kafka_ops;
    enum status status = kafka_client_create(&setup, config, sink, &sink->client, err);
    if (status == STATUS_OK) {
        sink->rk = kafka_client_handle(sink->client);
        status = require_topic(sink, partitions, err);
    }
    if (status == STATUS_OK)
        *opened = &sink->base;
    else
        kafka_destroy(&sink->base);
    return status;
}
