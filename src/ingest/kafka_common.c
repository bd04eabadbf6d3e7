#include "kafka_common.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/log.h"

enum { SYSLOG_ERROR = 3 };
enum { WARNED_MAX = 64, REASON_SIZE = 512, PROBE_EVERY_MS = 1000 };
enum { SHORT_PROBE_MS = 100, LAST_PROBE_MS = 2000 };

struct kafka_client {
    rd_kafka_t *rk;
    rd_kafka_type_t type;
    void *user;
    char *brokers;
    int limit_ms;
    int64_t next_probe_ms;
    atomic_bool running; /* before, a failure is reported by the call that waits for it */

    pthread_mutex_t lock; /* the rest is written by callbacks on any thread */
    rd_kafka_resp_err_t refused;
    char refusal[REASON_SIZE];
    char reason[REASON_SIZE]; /* why the last connection failed */
    int64_t down_since_ms;    /* 0: not all brokers are down */
    uint64_t warned[WARNED_MAX];
    int warned_count;
};

int64_t kafka_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status kafka_status(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
        return STATUS_REFUSED;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
        return STATUS_UNREACHABLE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return STATUS_NO_INPUT;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        return STATUS_BAD_DATA;
    default:
        return STATUS_IO;
    }
}

/* Without the name of the thread, and of one of several connections to the same broker. */
static const char *plain_text(const char *line)
{
    static const char coordinator[] = "GroupCoordinator: ";
    const char *thread_end = line[0] == '[' ? strstr(line, "]: ") : NULL;
    const char *text = thread_end ? thread_end + 3 : line;
    bool named = strncmp(text, coordinator, sizeof coordinator - 1) == 0;
    return named ? text + sizeof coordinator - 1 : text;
}

/* The same trouble told again differs in ports, durations and counts. */
static uint64_t text_identity(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    const char *end = strstr(text, " (after ");
    for (const char *c = text; *c && c != end; c++)
        if (!isdigit((unsigned char)*c))
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}

static bool is_new_text(struct kafka_client *client, const char *text)
{
    uint64_t identity = text_identity(text);
    for (int i = 0; i < client->warned_count; i++)
        if (client->warned[i] == identity)
            return false;
    if (client->warned_count == WARNED_MAX)
        return false;
    client->warned[client->warned_count++] = identity;
    return true;
}

static void warn_once(struct kafka_client *client, const char *text)
{
    pthread_mutex_lock(&client->lock);
    bool fresh = atomic_load(&client->running) && is_new_text(client, text);
    pthread_mutex_unlock(&client->lock);
    if (fresh)
        log_warn("kafka: %s", text);
    else
        log_debug("kafka: %s", text);
}

static void take_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)facility;
    struct kafka_client *client = rd_kafka_opaque(rk);
    const char *text = plain_text(line);
    if (level > SYSLOG_ERROR) {
        log_debug("kafka: %s", text);
        return;
    }
    pthread_mutex_lock(&client->lock);
    snprintf(client->reason, sizeof client->reason, "%s", text);
    pthread_mutex_unlock(&client->lock);
    warn_once(client, text);
}

static void take_error(rd_kafka_t *rk, int code, const char *line, void *opaque)
{
    (void)rk;
    const char *text = plain_text(line);
    struct kafka_client *client = opaque;
    enum status status = kafka_status(code);
    /* The group serves lag reports only: a run does not end for want of them. */
    bool refused = status == STATUS_REFUSED && code != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    pthread_mutex_lock(&client->lock);
    if (refused && client->refused == RD_KAFKA_RESP_ERR_NO_ERROR) {
        client->refused = code;
        snprintf(client->refusal, sizeof client->refusal, "%s", text);
    }
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* told again only when one was up meanwhile */
        client->down_since_ms = kafka_now_ms();
    pthread_mutex_unlock(&client->lock);
    if (!refused)
        warn_once(client, text);
}

static enum status connect_client(struct kafka_client *client, rd_kafka_conf_t *conf,
                                  struct error *err)
{
    char *limit = kafka_conf_read(conf, "socket.connection.setup.timeout.ms");
    client->limit_ms = limit ? atoi(limit) : 30000;
    free(limit);
    client->brokers = kafka_conf_read(conf, "bootstrap.servers");
    rd_kafka_conf_set_opaque(conf, client);
    char why[512];
    client->rk = rd_kafka_new(client->type, conf, why, sizeof why);
    if (!client->rk) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_BAD_DECK, "Kafka properties: %s", why);
    }
    if (client->type == RD_KAFKA_CONSUMER)
        rd_kafka_poll_set_consumer(client->rk);
    return STATUS_OK;
}

enum status kafka_client_create(const struct kafka_setup *setup, const struct kafka_config *config,
                                void *user, struct kafka_client **client, struct error *err)
{
    rd_kafka_conf_t *conf;
    TRY(kafka_conf_create(setup, config, &conf, err));
    rd_kafka_conf_set_log_cb(conf, take_log);
    rd_kafka_conf_set_error_cb(conf, take_error);
    if (setup->prepare)
        setup->prepare(conf);
    struct kafka_client *made = calloc(1, sizeof *made);
    if (!made) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_BUG, "out of memory for a Kafka client");
    }
    made->type = setup->type;
    made->user = user;
    pthread_mutex_init(&made->lock, NULL);
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
    atomic_store(&client->running, false);
    if (client->rk)
        rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    pthread_mutex_destroy(&client->lock);
    free(client->brokers);
    free(client);
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
            take_error(client->rk, message->err, rd_kafka_message_errstr(message), client);
        rd_kafka_message_destroy(message);
    }
}

static enum status check_refused(struct kafka_client *client, struct error *err)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&client->lock);
    if (client->refused != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = error_set(err, STATUS_REFUSED, "the broker at %s refused: %s", client->brokers,
                           client->refusal);
    pthread_mutex_unlock(&client->lock);
    return status;
}

static enum status unreachable(struct kafka_client *client, int64_t waited_ms, struct error *err)
{
    pthread_mutex_lock(&client->lock);
    enum status status =
        error_set(err, STATUS_UNREACHABLE, "no Kafka broker at %s for %.1f s%s%s", client->brokers,
                  (double)waited_ms / 1000.0, client->reason[0] ? ": " : "", client->reason);
    pthread_mutex_unlock(&client->lock);
    return status;
}

/* One request that hangs is not the end: every next one may take twice as long. */
static enum status ask_metadata(struct kafka_client *client, rd_kafka_topic_t *topic,
                                const struct rd_kafka_metadata **metadata, struct error *err)
{
    int64_t begun_ms = kafka_now_ms(), deadline_ms = begun_ms + client->limit_ms / 3;
    int64_t left_ms = client->limit_ms / 3, patience_ms = 500;
    for (; left_ms > 0; left_ms = deadline_ms - kafka_now_ms(), patience_ms *= 2) {
        rd_kafka_resp_err_t code = rd_kafka_metadata(client->rk, !topic, topic, metadata,
                                                     (int)min_int64(patience_ms, left_ms));
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return STATUS_OK;
        serve(client);
        TRY(check_refused(client, err));
        if (kafka_status(code) != STATUS_UNREACHABLE)
            return error_set(err, kafka_status(code), "asking %s for metadata: %s", client->brokers,
                             rd_kafka_err2str(code));
    }
    return unreachable(client, kafka_now_ms() - begun_ms, err);
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
        atomic_store(&client->running, true);
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
    pthread_mutex_lock(&client->lock);
    client->down_since_ms = 0;
    client->warned_count = 0; /* the next outage is news again */
    pthread_mutex_unlock(&client->lock);
    log_info("kafka: connected again after %.1f s",
             (double)(kafka_now_ms() - down_since_ms) / 1000.0);
}

/* librdkafka tells once that all brokers are down, and never that one is back: ask. What still
 * arrives proves nothing, it may have been fetched before. */
static enum status check_reachable(struct kafka_client *client, int64_t down_since_ms,
                                   struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    int64_t now_ms = kafka_now_ms();
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
        return unreachable(client, kafka_now_ms() - down_since_ms, err);
    }
    return STATUS_OK;
}

enum status kafka_client_check(struct kafka_client *client, struct error *err)
{
    serve(client);
    TRY(check_refused(client, err));
    pthread_mutex_lock(&client->lock);
    int64_t down_since_ms = client->down_since_ms;
    pthread_mutex_unlock(&client->lock);
    return down_since_ms != 0 ? check_reachable(client, down_since_ms, err) : STATUS_OK;
}
