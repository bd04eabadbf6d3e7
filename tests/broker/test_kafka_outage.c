/* A broker that goes away while it is read or written: librdkafka's in-process broker, taken down.
 * Needs no other broker, but time. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>
#include <time.h>

#include "../unit/unit.h"
#include "ingest/sink.h"
#include "ingest/source_kafka.h"

/* A broker that comes back does so long before its limit, however slow the machine. */
enum { LIMIT_MS = 1000, WIDE_LIMIT_MS = 3000, AWAY_MS = 500, PATIENCE_MS = 15000 };

static const char *const brief[] = {"socket.connection.setup.timeout.ms", "1000",
                                    "reconnect.backoff.max.ms", "200"};
static const char *const wide[] = {"socket.connection.setup.timeout.ms", "3000",
                                   "reconnect.backoff.max.ms", "200"};

struct cluster {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *mock;
    const char *const *limit;
};

static struct cluster start_cluster(const char *const *limit)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
    struct cluster cluster = {.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why),
                              .limit = limit};
    CU_ASSERT_PTR_NOT_NULL_FATAL(cluster.rk);
    cluster.mock = rd_kafka_handle_mock_cluster(cluster.rk);
    rd_kafka_mock_topic_create(cluster.mock, "heat", 1, 1);
    return cluster;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct kafka_config config_of(const struct cluster *cluster)
{
    return (struct kafka_config){.brokers = rd_kafka_mock_cluster_bootstraps(cluster->mock),
                                 .topic = "heat",
                                 .properties = cluster->limit,
                                 .property_pairs = 2};
}

/* In one batch, which is what a fetch brings. */
static void put(const struct cluster *cluster, int count)
{
    const struct kafka_config config = config_of(cluster);
    const struct sink_record record = {.value = "x", .value_size = 1, .time_ms = 1};
    struct sink *sink = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(sink_open_kafka(&config, 1, &sink, &err), STATUS_OK);
    for (int i = 0; i < count; i++)
        CU_ASSERT_EQUAL(sink_put(sink, &record, &err), STATUS_OK);
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
}

/* Reads until there are `count` messages, a failure, or time is up. */
static enum status read_until(struct source *source, int count, int64_t time_ms, struct error *err)
{
    int64_t deadline_ms = now_ms() + time_ms;
    for (int read = 0; read < count && now_ms() < deadline_ms;) {
        const struct message *messages;
        int got;
        TRY(source_read(source, 0, 1, &messages, &got, err));
        for (int i = 0; i < got; i++)
            read += !messages[i].end;
        if (read < count)
            TRY(source_wait(source, 50, err));
    }
    return now_ms() < deadline_ms ? STATUS_OK : STATUS_RETRY;
}

static struct source *open_started(const struct cluster *cluster)
{
    const struct kafka_config config = config_of(cluster);
    const int64_t next[] = {0};
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_open_kafka(&config, &source, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(source_start(source, next, &err), STATUS_OK);
    return source;
}

static void a_broker_that_stays_away_is_unreachable_in_bounded_time(void)
{
    struct cluster cluster = start_cluster(brief);
    put(&cluster, 1);
    struct source *source = open_started(&cluster);
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    int64_t begun_ms = now_ms();
    CU_ASSERT_EQUAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_UNREACHABLE);
    CU_ASSERT(now_ms() - begun_ms > LIMIT_MS);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rd_kafka_mock_cluster_bootstraps(cluster.mock)));
    begun_ms = now_ms();
    source_destroy(source);
    CU_ASSERT(now_ms() - begun_ms < PATIENCE_MS);
    rd_kafka_destroy(cluster.rk);
}

/* Connections stay, and librdkafka would wait five minutes for an answer. */
static void a_broker_that_answers_nothing_is_unreachable_in_bounded_time(void)
{
    static const char *const patient[] = {"socket.connection.setup.timeout.ms", "1000",
                                          "socket.timeout.ms", "300000"};
    struct cluster cluster = start_cluster(patient);
    put(&cluster, 1);
    struct source *source = open_started(&cluster);
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 600000);
    CU_ASSERT_EQUAL(read_until(source, 1, 4 * PATIENCE_MS, &err), STATUS_UNREACHABLE);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
    source_destroy(source);
    rd_kafka_destroy(cluster.rk);
}

static void what_was_fetched_before_does_not_hide_that_the_broker_is_gone(void)
{
    struct cluster cluster = start_cluster(wide);
    put(&cluster, 3);
    struct source *source = open_started(&cluster);
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (int64_t end_ms = now_ms() + AWAY_MS; now_ms() < end_ms;)
        CU_ASSERT_EQUAL(source_wait(source, 50, &err), STATUS_OK);
    CU_ASSERT_EQUAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    CU_ASSERT_EQUAL(read_until(source, 100, PATIENCE_MS, &err), STATUS_UNREACHABLE);
    source_destroy(source);
    rd_kafka_destroy(cluster.rk);
}

static void a_broker_that_comes_back_is_read_on(void)
{
    struct cluster cluster = start_cluster(wide);
    put(&cluster, 1);
    struct source *source = open_started(&cluster);
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        rd_kafka_mock_broker_set_down(cluster.mock, 1);
        CU_ASSERT_EQUAL(read_until(source, 1, AWAY_MS, &err), STATUS_RETRY);
        rd_kafka_mock_broker_set_up(cluster.mock, 1);
        put(&cluster, 1);
        CU_ASSERT_EQUAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    }
    /* No grudge is borne once it is back, also where nothing arrives. */
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    CU_ASSERT_EQUAL(read_until(source, 1, AWAY_MS, &err), STATUS_RETRY);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    CU_ASSERT_EQUAL(read_until(source, 1, WIDE_LIMIT_MS + AWAY_MS, &err), STATUS_RETRY);
    source_destroy(source);
    rd_kafka_destroy(cluster.rk);
}

static void a_refusal_ends_the_run(void)
{
    struct cluster cluster = start_cluster(brief);
    put(&cluster, 1);
    struct source *source = open_started(&cluster);
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_OK);
    enum { FETCH = 1, TIMES = 4 };
    rd_kafka_mock_push_request_errors(
        cluster.mock, FETCH, TIMES, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    CU_ASSERT_EQUAL(read_until(source, 1, PATIENCE_MS, &err), STATUS_REFUSED);
    source_destroy(source);
    rd_kafka_destroy(cluster.rk);
}

static void a_sink_without_a_broker_gives_up_in_bounded_time(void)
{
    struct cluster cluster = start_cluster(brief);
    const struct kafka_config config = config_of(&cluster);
    const struct sink_record record = {.value = "x", .value_size = 1, .time_ms = 1};
    struct sink *sink = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(sink_open_kafka(&config, 1, &sink, &err), STATUS_OK);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    int64_t begun_ms = now_ms();
    CU_ASSERT_EQUAL(sink_put(sink, &record, &err), STATUS_OK);
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_UNREACHABLE);
    CU_ASSERT(now_ms() - begun_ms < PATIENCE_MS);
    rd_kafka_destroy(cluster.rk);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_broker_that_stays_away_is_unreachable_in_bounded_time),
        UNIT_TEST(a_broker_that_answers_nothing_is_unreachable_in_bounded_time),
        UNIT_TEST(what_was_fetched_before_does_not_hide_that_the_broker_is_gone),
        UNIT_TEST(a_broker_that_comes_back_is_read_on),
        UNIT_TEST(a_refusal_ends_the_run),
        UNIT_TEST(a_sink_without_a_broker_gives_up_in_bounded_time),
    };
    return unit_run("kafka_outage", tests, UNIT_COUNT(tests));
}
