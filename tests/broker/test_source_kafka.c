/* The source and the sink on a real Apache Kafka. */
#include "broker_unit.h"

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
        UNIT_TEST(an_unknown_topic_is_told_with_those_there_are),
        UNIT_TEST(a_handshake_the_broker_does_not_accept_is_a_refusal),
        UNIT_TEST(every_start_begins_at_its_offset_whatever_was_queued),
        UNIT_TEST(a_partition_that_leads_holds_back_no_other),
        UNIT_TEST(a_slow_reader_is_not_made_slower),
        UNIT_TEST(a_checkpoint_moves_the_group),
        UNIT_TEST(an_offset_is_found_by_broker_time),
    };
    return broker_run("source_kafka", tests, UNIT_COUNT(tests));
}
