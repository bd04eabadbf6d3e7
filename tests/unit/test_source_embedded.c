/* The in-process broker must be invisible: what is read is what the generator makes. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "ingest/source_kafka.h"
#include "unit.h"

enum { PARTITIONS = 4, BATCH = 3000, PATIENCE_MS = 200000 };

static const struct kafka_config config = {.topic = "heat"};

/* 400 messages a partition and step. */
static struct generator_config sensors(int64_t steps)
{
    return (struct generator_config){.gnx = 40,
                                     .gny = 40,
                                     .partitions = PARTITIONS,
                                     .seed = 7,
                                     .start_ms = 1700000000000,
                                     .step_ms = 100,
                                     .steps = steps,
                                     .probability = 0.3,
                                     .value = 2.5,
                                     .zeros = true,
                                     .jitter_ms = 20,
                                     .delay_ms = 40,
                                     .dropout = 0.01,
                                     .duplicates = 0.01};
}

/* What a partition should deliver, made beside the source. */
struct expectation {
    struct generator *generator, *encoder; /* of the partition; of all, which alone can encode */
    int64_t next, wrong;
    bool ended;
};

static struct expectation expect_from(const struct generator_config *generator, int partition,
                                      int64_t next)
{
    struct expectation expected = {.generator = generator_create_part(generator, partition),
                                   .encoder = generator_create(generator),
                                   .next = next};
    generator_skip(expected.generator, next);
    return expected;
}

static void take_message(struct expectation *expected, const struct message *message,
                         enum event_format format)
{
    struct generated event;
    struct buffer key = {0}, value = {0};
    if (!generator_next(expected->generator, &event)) {
        expected->wrong++;
        return;
    }
    generator_encode(expected->encoder, &event, format, &key, &value);
    bool same = message->offset == event.offset && message->offset == expected->next &&
                message->key_size == key.size && message->value_size == value.size &&
                memcmp(message->value, value.data, value.size) == 0 &&
                (key.size == 0 || memcmp(message->key, key.data, key.size) == 0);
    expected->wrong += !same;
    expected->next++;
    buffer_release(&key);
    buffer_release(&value);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct source *open_source(const struct generator_config *generator,
                                  enum event_format format)
{
    struct source *source = NULL;
    struct error err;
    enum status status = source_open_embedded(&config, generator, format, NULL, &source, &err);
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

/* Reads what is at hand; the number of messages, or -1 after a failure. */
static int read_some(struct source *source, int partition, struct expectation *expected,
                     int64_t end, enum event_format format)
{
    const struct message *messages;
    int count;
    struct error err;
    if (source_read(source, partition, BATCH, &messages, &count, &err) != STATUS_OK)
        return -1;
    for (int i = 0; i < count; i++) {
        if (!messages[i].end)
            take_message(expected, &messages[i], format);
        else
            expected->wrong += messages[i].offset != expected->next;
    }
    expected->ended = expected->next >= end;
    return count;
}

/* Reads partitions first .. last until each has reached end[p]. */
static void read_all(struct source *source, int first, int last, struct expectation *expected,
                     const int64_t *end, enum event_format format)
{
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    struct error err;
    for (bool all = false; !all && now_ms() < deadline_ms;) {
        int got = 0;
        all = true;
        for (int p = first; p <= last; p++) {
            got += read_some(source, p, &expected[p], end[p], format);
            all &= expected[p].ended;
        }
        if (got == 0 && !all)
            CU_ASSERT_EQUAL_FATAL(source_wait(source, 100, &err), STATUS_OK);
    }
    for (int p = first; p <= last; p++) {
        CU_ASSERT_EQUAL(expected[p].next, end[p]);
        CU_ASSERT_EQUAL(expected[p].wrong, 0);
    }
}

static void expect_all(const struct generator_config *generator, const int64_t *next,
                       struct expectation *expected)
{
    for (int p = 0; p < PARTITIONS; p++)
        expected[p] = expect_from(generator, p, next[p] < 0 ? 0 : next[p]);
}

static void release_all(struct expectation *expected)
{
    for (int p = 0; p < PARTITIONS; p++) {
        generator_destroy(expected[p].generator);
        generator_destroy(expected[p].encoder);
    }
}

static void find_ends(struct source *source, int64_t *end)
{
    for (int p = 0; p < PARTITIONS; p++) {
        int64_t first;
        struct error err;
        CU_ASSERT_EQUAL_FATAL(source_bounds(source, p, &first, &end[p], &err), STATUS_OK);
        CU_ASSERT_EQUAL(first, 0);
    }
}

static void check_whole_stream(enum event_format format)
{
    struct generator_config generator = sensors(20);
    struct source *source = open_source(&generator, format);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0}, end[PARTITIONS];
    find_ends(source, end);
    CU_ASSERT(end[0] > 7000 && end[0] < 9000);
    expect_all(&generator, next, expected);
    start(source, next);
    read_all(source, 0, PARTITIONS - 1, expected, end, format);
    release_all(expected);
    source_destroy(source);
}

static void every_partition_delivers_what_the_generator_makes(void)
{
    check_whole_stream(EVENT_JSON);
    check_whole_stream(EVENT_BINARY);
}

static void identity_is_the_topic_of_the_deck(void)
{
    struct generator_config generator = sensors(1);
    struct source *source = open_source(&generator, EVENT_JSON);
    struct source_identity identity = source_identity(source);
    CU_ASSERT_STRING_EQUAL(identity.topic, "heat");
    CU_ASSERT_STRING_EQUAL(identity.cluster_id, "embedded");
    CU_ASSERT_EQUAL(identity.partitions, PARTITIONS);
    source_destroy(source);
}

static void a_new_start_goes_on_at_exactly_the_offsets_given(void)
{
    struct generator_config generator = sensors(20);
    struct source *source = open_source(&generator, EVENT_JSON);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0, -1, -1, -1}, end[PARTITIONS];
    find_ends(source, end);
    expect_all(&generator, next, expected);
    start(source, next);
    read_all(source, 0, 0, expected, end, EVENT_JSON);
    release_all(expected);

    const int64_t later[PARTITIONS] = {1, 1000, end[2] - 1, end[3]};
    expect_all(&generator, later, expected);
    start(source, later);
    read_all(source, 0, PARTITIONS - 1, expected, end, EVENT_JSON);
    release_all(expected);
    source_destroy(source);
}

static void a_partition_left_out_delivers_nothing(void)
{
    struct generator_config generator = sensors(5);
    struct source *source = open_source(&generator, EVENT_JSON);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0, 0, -1, 0}, end[PARTITIONS];
    const struct message *messages;
    int count;
    struct error err;
    find_ends(source, end);
    expect_all(&generator, next, expected);
    start(source, next);
    read_all(source, 0, 1, expected, end, EVENT_JSON);
    read_all(source, 3, 3, expected, end, EVENT_JSON);
    CU_ASSERT_EQUAL(source_read(source, 2, BATCH, &messages, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 0);
    release_all(expected);
    source_destroy(source);
}

/* More bytes a partition than the broker would keep, were it given them all. */
static void check_waiting(const struct generator_config *generator)
{
    struct source *source = open_source(generator, EVENT_JSON);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0}, end[PARTITIONS];
    find_ends(source, end);
    expect_all(generator, next, expected);
    start(source, next);
    read_all(source, 1, PARTITIONS - 1, expected, end, EVENT_JSON);
    read_all(source, 0, 0, expected, end, EVENT_JSON);
    release_all(expected);
    source_destroy(source);
}

static void a_partition_not_read_loses_nothing_and_holds_back_no_other(void)
{
    struct generator_config many = sensors(400), lengthy = sensors(40);
    char name[250];
    check_waiting(&many);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    lengthy.field_time = lengthy.field_x = lengthy.field_y = lengthy.field_value = name;
    check_waiting(&lengthy);
}

static void an_endless_generator_has_no_end_and_can_be_left_at_any_time(void)
{
    struct generator_config generator = sensors(0);
    struct source *source = open_source(&generator, EVENT_JSON);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0}, end[PARTITIONS];
    find_ends(source, end);
    CU_ASSERT_EQUAL(end[0], INT64_MAX);
    expect_all(&generator, next, expected);
    start(source, next);
    const int64_t enough[PARTITIONS] = {20000, 20000, 20000, 20000};
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    while (expected[0].next < enough[0] && now_ms() < deadline_ms)
        for (int p = 0; p < PARTITIONS; p++)
            CU_ASSERT_FATAL(read_some(source, p, &expected[p], enough[p], EVENT_JSON) >= 0);
    CU_ASSERT(expected[0].next >= enough[0]);
    CU_ASSERT_EQUAL(expected[0].wrong, 0);
    release_all(expected);
    int64_t begun_ms = now_ms();
    source_destroy(source);
    CU_ASSERT(now_ms() - begun_ms < PATIENCE_MS);
}

static void *wake_source(void *source)
{
    source_wake(source);
    return NULL;
}

static void a_wait_is_ended_by_another_thread(void)
{
    struct generator_config generator = sensors(1);
    struct source *source = open_source(&generator, EVENT_JSON);
    struct expectation expected[PARTITIONS];
    int64_t next[PARTITIONS] = {0}, end[PARTITIONS];
    struct error err;
    pthread_t thread;
    find_ends(source, end);
    expect_all(&generator, next, expected);
    start(source, next);
    read_all(source, 0, PARTITIONS - 1, expected, end, EVENT_JSON);
    for (int64_t quiet_ms = now_ms() + 100; now_ms() < quiet_ms;) /* the ends of the partitions */
        CU_ASSERT_EQUAL(source_wait(source, 100, &err), STATUS_OK);
    int64_t begun_ms = now_ms();
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wake_source, source), 0);
    CU_ASSERT_EQUAL(source_wait(source, PATIENCE_MS, &err), STATUS_OK);
    CU_ASSERT(now_ms() - begun_ms < PATIENCE_MS / 2);
    pthread_join(thread, NULL);
    release_all(expected);
    source_destroy(source);
}

static int64_t resolve(struct source *source, const char *specification, enum status expected)
{
    int64_t offset = -7;
    struct error err;
    CU_ASSERT_EQUAL(source_kafka_offset(source, 0, specification, &offset, &err), expected);
    return offset;
}

static void offsets_are_named_as_kcat_names_them(void)
{
    struct generator_config generator = sensors(2);
    struct source *source = open_source(&generator, EVENT_JSON);
    int64_t end[PARTITIONS];
    find_ends(source, end);
    CU_ASSERT_EQUAL(resolve(source, "beginning", STATUS_OK), 0);
    CU_ASSERT_EQUAL(resolve(source, "end", STATUS_OK), end[0]);
    CU_ASSERT_EQUAL(resolve(source, "17", STATUS_OK), 17);
    CU_ASSERT_EQUAL(resolve(source, "-17", STATUS_OK), end[0] - 17);
    CU_ASSERT_EQUAL(resolve(source, "-1000000", STATUS_OK), 0);
    CU_ASSERT_EQUAL(resolve(source, "1000000", STATUS_NO_INPUT), -7);
    static const char *const wrong[] = {
        "", "x", "1x", "-", "--1", "+1", " 1", "s@x", "s@", "e@1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CU_ASSERT_EQUAL(resolve(source, wrong[i], STATUS_USAGE), -7);
    source_destroy(source);
}

static void a_property_librdkafka_does_not_know_is_named(void)
{
    static const char *const pairs[] = {"fetch.min.bytes", "1", "no.such.thing", "2"};
    struct kafka_config wrong = {
        .brokers = "127.0.0.1:1", .topic = "heat", .properties = pairs, .property_pairs = 2};
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL(source_open_kafka(&wrong, &source, &err), STATUS_BAD_DECK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no.such.thing"));
    CU_ASSERT_PTR_NULL(source);
}

static void no_broker_is_unreachable_in_bounded_time(void)
{
    static const char *const pairs[] = {"socket.connection.setup.timeout.ms", "1500"};
    struct kafka_config nowhere = {
        .brokers = "127.0.0.1:1", .topic = "heat", .properties = pairs, .property_pairs = 1};
    struct source *source = NULL;
    struct error err;
    int64_t begun_ms = now_ms();
    CU_ASSERT_EQUAL(source_open_kafka(&nowhere, &source, &err), STATUS_UNREACHABLE);
    CU_ASSERT(now_ms() - begun_ms < PATIENCE_MS);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "127.0.0.1:1"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_partition_delivers_what_the_generator_makes),
        UNIT_TEST(identity_is_the_topic_of_the_deck),
        UNIT_TEST(a_new_start_goes_on_at_exactly_the_offsets_given),
        UNIT_TEST(a_partition_left_out_delivers_nothing),
        UNIT_TEST(a_partition_not_read_loses_nothing_and_holds_back_no_other),
        UNIT_TEST(an_endless_generator_has_no_end_and_can_be_left_at_any_time),
        UNIT_TEST(a_wait_is_ended_by_another_thread),
        UNIT_TEST(offsets_are_named_as_kcat_names_them),
        UNIT_TEST(a_property_librdkafka_does_not_know_is_named),
        UNIT_TEST(no_broker_is_unreachable_in_bounded_time),
    };
    return unit_run("source_embedded", tests, UNIT_COUNT(tests));
}
