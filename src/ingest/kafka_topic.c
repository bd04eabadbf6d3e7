#include "kafka_topic.h"

#include <string.h>

#include "base/log.h"
#include "base/monotonic.h"

enum { CREATE_MS = 30000, PAUSE_MS = 50 };

/* Asks for all topics: a question about one would have it made by a broker that is set up so. */
static enum status count_partitions(struct kafka_client *client, const char *topic, int *partitions,
                                    struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    TRY(kafka_client_metadata(client, NULL, &metadata, err));
    *partitions = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            *partitions = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

static enum status take_result(struct kafka_client *client, const char *topic,
                               rd_kafka_event_t *event, struct error *err)
{
    if (!event)
        return error_set(err, STATUS_UNREACHABLE, "creating topic %s: no answer within %d s", topic,
                         CREATE_MS / 1000);
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
    error_set(err, kafka_status(code), "creating topic %s: %s", topic,
              why ? why : rd_kafka_err2str(code));
    return kafka_client_needs(client, code, "WRITE, or CREATE where it is missing,", topic, err);
}

static enum status request_topic(struct kafka_client *client, const char *topic,
                                 rd_kafka_NewTopic_t *wanted, struct error *err)
{
    char why[256];
    rd_kafka_t *rk = kafka_client_handle(client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    /* The answer comes when the topic is there, not when it is only decided upon. */
    rd_kafka_AdminOptions_set_operation_timeout(options, CREATE_MS / 2, why, sizeof why);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &wanted, 1, options, answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, CREATE_MS);
    enum status status = take_result(client, topic, event, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
    rd_kafka_AdminOptions_destroy(options);
    return status;
}

static enum status create_topic(struct kafka_client *client, const char *topic,
                                const struct kafka_topic_plan *plan, struct error *err)
{
    char why[256];
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, plan->partitions, -1, why, sizeof why);
    if (!wanted)
        return error_set(err, STATUS_BAD_DECK, "creating topic %s: %s", topic, why);
    if (plan->keeps_for_ever)
        rd_kafka_NewTopic_set_config(wanted, "retention.ms", "-1");
    enum status status = request_topic(client, topic, wanted, err);
    rd_kafka_NewTopic_destroy(wanted);
    return status;
}

/* Created is decided by the controller; the brokers learn of it a moment later. */
static enum status await_topic(struct kafka_client *client, const char *topic, int *partitions,
                               struct error *err)
{
    for (int64_t deadline_ms = monotonic_ms() + CREATE_MS; monotonic_ms() < deadline_ms;) {
        TRY(count_partitions(client, topic, partitions, err));
        if (*partitions > 0)
            return STATUS_OK;
        rd_kafka_poll(kafka_client_handle(client), PAUSE_MS);
    }
    return error_set(err, STATUS_UNREACHABLE, "topic %s was created but did not appear within %d s",
                     topic, CREATE_MS / 1000);
}

enum status kafka_topic_require(struct kafka_client *client, const char *topic,
                                const struct kafka_topic_plan *plan, int *partitions,
                                struct error *err)
{
    int found;
    TRY(count_partitions(client, topic, &found, err));
    if (found == 0) {
        TRY(create_topic(client, topic, plan, err));
        TRY(await_topic(client, topic, &found, err));
        log_info("made topic %s with %d partition%s", topic, found, found == 1 ? "" : "s");
    }
    *partitions = found;
    return STATUS_OK;
}
