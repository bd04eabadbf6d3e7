/* Temperatures on a topic, through librdkafka's in-process broker. */
#include "ingest/temperature_topic.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "mock_broker.h"

enum { PARTITIONS = 3, MESSAGES_MAX = 4000, TEXT = 256, KEY = 16 };

static struct broker broker; /* of all tests */
static const char *name;     /* the topic of the present one */
static const struct temperature_area small = {2, 3, 5, 5};

struct seen {
    int partition;
    size_t key_size;
    uint8_t key[KEY];
    char value[TEXT];
};

static struct seen seen[MESSAGES_MAX];

static void new_topic(void)
{
    static char names[16];
    static int count;
    if (!broker.handle)
        broker = start_broker("other", 1);
    snprintf(names, sizeof names, "temp-%d", count++);
    rd_kafka_mock_topic_create(broker.cluster, names, PARTITIONS, 1);
    name = names;
}

static int64_t cells_of(const struct temperature_area *area)
{
    return (area->x1 - area->x0) * (area->y1 - area->y0);
}

static struct temperature_topic *open_topic(const struct temperature_area *area,
                                            const char *const *properties, int pairs)
{
    const struct kafka_config config = {.brokers = broker.address,
                                        .topic = name,
                                        .properties = properties,
                                        .property_pairs = pairs};
    struct temperature_topic *topic = NULL;
    struct error err = {""};
    enum status status = temperature_topic_open(&config, cells_of(area), &topic, &err);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
    return topic;
}

static double temperature_of(int64_t x, int64_t y, int64_t window)
{
    return (double)(x * 1000 + y) + (double)window / 64.0;
}

static void check_sent(struct temperature_topic *topic, const struct temperature_area *area,
                       struct temperature_frame frame)
{
    double *cells;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(temperature_topic_begin(topic, &cells, &err), STATUS_OK);
    for (int64_t x = area->x0; x < area->x1; x++)
        for (int64_t y = area->y0; y < area->y1; y++)
            *cells++ = temperature_of(x, y, frame.window);
    temperature_topic_send(topic, &frame, area);
}

static void check_synced(struct temperature_topic *topic)
{
    struct error err = {""};
    enum status status = temperature_topic_sync(topic, &err);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
}

static void take(const rd_kafka_message_t *message, struct seen *into)
{
    *into = (struct seen){.partition = message->partition, .key_size = message->key_len};
    CU_ASSERT_FATAL(message->key_len <= KEY && message->len < TEXT);
    memcpy(into->key, message->key, message->key_len);
    memcpy(into->value, message->payload, message->len);
}

/* Everything there is, in order within each partition. */
static int read_all(void)
{
    rd_kafka_t *reader = start_reader(&broker, name, PARTITIONS, true);
    int count = 0;
    for (int open = PARTITIONS; open > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, MOCK_WAIT_MS);
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            open--;
        } else {
            CU_ASSERT_FATAL(!message->err && count < MESSAGES_MAX);
            take(message, &seen[count++]);
        }
        rd_kafka_message_destroy(message);
    }
    stop_reader(reader);
    return count;
}

static int64_t big_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

static bool key_is(const struct seen *message, int64_t window, int64_t x, int64_t y)
{
    return message->key_size == KEY && big_endian(message->key, 8) == window &&
           big_endian(message->key + 8, 4) == x && big_endian(message->key + 12, 4) == y;
}

/* The messages of a window and cell, in order; the last of them, NULL when there is none. */
static const struct seen *find(int count, int64_t window, int64_t x, int64_t y, int *times)
{
    const struct seen *found = NULL;
    *times = 0;
    for (int i = 0; i < count; i++)
        if (key_is(&seen[i], window, x, y)) {
            found = &seen[i];
            ++*times;
        }
    return found;
}

static void every_cell_of_the_area_is_one_message_of_the_pinned_form(void)
{
    static const double values[] = {-0.0, 1.0 / 3.0, 1e-7, -DBL_MAX, 20.0, 1.5e17};
    static const char *const texts[] = {
        "-0.0", "0.3333333333333333", "1e-07", "-1.7976931348623157e+308", "20.0", "1.5e+17"};
    new_topic();
    struct temperature_topic *topic = open_topic(&small, NULL, 0);
    struct error err;
    double *cells;
    CU_ASSERT_EQUAL_FATAL(temperature_topic_begin(topic, &cells, &err), STATUS_OK);
    memcpy(cells, values, sizeof values);
    temperature_topic_send(
        topic,
        &(struct temperature_frame){
            .window = 812, .revision = 3, .end_ms = 1700000081300, .final = true},
        &small);
    check_synced(topic);
    temperature_topic_close(topic);
    int count = read_all(), times;
    CU_ASSERT_EQUAL(count, 6);
    for (int i = 0; i < 6; i++) {
        int x = 2 + i / 2, y = 3 + i % 2;
        const struct seen *message = find(count, 812, x, y, &times);
        CU_ASSERT_EQUAL_FATAL(times, 1);
        char expected[TEXT];
        snprintf(expected, sizeof expected,
                 "{\"time\":1700000081300,\"gridX\":%d,\"gridY\":%d,\"temp\":%s,\"window\":812,"
                 "\"revision\":3,\"final\":true}",
                 x, y, texts[i]);
        CU_ASSERT_STRING_EQUAL(message->value, expected);
    }
}

static void the_longest_message_fits(void)
{
    const struct temperature_area corner = {INT32_MAX - 1, INT32_MAX - 1, INT32_MAX, INT32_MAX};
    new_topic();
    struct temperature_topic *topic = open_topic(&corner, NULL, 0);
    struct error err;
    double *cells;
    CU_ASSERT_EQUAL_FATAL(temperature_topic_begin(topic, &cells, &err), STATUS_OK);
    *cells = -2.2250738585072014e-308;
    temperature_topic_send(
        topic, &(struct temperature_frame){INT64_MIN, INT64_MIN, INT64_MIN, .final = false},
        &corner);
    check_synced(topic);
    temperature_topic_close(topic);
    CU_ASSERT_EQUAL_FATAL(read_all(), 1);
    CU_ASSERT(key_is(&seen[0], INT64_MIN, INT32_MAX - 1, INT32_MAX - 1));
    CU_ASSERT_STRING_EQUAL(seen[0].value,
                           "{\"time\":-9223372036854775808,\"gridX\":2147483646,\"gridY\":"
                           "2147483646,\"temp\":-2.2250738585072014e-308,\"window\":"
                           "-9223372036854775808,\"revision\":-9223372036854775808,\"final\":"
                           "false}");
}

static void repeats_and_revisions_have_the_key_and_the_partition_of_the_first(void)
{
    new_topic();
    struct temperature_topic *topic = open_topic(&small, NULL, 0);
    check_sent(topic, &small, (struct temperature_frame){.window = 1, .end_ms = 200});
    check_sent(topic, &small, (struct temperature_frame){.window = 2, .end_ms = 300});
    check_sent(topic, &small, (struct temperature_frame){.window = 1, .end_ms = 200});
    check_sent(topic, &small,
               (struct temperature_frame){.window = 1, .revision = 1, .end_ms = 200});
    check_synced(topic);
    temperature_topic_close(topic);
    int count = read_all(), times;
    CU_ASSERT_EQUAL(count, 4 * 6);
    unsigned partitions = 0;
    for (int64_t x = small.x0; x < small.x1; x++)
        for (int64_t y = small.y0; y < small.y1; y++) {
            const struct seen *last = find(count, 1, x, y, &times);
            CU_ASSERT_EQUAL(times, 3);
            CU_ASSERT_PTR_NOT_NULL(strstr(last->value, "\"revision\":1,"));
            const struct seen *first = &seen[0];
            while (!key_is(first, 1, x, y))
                first++;
            const struct seen *next = find(count, 2, x, y, &times);
            CU_ASSERT_EQUAL(times, 1);
            CU_ASSERT(first < next && next < last);
            CU_ASSERT(first->partition == last->partition && next->partition == last->partition);
            partitions |= 1u << last->partition;
        }
    CU_ASSERT((partitions & (partitions - 1)) != 0); /* more than one */
}

static void an_area_larger_than_the_queue_passes_through_it(void)
{
    static const char *const properties[] = {"queue.buffering.max.messages", "50"};
    const struct temperature_area large = {0, 0, 30, 40};
    new_topic();
    struct temperature_topic *topic = open_topic(&large, properties, 1);
    for (int64_t window = 0; window < 2; window++)
        check_sent(topic, &large, (struct temperature_frame){.window = window});
    check_synced(topic);
    CU_ASSERT(temperature_topic_ready(topic, 0));
    temperature_topic_close(topic);
    int count = read_all(), wrong = 0, times;
    CU_ASSERT_EQUAL(count, 2 * 30 * 40);
    for (int64_t i = 0; i < count; i++) {
        find(count, i / 1200, i % 1200 / 40, i % 40, &times);
        wrong += times != 1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void a_frame_in_parts_is_the_same_messages(void)
{
    const struct temperature_area whole = {0, 0, 12, 40};
    new_topic();
    struct temperature_topic *topic = open_topic(&(struct temperature_area){0, 0, 5, 40}, NULL, 0);
    for (int64_t window = 0; window < 2; window++)
        for (int64_t x = 0; x < 12; x += 5) {
            struct temperature_area part = {x, 0, x + 5 < 12 ? x + 5 : 12, 40};
            check_sent(topic, &part, (struct temperature_frame){.window = window});
        }
    check_synced(topic);
    temperature_topic_close(topic);
    CU_ASSERT_EQUAL(read_all(), 2 * (int)cells_of(&whole));
    int wrong = 0, times;
    for (int64_t i = 0; i < 2 * cells_of(&whole); i++) {
        find(2 * 12 * 40, i / 480, i % 480 / 40, i % 40, &times);
        wrong += times != 1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void an_outage_is_waited_out_and_nothing_is_lost_or_doubled(void)
{
    new_topic();
    struct temperature_topic *topic = open_topic(&small, NULL, 0);
    check_sent(topic, &small, (struct temperature_frame){.window = 0});
    check_synced(topic);
    rd_kafka_mock_broker_set_down(broker.cluster, MOCK_BROKER);
    for (int64_t window = 1; window < 20; window++)
        check_sent(topic, &small, (struct temperature_frame){.window = window});
    rd_kafka_mock_broker_set_up(broker.cluster, MOCK_BROKER);
    check_synced(topic);
    temperature_topic_close(topic);
    int count = read_all(), wrong = 0, times;
    CU_ASSERT_EQUAL(count, 20 * 6);
    for (int64_t i = 0; i < count; i++) {
        find(count, i / 6, 2 + i % 6 / 2, 3 + i % 2, &times);
        wrong += times != 1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void a_broker_that_stays_away_fails_the_sync_and_does_not_hold_the_close(void)
{
    static const char *const properties[] = {"socket.connection.setup.timeout.ms", "1500",
                                             "queue.buffering.max.messages", "10"};
    const struct temperature_area large = {0, 0, 10, 10};
    new_topic();
    struct temperature_topic *topic = open_topic(&large, properties, 2);
    struct error err = {""};
    rd_kafka_mock_broker_set_down(broker.cluster, MOCK_BROKER);
    check_sent(topic, &large, (struct temperature_frame){.window = 0});
    CU_ASSERT_FALSE(temperature_topic_ready(topic, 10));
    CU_ASSERT_EQUAL(temperature_topic_sync(topic, &err), STATUS_UNREACHABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, broker.address));
    double *cells;
    CU_ASSERT_EQUAL(temperature_topic_begin(topic, &cells, &err), STATUS_UNREACHABLE);
    temperature_topic_close(topic);

    static const char *const patient[] = {"queue.buffering.max.messages", "10"};
    rd_kafka_mock_broker_set_up(broker.cluster, MOCK_BROKER);
    topic = open_topic(&large, patient, 1);
    rd_kafka_mock_broker_set_down(broker.cluster, MOCK_BROKER);
    check_sent(topic, &large, (struct temperature_frame){.window = 0});
    CU_ASSERT_FALSE(temperature_topic_ready(topic, 10));
    time_t begun = time(NULL);
    temperature_topic_close(topic);
    CU_ASSERT(time(NULL) - begun < 15); /* half a minute is how long it would wait */
    rd_kafka_mock_broker_set_up(broker.cluster, MOCK_BROKER);
}

static bool asked_often_enough(void *asked)
{
    return ++*(int *)asked >= 3;
}

static void a_begin_and_a_sync_last_no_longer_than_patience(void)
{
    static const char *const properties[] = {"queue.buffering.max.messages", "10"};
    const struct temperature_area areas[] = {{0, 0, 10, 10}, small}; /* no room; not acknowledged */
    for (int i = 0; i < 2; i++) {
        int asked = 0;
        double *cells;
        struct error err = {""};
        const struct patience patience = {.is_over = asked_often_enough, .context = &asked};
        new_topic();
        struct temperature_topic *topic = open_topic(&areas[i], properties, 1);
        temperature_topic_set_patience(topic, &patience);
        rd_kafka_mock_broker_set_down(broker.cluster, MOCK_BROKER);
        check_sent(topic, &areas[i], (struct temperature_frame){.window = 0});
        CU_ASSERT_EQUAL(i == 0 ? temperature_topic_begin(topic, &cells, &err)
                               : temperature_topic_sync(topic, &err),
                        STATUS_STOPPED);
        CU_ASSERT(asked >= 3);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, name));
        temperature_topic_close(topic);
        rd_kafka_mock_broker_set_up(broker.cluster, MOCK_BROKER);
    }
}

static void a_topic_that_may_not_be_written_is_refused(void)
{
    new_topic();
    struct temperature_topic *topic = open_topic(&small, NULL, 0);
    struct error err = {""};
    rd_kafka_mock_push_request_errors(
        broker.cluster, 0, 3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    check_sent(topic, &small, (struct temperature_frame){.window = 0});
    CU_ASSERT_EQUAL(temperature_topic_sync(topic, &err), STATUS_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, name));
    temperature_topic_close(topic);
}

static void a_broker_out_of_reach_at_the_start_is_an_error_that_names_the_topic(void)
{
    static const char *const properties[] = {"socket.connection.setup.timeout.ms", "1000"};
    const struct kafka_config config = {
        .brokers = "127.0.0.1:1", .topic = "temp", .properties = properties, .property_pairs = 1};
    struct temperature_topic *topic = NULL;
    struct error err = {""};
    CU_ASSERT_EQUAL(temperature_topic_open(&config, cells_of(&small), &topic, &err),
                    STATUS_UNREACHABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "topic temp"));
    CU_ASSERT_PTR_NULL(topic);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_cell_of_the_area_is_one_message_of_the_pinned_form),
        UNIT_TEST(the_longest_message_fits),
        UNIT_TEST(repeats_and_revisions_have_the_key_and_the_partition_of_the_first),
        UNIT_TEST(an_area_larger_than_the_queue_passes_through_it),
        UNIT_TEST(a_frame_in_parts_is_the_same_messages),
        UNIT_TEST(an_outage_is_waited_out_and_nothing_is_lost_or_doubled),
        UNIT_TEST(a_broker_that_stays_away_fails_the_sync_and_does_not_hold_the_close),
        UNIT_TEST(a_begin_and_a_sync_last_no_longer_than_patience),
        UNIT_TEST(a_topic_that_may_not_be_written_is_refused),
        UNIT_TEST(a_broker_out_of_reach_at_the_start_is_an_error_that_names_the_topic),
    };
    int result = unit_run("temperature_topic", tests, UNIT_COUNT(tests));
    if (broker.handle)
        stop_broker(&broker);
    return result;
}
