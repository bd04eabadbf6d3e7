/* What must be true of a real Apache Kafka. HEATSTREAM_TEST_BROKER is its address, and it is ours:
 * the topics made here stay. Without it nothing is tested, which is a failure where CI=true. */
#include <librdkafka/rdkafka.h>
#include <string.h>
#include <time.h>

#include "ingest/sink.h"
#include "ingest/source_kafka.h"
#include "unit/unit.h"

enum { PATIENCE_MS = 30000, BATCH = 500, READ_MAX = 20000 };

static const char *broker;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A topic of its own for every test and run of the program. */
static const char *new_topic(void)
{
    static char name[64];
    static int count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "test-%lld-%ld-%d", (long long)now.tv_sec, now.tv_nsec, count++);
    return name;
}

static struct source *open_source(const char *topic, const char *const *properties, int pairs)
{
    const struct kafka_config config = {
        .brokers = broker, .topic = topic, .properties = properties, .property_pairs = pairs};
    struct source *source = NULL;
    struct error err;
    enum status status = source_open_kafka(&config, &source, &err);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
    return source;
}

static void start(struct source *source, const int64_t *next)
{
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_start(source, next, &err), STATUS_OK);
}

static int64_t end_of(struct source *source, int partition, int64_t *first)
{
    int64_t low, end;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_bounds(source, partition, &low, &end, &err), STATUS_OK);
    if (first)
        *first = low;
    return end;
}

/* The offsets of one partition as they arrive, until it reports `end`. */
struct reading {
    int64_t offsets[READ_MAX];
    int count;
    int64_t end; /* of the last end-of-partition; -1: none */
};

static void take(struct reading *reading, const struct message *messages, int count)
{
    for (int i = 0; i < count; i++) {
        if (messages[i].end)
            reading->end = messages[i].offset;
        else if (reading->count < READ_MAX)
            reading->offsets[reading->count++] = messages[i].offset;
    }
}

static enum status read_to_end(struct source *source, int partition, int64_t end,
                               struct reading *reading, struct error *err)
{
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    *reading = (struct reading){.end = -1};
    while (reading->end < end && now_ms() < deadline_ms) {
        const struct message *messages;
        int count;
        TRY(source_read(source, partition, BATCH, &messages, &count, err));
        take(reading, messages, count);
        if (count == 0)
            TRY(source_wait(source, 1000, err));
    }
    return STATUS_OK;
}

static struct reading *read_topic(struct source *source, int64_t from)
{
    static struct reading reading;
    struct error err = {""};
    start(source, &from);
    enum status status = read_to_end(source, 0, end_of(source, 0, NULL), &reading, &err);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
    return &reading;
}

/* A fetch brings whole batches: small ones let a test fill a queue by a known number of records. */
static struct sink *open_sink(const char *topic, int partitions)
{
    static const char *const batches[] = {"batch.num.messages", "10"};
    const struct kafka_config config = {
        .brokers = broker, .topic = topic, .properties = batches, .property_pairs = 1};
    struct sink *sink = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(sink_open_kafka(&config, partitions, &sink, &err), STATUS_OK);
    return sink;
}

static void put(struct sink *sink, int partition, const char *key, const char *value,
                int64_t time_ms)
{
    const struct sink_record record = {.partition = partition,
                                       .key = key,
                                       .key_size = key ? strlen(key) : 0,
                                       .value = value,
                                       .value_size = value ? strlen(value) : 0,
                                       .time_ms = time_ms};
    struct error err;
    CU_ASSERT_EQUAL(sink_put(sink, &record, &err), STATUS_OK);
}

static void close_sink(struct sink *sink)
{
    struct error err;
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
}

/* `count` records "0", "1", … with broker times 1000, 1001, … in partition 0. */
static const char *numbered_topic(int count)
{
    const char *topic = new_topic();
    struct sink *sink = open_sink(topic, 1);
    for (int i = 0; i < count; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        put(sink, 0, NULL, value, 1000 + i);
    }
    close_sink(sink);
    return topic;
}

static void what_a_sink_puts_a_source_reads(void)
{
    const char *topic = new_topic();
    struct sink *sink = open_sink(topic, 3);
    put(sink, 1, "k", "v", 1);
    put(sink, 1, NULL, "", 2);
    put(sink, 1, "gone", NULL, 3);
    close_sink(sink);

    struct source *source = open_source(topic, NULL, 0);
    struct source_identity identity = source_identity(source);
    CU_ASSERT_STRING_EQUAL(identity.topic, topic);
    CU_ASSERT_EQUAL(identity.partitions, 3);
    CU_ASSERT_EQUAL(strlen(identity.cluster_id), 22);
    CU_ASSERT_FALSE(identity.bounded);
    const int64_t next[] = {0, 0, 0};
    start(source, next);
    const struct message *messages;
    int count = 0;
    struct error err;
    for (int64_t deadline_ms = now_ms() + PATIENCE_MS; count == 0 && now_ms() < deadline_ms;) {
        CU_ASSERT_EQUAL_FATAL(source_wait(source, 1000, &err), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(source_read(source, 1, 3, &messages, &count, &err), STATUS_OK);
    }
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT(messages[0].key_size == 1 && messages[0].key[0] == 'k');
    CU_ASSERT(messages[0].value_size == 1 && messages[0].value[0] == 'v');
    CU_ASSERT(messages[1].key == NULL && messages[1].value != NULL && messages[1].value_size == 0);
    CU_ASSERT(messages[2].key_size == 4 && messages[2].value == NULL);
    source_destroy(source);
}

static void a_topic_with_other_partitions_is_not_written_to(void)
{
    const char *topic = new_topic();
    close_sink(open_sink(topic, 2));
    const struct kafka_config config = {.brokers = broker, .topic = topic};
    struct sink *sink = NULL;
    struct error err;
    CU_ASSERT_EQUAL(sink_open_kafka(&config, 3, &sink, &err), STATUS_BAD_DECK);
    CU_ASSERT_PTR_NULL(sink);
}

static rd_kafka_t *transactional_producer(const char *topic)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker, why, sizeof why);
    rd_kafka_conf_set(conf, "transactional.id", topic, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rk);
    CU_ASSERT_PTR_NULL_FATAL(rd_kafka_init_transactions(rk, PATIENCE_MS));
    return rk;
}

static void begin_with_four(rd_kafka_t *rk, const char *topic)
{
    CU_ASSERT_PTR_NULL(rd_kafka_begin_transaction(rk));
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                          RD_KAFKA_V_VALUE((char[]){"x"}, 1), RD_KAFKA_V_END),
                        RD_KAFKA_RESP_ERR_NO_ERROR);
    CU_ASSERT_EQUAL(rd_kafka_flush(rk, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* The marker of a transaction follows its commit a moment later. */
static void await_end(struct source *source, int64_t end)
{
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    while (end_of(source, 0, NULL) < end && now_ms() < deadline_ms)
        ;
    CU_ASSERT_EQUAL(end_of(source, 0, NULL), end);
}

/* Offsets: 0-3 and a marker, 5-8 aborted and a marker, 10-13 and a marker. */
static void an_aborted_transaction_is_a_hole(void)
{
    const char *topic = numbered_topic(0);
    rd_kafka_t *rk = transactional_producer(topic);
    begin_with_four(rk, topic);
    CU_ASSERT_PTR_NULL(rd_kafka_commit_transaction(rk, PATIENCE_MS));
    begin_with_four(rk, topic);
    CU_ASSERT_PTR_NULL(rd_kafka_abort_transaction(rk, PATIENCE_MS));
    begin_with_four(rk, topic);
    CU_ASSERT_PTR_NULL(rd_kafka_commit_transaction(rk, PATIENCE_MS));
    rd_kafka_destroy(rk);

    static const int64_t delivered[] = {0, 1, 2, 3, 10, 11, 12, 13};
    struct source *source = open_source(topic, NULL, 0);
    await_end(source, 15);
    struct reading *reading = read_topic(source, 0);
    CU_ASSERT_EQUAL(reading->count, 8);
    CU_ASSERT_EQUAL(memcmp(reading->offsets, delivered, sizeof delivered), 0);
    CU_ASSERT_EQUAL(reading->end, 15);
    reading = read_topic(source, 7);
    CU_ASSERT_EQUAL(reading->count, 4);
    CU_ASSERT_EQUAL(reading->offsets[0], 10);
    source_destroy(source);
}

static void the_end_lies_before_an_open_transaction(void)
{
    const char *topic = numbered_topic(3);
    rd_kafka_t *rk = transactional_producer(topic);
    begin_with_four(rk, topic);
    struct source *source = open_source(topic, NULL, 0);
    CU_ASSERT_EQUAL(end_of(source, 0, NULL), 3);
    struct reading *reading = read_topic(source, 0);
    CU_ASSERT_EQUAL(reading->count, 3);
    CU_ASSERT_EQUAL(reading->end, 3);
    CU_ASSERT_PTR_NULL(rd_kafka_commit_transaction(rk, PATIENCE_MS));
    await_end(source, 8);
    CU_ASSERT_EQUAL(read_topic(source, 3)->count, 4);
    source_destroy(source);
    rd_kafka_destroy(rk);
}

/* One admin request of a kind; its result must be free of errors. */
static rd_kafka_t *admin_client(void)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rk);
    return rk;
}

static void await_answer(rd_kafka_queue_t *answers)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, PATIENCE_MS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    CU_ASSERT_EQUAL(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
}

static void delete_before(const char *topic, int64_t offset)
{
    rd_kafka_t *rk = admin_client();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = offset;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &request, 1, NULL, answers);
    await_answer(answers);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
}

static void check_refusal(struct source *source, int64_t from, const char *range)
{
    struct reading reading;
    struct error err = {""};
    start(source, &from);
    CU_ASSERT_EQUAL(read_to_end(source, 0, 1000000, &reading, &err), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL(reading.count, 0);
    if (!strstr(err.text, range))
        fprintf(stderr, "wanted \"%s\" in: %s\n", range, err.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, range));
}

static void an_offset_that_is_not_there_is_refused_with_the_range_that_is(void)
{
    const char *topic = numbered_topic(20);
    delete_before(topic, 12);
    struct source *source = open_source(topic, NULL, 0);
    int64_t first;
    CU_ASSERT_EQUAL(end_of(source, 0, &first), 20);
    CU_ASSERT_EQUAL(first, 12);
    CU_ASSERT_EQUAL(read_topic(source, 12)->count, 8);
    check_refusal(source, 5, "offset 5 is not there; the broker holds 12 to 19");
    check_refusal(source, 21, "offset 21 is not there; the broker holds 12 to 19");
    source_destroy(source);
}

static void create_compacted(const char *topic)
{
    char why[256];
    rd_kafka_t *rk = admin_client();
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, 1, 1, why, sizeof why);
    rd_kafka_NewTopic_set_config(made, "cleanup.policy", "compact");
    rd_kafka_NewTopic_set_config(made, "min.cleanable.dirty.ratio", "0.01");
    rd_kafka_NewTopic_set_config(made, "segment.ms", "100");
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &made, 1, NULL, answers);
    await_answer(answers);
    rd_kafka_NewTopic_destroy(made);
    rd_kafka_destroy(rk);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000;
}

static void a_compacted_record_is_a_hole(void)
{
    const char *topic = new_topic();
    create_compacted(topic);
    struct sink *sink = open_sink(topic, 1);
    for (int i = 0; i < 10; i++)
        put(sink, 0, i % 2 ? "odd" : "even", "x", wall_ms() - 60000);
    close_sink(sink);
    struct source *source = open_source(topic, NULL, 0);
    struct reading *reading = read_topic(source, 0);
    /* A segment is cleaned once a later record has closed it. */
    for (int64_t deadline_ms = now_ms() + PATIENCE_MS; now_ms() < deadline_ms;) {
        sink = open_sink(topic, 1);
        put(sink, 0, "later", "x", wall_ms());
        close_sink(sink);
        reading = read_topic(source, 0);
        if (reading->offsets[0] > 0)
            break;
    }
    CU_ASSERT_EQUAL(reading->offsets[0], 8);
    CU_ASSERT_EQUAL(reading->offsets[1], 9);
    CU_ASSERT_EQUAL(reading->end, end_of(source, 0, NULL));
    source_destroy(source);
}

static void an_unknown_topic_is_told_with_those_there_are(void)
{
    static const char *const present = "0-among-the-first-in-the-list";
    close_sink(open_sink(present, 1));
    struct kafka_config config = {.brokers = broker, .topic = "no-such-topic"};
    struct source *source = NULL;
    struct error err;
    for (int i = 0; i < 2; i++) { /* the question must not make the topic */
        CU_ASSERT_EQUAL(source_open_kafka(&config, &source, &err), STATUS_NO_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "\"no-such-topic\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, present));
    }
    config.topic = "a bad name/";
    CU_ASSERT_EQUAL(source_open_kafka(&config, &source, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NULL(source);
}

static void a_handshake_the_broker_does_not_accept_is_a_refusal(void)
{
    static const char *const pairs[] = {
        "security.protocol", "sasl_plaintext", "sasl.mechanism", "PLAIN",
        "sasl.username",     "someone",        "sasl.password",  "x"};
    const struct kafka_config config = {
        .brokers = broker, .topic = "heat", .properties = pairs, .property_pairs = 4};
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL(source_open_kafka(&config, &source, &err), STATUS_REFUSED);
    CU_ASSERT_PTR_NULL(source);
}

static void every_start_begins_at_its_offset_whatever_was_queued(void)
{
    const char *topic = numbered_topic(10000);
    struct source *source = open_source(topic, NULL, 0);
    static const int64_t from[] = {0, 9000, 1, 5000, 4999, 9999, 0};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        struct reading *reading = read_topic(source, from[i]);
        CU_ASSERT_EQUAL(reading->count, 10000 - from[i]);
        CU_ASSERT_EQUAL(reading->offsets[0], from[i]);
        CU_ASSERT_EQUAL(reading->offsets[reading->count - 1], 9999);
    }
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        start(source, &from[i]); /* without reading in between */
    CU_ASSERT_EQUAL(read_topic(source, 1234)->offsets[0], 1234);
    source_destroy(source);
}

static void a_partition_that_leads_holds_back_no_other(void)
{
    const char *topic = new_topic();
    struct sink *sink = open_sink(topic, 2);
    for (int i = 0; i < 5000; i++)
        for (int p = 0; p < 2; p++)
            put(sink, p, NULL, "x", 1);
    close_sink(sink);
    static const char *const small[] = {"queued.min.messages", "100", "fetch.message.max.bytes",
                                        "1000"};
    struct source *source = open_source(topic, small, 2);
    const int64_t next[] = {0, 0};
    static struct reading reading;
    struct error err;
    start(source, next);
    for (int p = 1; p >= 0; p--) {
        CU_ASSERT_EQUAL(read_to_end(source, p, 5000, &reading, &err), STATUS_OK);
        CU_ASSERT_EQUAL(reading.count, 5000);
    }
    source_destroy(source);
}

/* librdkafka alone sleeps for a second whenever its queue is full: this would take a minute. */
static void a_slow_reader_is_not_made_slower(void)
{
    static const char *const small[] = {"queued.min.messages", "100", "fetch.message.max.bytes",
                                        "1000"};
    struct source *source = open_source(numbered_topic(5000), small, 2);
    const int64_t next[] = {0};
    const struct timespec pause = {.tv_nsec = 1000000};
    start(source, next);
    int64_t read = 0, begun_ms = now_ms();
    while (read < 5000 && now_ms() - begun_ms < PATIENCE_MS) {
        const struct message *messages;
        int count;
        struct error err;
        CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
        for (int i = 0; i < count; i++)
            read += !messages[i].end;
        nanosleep(&pause, NULL); /* the work of a reader that is slower than the broker */
    }
    CU_ASSERT(now_ms() - begun_ms < 15000);
    source_destroy(source);
}

static void a_checkpoint_moves_the_group(void)
{
    const char *topic = numbered_topic(50);
    struct source *source = open_source(topic, NULL, 0);
    CU_ASSERT_EQUAL(read_topic(source, 0)->count, 50);
    const int64_t done[] = {42};
    source_report(source, done);
    source_destroy(source);

    char why[256], group[128];
    snprintf(group, sizeof group, "heatstream-%s", topic);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker, why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", group, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0);
    CU_ASSERT_EQUAL(rd_kafka_committed(rk, list, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    CU_ASSERT_EQUAL(list->elems[0].offset, 42);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
}

static void an_offset_is_found_by_broker_time(void)
{
    struct source *source = open_source(numbered_topic(20), NULL, 0);
    int64_t offset;
    struct error err;
    CU_ASSERT_EQUAL(source_kafka_offset(source, 0, "s@1007", &offset, &err), STATUS_OK);
    CU_ASSERT_EQUAL(offset, 7);
    CU_ASSERT_EQUAL(source_kafka_offset(source, 0, "s@5000", &offset, &err), STATUS_OK);
    CU_ASSERT_EQUAL(offset, 20);
    source_destroy(source);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_a_sink_puts_a_source_reads),
        UNIT_TEST(a_topic_with_other_partitions_is_not_written_to),
        UNIT_TEST(an_aborted_transaction_is_a_hole),
        UNIT_TEST(the_end_lies_before_an_open_transaction),
        UNIT_TEST(an_offset_that_is_not_there_is_refused_with_the_range_that_is),
        UNIT_TEST(a_compacted_record_is_a_hole),
        UNIT_TEST(an_unknown_topic_is_told_with_those_there_are),
        UNIT_TEST(a_handshake_the_broker_does_not_accept_is_a_refusal),
        UNIT_TEST(every_start_begins_at_its_offset_whatever_was_queued),
        UNIT_TEST(a_partition_that_leads_holds_back_no_other),
        UNIT_TEST(a_slow_reader_is_not_made_slower),
        UNIT_TEST(a_checkpoint_moves_the_group),
        UNIT_TEST(an_offset_is_found_by_broker_time),
    };
    const char *ci = getenv("CI");
    broker = getenv("HEATSTREAM_TEST_BROKER");
    if (broker)
        return unit_run("source_kafka", tests, UNIT_COUNT(tests));
    bool required = ci && strcmp(ci, "true") == 0;
    fprintf(stderr, "%s: no HEATSTREAM_TEST_BROKER: NOTHING OF source_kafka IS TESTED\n",
            required ? "FAILED" : "SKIPPED");
    return required ? unit_report("source_kafka", UNIT_COUNT(tests), UNIT_COUNT(tests))
                    : unit_report("source_kafka", 0, 0);
}
