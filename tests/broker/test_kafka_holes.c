/* Offsets that are never delivered, on a real Apache Kafka: transactions, compaction, deletion. */
#include "broker_unit.h"

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

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(an_aborted_transaction_is_a_hole),
        UNIT_TEST(the_end_lies_before_an_open_transaction),
        UNIT_TEST(an_offset_that_is_not_there_is_refused_with_the_range_that_is),
        UNIT_TEST(a_compacted_record_is_a_hole),
    };
    return broker_run("kafka_holes", tests, UNIT_COUNT(tests));
}
