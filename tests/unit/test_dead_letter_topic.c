/* Dead letters on a topic, through librdkafka's in-process broker. */
#include <string.h>
#include <unistd.h>

#include "ingest/dead_letters.h"
#include "mock_broker.h"

enum { LETTERS = 3 };

static char folder[] = "/tmp/heatstream-test-XXXXXX";
static char path[64];

static bool has_header(const rd_kafka_message_t *message, const char *name, const char *expected)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return expected == NULL;
    return expected && size == strlen(expected) && memcmp(value, expected, size) == 0;
}

static const struct dead_letter letters[LETTERS] = {
    {.partition = 4,
     .reason = FATE_NOT_FINITE,
     .offset = 9876543210,
     .has_key = true,
     .key_at = 0,
     .key_bytes = 2,
     .has_value = true,
     .value_at = 2,
     .value_bytes = 3},
    {.partition = 0, .reason = FATE_UNDECODABLE, .offset = 5},
    {.partition = 0,
     .reason = FATE_UNDECODABLE,
     .offset = 6,
     .has_value = true,
     .value_at = 5,
     .value_bytes = 1 << 20},
};

static void check_letter(const rd_kafka_message_t *message, int i)
{
    static const char *const offsets[] = {"9876543210", "5", "6"};
    CU_ASSERT(has_header(message, "reason", i == 0 ? "not_finite" : "undecodable"));
    CU_ASSERT(has_header(message, "topic", "heat"));
    CU_ASSERT(has_header(message, "partition", i == 0 ? "4" : "0"));
    CU_ASSERT(has_header(message, "offset", offsets[i]));
    CU_ASSERT(has_header(message, "bytes", i == 2 ? "1048576" : NULL));
    CU_ASSERT_EQUAL(message->key != NULL, i == 0);
    CU_ASSERT_EQUAL(message->payload != NULL, i != 1);
    CU_ASSERT_EQUAL(message->len, i == 0 ? 3 : i == 1 ? 0 : DEAD_LETTER_BYTES);
    if (i == 0)
        CU_ASSERT(message->key_len == 2 && memcmp(message->key, "ke", 2) == 0 &&
                  memcmp(message->payload, "val", 3) == 0);
}

static void read_letters(const struct broker *broker)
{
    rd_kafka_t *reader = start_reader(broker, "dead", 1, false);
    for (int i = 0; i < LETTERS; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, MOCK_WAIT_MS);
        CU_ASSERT_FATAL(message && !message->err);
        check_letter(message, i);
        rd_kafka_message_destroy(message);
    }
    stop_reader(reader);
}

static void letters_are_on_the_topic_when_synced(void)
{
    static const uint8_t bytes[5 + DEAD_LETTER_BYTES] = "keval";
    struct broker broker = start_broker("dead", 1);
    struct dead_letters *open = NULL;
    struct error err = {""};
    int64_t size;
    const struct kafka_config config = {.brokers = broker.address, .topic = "dead"};
    CU_ASSERT_EQUAL_FATAL(dead_letters_open(path, 0, &open, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_to_topic(open, &config, "heat", &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_write(open, letters, LETTERS, bytes, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_sync(open, &size, NULL, &err), STATUS_OK);
    dead_letters_close(open);
    read_letters(&broker);
    stop_broker(&broker);
}

static void broker_out_of_reach_is_an_error_that_names_the_topic(void)
{
    static const char *const properties[] = {"socket.connection.setup.timeout.ms", "1000"};
    struct dead_letters *open = NULL;
    struct error err = {""};
    const struct kafka_config config = {
        .brokers = "127.0.0.1:1", .topic = "dead", .properties = properties, .property_pairs = 1};
    CU_ASSERT_EQUAL_FATAL(dead_letters_open(path, 0, &open, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_to_topic(open, &config, "heat", &err), STATUS_UNREACHABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dead-letter topic dead"));
    dead_letters_close(open);
}

static void letters_that_cannot_be_delivered_fail_the_sync(void)
{
    static const char *const properties[] = {"message.timeout.ms", "1000",
                                             "socket.connection.setup.timeout.ms", "1500"};
    static const uint8_t bytes[5 + DEAD_LETTER_BYTES] = "keval";
    struct broker broker = start_broker("dead", 1);
    struct dead_letters *open = NULL;
    struct error err = {""};
    int64_t size = -1;
    const struct kafka_config config = {
        .brokers = broker.address, .topic = "dead", .properties = properties, .property_pairs = 2};
    CU_ASSERT_EQUAL_FATAL(dead_letters_open(path, 0, &open, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_to_topic(open, &config, "heat", &err), STATUS_OK);
    rd_kafka_mock_broker_set_down(broker.cluster, 1);
    CU_ASSERT_EQUAL(dead_letters_write(open, letters, LETTERS, bytes, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_sync(open, &size, NULL, &err), STATUS_UNREACHABLE);
    CU_ASSERT_EQUAL(size, -1);
    dead_letters_close(open);
    stop_broker(&broker);
}

static bool asked_often_enough(void *asked)
{
    return ++*(int *)asked >= 3;
}

static void a_sync_lasts_no_longer_than_patience(void)
{
    static const uint8_t bytes[5 + DEAD_LETTER_BYTES] = "keval";
    struct broker broker = start_broker("dead", 1);
    struct dead_letters *open = NULL;
    struct error err = {""};
    int64_t size = -1;
    int asked = 0;
    const struct patience patience = {.is_over = asked_often_enough, .context = &asked};
    const struct kafka_config config = {.brokers = broker.address, .topic = "dead"};
    CU_ASSERT_EQUAL_FATAL(dead_letters_open(path, 0, &open, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_to_topic(open, &config, "heat", &err), STATUS_OK);
    dead_letters_set_patience(open, &patience);
    rd_kafka_mock_broker_set_down(broker.cluster, 1);
    CU_ASSERT_EQUAL(dead_letters_write(open, letters, LETTERS, bytes, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_sync(open, &size, NULL, &err), STATUS_STOPPED);
    CU_ASSERT_EQUAL(asked, 3);
    CU_ASSERT_EQUAL(size, -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "topic dead"));
    dead_letters_close(open);
    stop_broker(&broker);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(letters_are_on_the_topic_when_synced),
        UNIT_TEST(broker_out_of_reach_is_an_error_that_names_the_topic),
        UNIT_TEST(letters_that_cannot_be_delivered_fail_the_sync),
        UNIT_TEST(a_sync_lasts_no_longer_than_patience),
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%.50s/letters", folder);
    int result = unit_run("dead_letter_topic", tests, UNIT_COUNT(tests));
    unlink(path);
    rmdir(folder);
    return result;
}
