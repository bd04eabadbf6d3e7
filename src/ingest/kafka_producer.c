#include "kafka_producer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Deliveries that succeed raise no event, so that a wait for room is not woken by them. */
enum { FLUSH_MS = 100, ROOM_MS = 1 };

struct kafka_producer {
    struct kafka_client *client;
    rd_kafka_t *rk; /* the client's */
    rd_kafka_topic_t *handle;
    char *topic;
    const char *records;
    int64_t lost; /* records not delivered; written by take_report() */
    rd_kafka_resp_err_t reason;
    atomic_bool abandoned;
};

/* Called by rd_kafka_poll() and rd_kafka_flush() on the caller's thread, for failures only. */
static void take_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct kafka_producer *producer = kafka_client_user(opaque);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    producer->lost++;
    producer->reason = message->err;
}

static void prepare(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
}

static enum status connect_producer(struct kafka_producer *producer,
                                    const struct kafka_config *config, struct error *err)
{
    static const struct kafka_property defaults[] = {
        {"linger.ms", "5"}, {"queue.buffering.max.kbytes", "65536"}, {NULL, NULL}};
    static const struct kafka_property fixed[] = {
        {"enable.idempotence", "true"}, {"delivery.report.only.error", "true"}, {NULL, NULL}};
    const struct kafka_setup setup = {
        .type = RD_KAFKA_PRODUCER, .defaults = defaults, .fixed = fixed, .prepare = prepare};
    TRY(kafka_client_create(&setup, config, producer, &producer->client, err));
    producer->rk = kafka_client_handle(producer->client);
    producer->handle = rd_kafka_topic_new(producer->rk, producer->topic, NULL);
    if (!producer->handle)
        return error_set(err, STATUS_BAD_DECK, "topic \"%s\": %s", producer->topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    return STATUS_OK;
}

enum status kafka_producer_create(const struct kafka_config *config, const char *records,
                                  struct kafka_producer **created, struct error *err)
{
    struct kafka_producer *producer = memory_zeroed(1, sizeof *producer);
    producer->topic = memory_text(config->topic);
    producer->records = records;
    enum status status = connect_producer(producer, config, err);
    if (status == STATUS_OK)
        *created = producer;
    else
        kafka_producer_destroy(producer);
    return status;
}

void kafka_producer_destroy(struct kafka_producer *producer)
{
    if (!producer)
        return;
    if (producer->handle)
        rd_kafka_topic_destroy(producer->handle);
    kafka_client_destroy(producer->client);
    free(producer->topic);
    free(producer);
}

struct kafka_client *kafka_producer_client(const struct kafka_producer *producer)
{
    return producer->client;
}

static enum status fail_writing(struct kafka_producer *producer, rd_kafka_resp_err_t code,
                                const char *why, struct error *err)
{
    error_set(err, kafka_status(code), "writing %s to topic %s: %s", producer->records,
              producer->topic, why);
    return kafka_client_needs(producer->client, code, "WRITE", producer->topic, err);
}

enum status kafka_producer_check(struct kafka_producer *producer, struct error *err)
{
    char why[512];
    if (atomic_load(&producer->abandoned))
        return error_set(err, STATUS_STOPPED, "topic %s has not acknowledged all %s",
                         producer->topic, producer->records);
    TRY(kafka_client_check(producer->client, err));
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(producer->rk, why, sizeof why);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_writing(producer, fatal, why, err);
    if (producer->lost == 0)
        return STATUS_OK;
    error_set(err, kafka_status(producer->reason), "%lld %s could not be delivered to topic %s: %s",
              (long long)producer->lost, producer->records, producer->topic,
              rd_kafka_err2str(producer->reason));
    return kafka_client_needs(producer->client, producer->reason, "WRITE", producer->topic, err);
}

static rd_kafka_resp_err_t produce(const struct kafka_producer *producer,
                                   const struct kafka_record *record)
{
    return rd_kafka_producev(
        producer->rk, RD_KAFKA_V_RKT(producer->handle), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(record->time_ms),
        RD_KAFKA_V_KEY(record->key, record->key_size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_size),
        RD_KAFKA_V_HEADERS(record->headers), RD_KAFKA_V_END);
}

/* What is waited for may come yet. */
static enum status wait_on(struct kafka_producer *producer, const struct patience *patience,
                           struct error *err)
{
    if (patience_is_over(patience))
        kafka_producer_abandon(producer);
    return kafka_producer_check(producer, err);
}

enum status kafka_producer_put(struct kafka_producer *producer, const struct kafka_record *record,
                               const struct patience *patience, struct error *err)
{
    enum status status = STATUS_OK;
    rd_kafka_resp_err_t code;
    while ((code = produce(producer, record)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(producer->rk, ROOM_MS);
        status = wait_on(producer, patience, err);
        if (status != STATUS_OK)
            break;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && record->headers)
        rd_kafka_headers_destroy(record->headers);
    if (status == STATUS_OK && code != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = kafka_producer_check(producer, err); /* a fatal error says more than its code */
    if (status == STATUS_OK && code != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = fail_writing(producer, code, rd_kafka_err2str(code), err);
    return status;
}

void kafka_producer_abandon(struct kafka_producer *producer)
{
    atomic_store(&producer->abandoned, true);
}

enum status kafka_producer_flush(struct kafka_producer *producer, const struct patience *patience,
                                 struct error *err)
{
    while (rd_kafka_flush(producer->rk, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        TRY(wait_on(producer, patience, err));
    return kafka_producer_check(producer, err);
}
