#include "kafka_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "kafka_token.h"

enum { REASON_SIZE = 512, PROBE_EVERY_MS = 1000, SHORT_PROBE_MS = 100, LAST_PROBE_MS = 2000 };

struct kafka_client {
    rd_kafka_t *rk;
    rd_kafka_type_t type;
    void *user;
    char *brokers;
    struct kafka_notes *notes;
    struct kafka_token_source tokens;
    atomic_bool closing, asked_for_token;
    int limit_ms;
    int64_t next_probe_ms;
};

static void take_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)facility;
    struct kafka_client *client = rd_kafka_opaque(rk);
    kafka_notes_take_log(client->notes, level, line);
}

static void take_error(rd_kafka_t *rk, int code, const char *line, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    kafka_notes_take_error(client->notes, code, line);
}

static int take_certificate(rd_kafka_t *rk, const char *broker, int32_t broker_id, int *x509_error,
                            int depth, const char *der, size_t der_size, char *why, size_t why_size,
                            void *opaque)
{
    (void)rk, (void)broker_id, (void)depth, (void)der, (void)der_size;
    struct kafka_client *client = opaque;
    return kafka_notes_take_certificate(client->notes, broker, *x509_error, why, why_size);
}

static enum status hand_over_token(struct kafka_client *client, struct error *err)
{
    struct kafka_token token;
    char why[512];
    TRY(kafka_token_get(&client->tokens, &client->closing, &token, err));
    kafka_notes_take_token(client->notes, token.principal, token.expires_ms);
    enum status status = STATUS_OK;
    if (rd_kafka_oauthbearer_set_token(client->rk, token.text, token.expires_ms, token.principal,
                                       NULL, 0, why, sizeof why) != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = error_set(err, STATUS_REFUSED, "%s", why);
    kafka_token_release(&token);
    return status;
}

/* On librdkafka's background thread, which has nothing else to do. The first request is made when
 * the client is, and answered there. */
static void take_token(rd_kafka_t *rk, const char *unused, void *opaque)
{
    (void)unused;
    struct kafka_client *client = opaque;
    struct error err;
    bool first = !atomic_exchange(&client->asked_for_token, true);
    if (!first && hand_over_token(client, &err) != STATUS_OK)
        rd_kafka_oauthbearer_set_token_failure(rk, err.text);
}

static void listen_for_tokens(struct kafka_client *client, const struct kafka_config *config,
                              rd_kafka_conf_t *conf)
{
    client->tokens.file = config->token_file ? memory_text(config->token_file) : NULL;
    client->tokens.command = config->token_command ? memory_text(config->token_command) : NULL;
    if (!client->tokens.file && !client->tokens.command)
        return;
    rd_kafka_conf_enable_sasl_queue(conf, 1);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, take_token);
}

static enum status start_tokens(struct kafka_client *client, struct error *err)
{
    if (!client->tokens.file && !client->tokens.command)
        return STATUS_OK;
    enum status status = hand_over_token(client, err);
    if (status != STATUS_OK)
        return error_prefix(err, status, "no token for %s", client->brokers);
    rd_kafka_error_t *failed = rd_kafka_sasl_background_callbacks_enable(client->rk);
    if (!failed)
        return STATUS_OK;
    error_set(err, STATUS_BUG, "librdkafka's thread for tokens: %s", rd_kafka_error_string(failed));
    rd_kafka_error_destroy(failed);
    return STATUS_BUG;
}

static enum status connect_client(struct kafka_client *client, rd_kafka_conf_t *conf,
                                  struct error *err)
{
    char *limit = kafka_conf_read(conf, "socket.connection.setup.timeout.ms");
    client->limit_ms = limit ? atoi(limit) : 30000;
    free(limit);
    client->brokers = kafka_conf_read(conf, "bootstrap.servers");
    client->notes = kafka_notes_create(conf);
    rd_kafka_conf_set_opaque(conf, client);
    char why[512];
    client->rk = rd_kafka_new(client->type, conf, why, sizeof why);
    if (!client->rk) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_BAD_DECK, "Kafka properties: %s", why);
    }
    if (client->type == RD_KAFKA_CONSUMER)
        rd_kafka_poll_set_consumer(client->rk);
    return start_tokens(client, err);
}

enum status kafka_client_create(const struct kafka_setup *setup, const struct kafka_config *config,
                                void *user, struct kafka_client **client, struct error *err)
{
    rd_kafka_conf_t *conf;
    TRY(kafka_conf_create(setup, config, &conf, err));
    rd_kafka_conf_set_log_cb(conf, take_log);
    rd_kafka_conf_set_error_cb(conf, take_error);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, take_certificate);
    if (setup->prepare)
        setup->prepare(conf);
    struct kafka_client *made = calloc(1, sizeof *made);
    if (!made) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_BUG, "out of memory for a Kafka client");
    }
    made->type = setup->type;
    made->user = user;
    listen_for_tokens(made, config, conf);
    enum status status = connect_client(made, conf, err);
    if (status != STATUS_OK)
        kafka_client_destroy(made);
    else
        *client = made;
    return status;
}

void kafka_client_destroy(struct kafka_client *client)
{
    if (!client)
        return;
    atomic_store(&client->closing, true);
    if (client->notes)
        kafka_notes_warn(client->notes, false);
    if (client->rk)
        rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    kafka_notes_destroy(client->notes);
    free(client->tokens.file);
    free(client->tokens.command);
    free(client->brokers);
    free(client);
}

void kafka_client_leave(struct kafka_client *client)
{
    atomic_store(&client->closing, true);
    kafka_notes_warn(client->notes, false);
}

rd_kafka_t *kafka_client_handle(const struct kafka_client *client)
{
    return client->rk;
}

void *kafka_client_user(void *opaque)
{
    return ((struct kafka_client *)opaque)->user;
}

int kafka_client_limit_ms(const struct kafka_client *client)
{
    return client->limit_ms;
}

static void serve(struct kafka_client *client)
{
    if (client->type != RD_KAFKA_CONSUMER) {
        rd_kafka_poll(client->rk, 0);
        return;
    }
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(client->rk, 0))) {
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            kafka_notes_take_error(client->notes, message->err, rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
}

enum status kafka_client_needs(struct kafka_client *client, rd_kafka_resp_err_t code,
                               const char *operation, const char *topic, struct error *err)
{
    return kafka_notes_needs(client->notes, code, operation, topic, err);
}

bool kafka_client_may_commit(const struct kafka_client *client)
{
    return kafka_notes_may_commit(client->notes);
}

static enum status unreachable(struct kafka_client *client, int64_t waited_ms, struct error *err)
{
    char reason[REASON_SIZE];
    kafka_notes_down_since_ms(client->notes, reason, sizeof reason);
    return error_set(err, STATUS_UNREACHABLE, "no Kafka broker at %s for %.1f s%s%s",
                     client->brokers, (double)waited_ms / 1000.0, reason[0] ? ": " : "", reason);
}

/* One request that hangs is not the end: every next one may take twice as long. */
static enum status ask_metadata(struct kafka_client *client, rd_kafka_topic_t *topic,
                                const struct rd_kafka_metadata **metadata, struct error *err)
{
    int64_t begun_ms = monotonic_ms(), deadline_ms = begun_ms + client->limit_ms / 3;
    int64_t left_ms = client->limit_ms / 3, patience_ms = 500;
    for (; left_ms > 0; left_ms = deadline_ms - monotonic_ms(), patience_ms *= 2) {
        rd_kafka_resp_err_t code = rd_kafka_metadata(client->rk, !topic, topic, metadata,
                                                     (int)min_int64(patience_ms, left_ms));
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return STATUS_OK;
        serve(client);
        TRY(kafka_notes_check(client->notes, err));
        if (kafka_status(code) != STATUS_UNREACHABLE)
            return error_set(err, kafka_status(code), "asking %s for metadata: %s", client->brokers,
                             rd_kafka_err2str(code));
    }
    return unreachable(client, monotonic_ms() - begun_ms, err);
}

enum status kafka_client_metadata(struct kafka_client *client, const char *topic,
                                  const struct rd_kafka_metadata **metadata, struct error *err)
{
    rd_kafka_topic_t *handle = topic ? rd_kafka_topic_new(client->rk, topic, NULL) : NULL;
    if (topic && !handle)
        return error_set(err, STATUS_NO_INPUT, "topic \"%s\": %s", topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    enum status status = ask_metadata(client, handle, metadata, err);
    if (handle)
        rd_kafka_topic_destroy(handle);
    if (status == STATUS_OK)
        kafka_notes_warn(client->notes, true);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, without Kafka's own topics, cut where a list stops being helpful. */
static void list_topics(const struct rd_kafka_metadata *metadata, char *list, size_t size)
{
    enum { SHOWN = 20 };
    const char **names = calloc((size_t)metadata->topic_cnt + 1, sizeof *names);
    size_t count = 0, used = 0;
    for (int i = 0; names && i < metadata->topic_cnt; i++)
        if (strncmp(metadata->topics[i].topic, "__", 2) != 0)
            names[count++] = metadata->topics[i].topic;
    if (count > 0)
        qsort(names, count, sizeof *names, compare_names);
    snprintf(list, size, "none");
    for (size_t i = 0; i < count && i < SHOWN && used < size; i++)
        used += (size_t)snprintf(list + used, size - used, "%s%s", i > 0 ? ", " : "", names[i]);
    if (count > SHOWN && used < size)
        snprintf(list + used, size - used, " and %zu more", count - SHOWN);
    free(names);
}

enum status kafka_client_no_topic(struct kafka_client *client, const char *topic, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    char list[2048] = "not to be had";
    struct error ignored;
    if (kafka_client_metadata(client, NULL, &metadata, &ignored) == STATUS_OK) {
        list_topics(metadata, list, sizeof list);
        rd_kafka_metadata_destroy(metadata);
    }
    return error_set(err, STATUS_NO_INPUT, "no topic \"%s\" at %s; topics there: %s", topic,
                     client->brokers, list);
}

static void note_return(struct kafka_client *client, int64_t down_since_ms)
{
    kafka_notes_up(client->notes);
    log_info("kafka: connected again after %.1f s",
             (double)(monotonic_ms() - down_since_ms) / 1000.0);
}

/* librdkafka tells once that all brokers are down, and never that one is back: ask. What still
 * arrives proves nothing, it may have been fetched before. */
static enum status check_reachable(struct kafka_client *client, int64_t down_since_ms,
                                   struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    int64_t now_ms = monotonic_ms();
    bool last = now_ms - down_since_ms > client->limit_ms;
    if (!last && now_ms < client->next_probe_ms)
        return STATUS_OK;
    client->next_probe_ms = now_ms + min_int64(PROBE_EVERY_MS, client->limit_ms / 8);
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(client->rk, 0, NULL, &metadata, last ? LAST_PROBE_MS : SHORT_PROBE_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
        note_return(client, down_since_ms);
    } else if (last) {
        return unreachable(client, monotonic_ms() - down_since_ms, err);
    }
    return STATUS_OK;
}

void kafka_client_doubt(struct kafka_client *client, int64_t silent_since_ms)
{
    kafka_notes_doubt(client->notes, silent_since_ms);
}

void kafka_client_heard(struct kafka_client *client)
{
    kafka_notes_heard(client->notes);
}

enum status kafka_client_check(struct kafka_client *client, struct error *err)
{
    serve(client);
    TRY(kafka_notes_check(client->notes, err));
    int64_t down_since_ms = kafka_notes_down_since_ms(client->notes, NULL, 0);
    return down_since_ms != 0 ? check_reachable(client, down_since_ms, err) : STATUS_OK;
}
