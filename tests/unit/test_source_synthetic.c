#include <pthread.h>
#include <string.h>

#include "base/buffer.h"
#include "ingest/source_synthetic.h"
#include "unit.h"

enum { PARTITIONS = 3 };

static struct generator_config usual(void)
{
    return (struct generator_config){.gnx = 7,
                                     .gny = 5,
                                     .partitions = PARTITIONS,
                                     .seed = 5,
                                     .start_ms = 1000,
                                     .step_ms = 10,
                                     .steps = 40,
                                     .probability = 0.5,
                                     .value = 1,
                                     .zeros = true,
                                     .jitter_ms = 3,
                                     .delay_ms = 20,
                                     .dropout = 0.05,
                                     .duplicates = 0.05};
}

static struct source *open_source(const struct generator_config *config, enum event_format format)
{
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_open_synthetic(config, format, &source, &err), STATUS_OK);
    return source;
}

static void start_at(struct source *source, int64_t a, int64_t b, int64_t c)
{
    const int64_t next[PARTITIONS] = {a, b, c};
    struct error err;
    CU_ASSERT_EQUAL(source_start(source, next, &err), STATUS_OK);
}

/* Appends `offset key value\n` of all messages of a partition to `text`; the end as `offset.` */
static void read_to_end(struct source *source, int partition, int max, struct buffer *text)
{
    struct error err;
    const struct message *messages;
    int count;
    for (bool ended = false; !ended;) {
        CU_ASSERT_EQUAL_FATAL(source_read(source, partition, max, &messages, &count, &err),
                              STATUS_OK);
        CU_ASSERT_FATAL(count > 0 && count <= max);
        for (int i = 0; i < count; i++) {
            const struct message *message = &messages[i];
            ended = message->end;
            buffer_printf(text, ended ? "%lld.\n" : "%lld ", (long long)message->offset);
            if (message->key)
                buffer_append(text, message->key, message->key_size);
            if (!ended)
                buffer_append(text, message->value, message->value_size);
        }
    }
}

/* What the whole generator sends to the partition, as read_to_end() shows it. */
static void generate(const struct generator_config *config, int partition, enum event_format format,
                     struct buffer *text)
{
    struct generator *generator = generator_create(config);
    struct generated event;
    int64_t count = 0;
    while (generator_next(generator, &event)) {
        if (event.partition != partition)
            continue;
        buffer_printf(text, "%lld ", (long long)event.offset);
        generator_encode(generator, &event, format, text, text);
        count++;
    }
    buffer_printf(text, "%lld.\n", (long long)count);
    generator_destroy(generator);
}

static bool equal(const struct buffer *a, const struct buffer *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void check_partitions(const struct generator_config *config, enum event_format format,
                             int max)
{
    struct source *source = open_source(config, format);
    start_at(source, 0, 0, 0);
    for (int p = PARTITIONS - 1; p >= 0; p--) {
        struct buffer read = {0}, generated = {0};
        read_to_end(source, p, max, &read);
        generate(config, p, format, &generated);
        CU_ASSERT(read.size > 1000);
        CU_ASSERT(equal(&read, &generated));
        buffer_release(&read);
        buffer_release(&generated);
    }
    source_destroy(source);
}

static void partitions_read_apart_equal_the_generated_whole(void)
{
    struct generator_config config = usual();
    check_partitions(&config, EVENT_JSON, 100000);
    check_partitions(&config, EVENT_JSON, 1);
    check_partitions(&config, EVENT_BINARY, 7);
    config.partition_by_key = true;
    check_partitions(&config, EVENT_JSON, 7);
}

static void started_anywhere_the_rest_is_the_same(void)
{
    struct generator_config config = usual();
    struct source *source = open_source(&config, EVENT_JSON);
    struct buffer whole = {0}, rest = {0};
    start_at(source, -1, 0, -1);
    read_to_end(source, 1, 100, &whole);
    buffer_put_u8(&whole, 0);
    for (int64_t from = 0; from < 300; from += 29) {
        char mark[32];
        snprintf(mark, sizeof mark, "}%lld {", (long long)from);
        const char *expected = from ? strstr((const char *)whole.data, mark) : NULL;
        expected = from ? expected + 1 : (const char *)whole.data;
        buffer_clear(&rest);
        start_at(source, -1, from, -1);
        read_to_end(source, 1, 64, &rest);
        buffer_put_u8(&rest, 0);
        CU_ASSERT_STRING_EQUAL((const char *)rest.data, expected);
    }
    buffer_release(&whole);
    buffer_release(&rest);
    source_destroy(source);
}

static void bounds_are_the_exact_counts(void)
{
    struct generator_config config = usual();
    struct source *source = open_source(&config, EVENT_JSON);
    for (int p = 0; p < PARTITIONS; p++) {
        struct buffer read = {0};
        struct error err;
        int64_t first, end;
        char mark[32];
        CU_ASSERT_EQUAL(source_bounds(source, p, &first, &end, &err), STATUS_OK);
        CU_ASSERT_EQUAL(first, 0);
        start_at(source, 0, 0, 0);
        read_to_end(source, p, 1000, &read);
        int length = snprintf(mark, sizeof mark, "}%lld.\n", (long long)end);
        CU_ASSERT(memcmp(read.data + read.size - length, mark, (size_t)length) == 0);
        buffer_release(&read);
    }
    CU_ASSERT(source_identity(source).bounded);
    source_destroy(source);
}

static void endless_source_has_no_end(void)
{
    struct generator_config config = usual();
    struct error err;
    const struct message *messages;
    int64_t first, end;
    int count;
    config.steps = 0;
    struct source *source = open_source(&config, EVENT_JSON);
    CU_ASSERT_FALSE(source_identity(source).bounded);
    CU_ASSERT_EQUAL(source_bounds(source, 0, &first, &end, &err), STATUS_OK);
    CU_ASSERT_EQUAL(end, INT64_MAX);
    start_at(source, 0, -1, -1);
    for (int64_t read = 0; read < 20000; read += count) {
        CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 512, &messages, &count, &err), STATUS_OK);
        CU_ASSERT_FATAL(count > 0 && !messages[count - 1].end);
    }
    source_destroy(source);
}

static void partition_left_out_has_nothing(void)
{
    struct generator_config config = usual();
    struct error err;
    const struct message *messages;
    int count;
    struct source *source = open_source(&config, EVENT_JSON);
    start_at(source, -1, 0, 0);
    CU_ASSERT_EQUAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 0);
    source_destroy(source);
}

static void *wake(void *source)
{
    source_wake(source);
    return NULL;
}

/* Ends by the wake, not by its time-out of ten minutes. */
static void wait_at_the_end_is_ended_by_wake(void)
{
    struct generator_config config = usual();
    struct error err;
    struct source *source = open_source(&config, EVENT_JSON);
    pthread_t thread;
    start_at(source, -1, -1, -1);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wake, source), 0);
    CU_ASSERT_EQUAL(source_wait(source, 600000, &err), STATUS_OK);
    pthread_join(thread, NULL);
    source_destroy(source);
}

/* With something at hand a wait of ten minutes returns at once. */
static void wait_with_events_at_hand_returns(void)
{
    struct generator_config config = usual();
    struct error err;
    struct source *source = open_source(&config, EVENT_JSON);
    start_at(source, 0, 0, 0);
    CU_ASSERT_EQUAL(source_wait(source, 600000, &err), STATUS_OK);
    source_destroy(source);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(partitions_read_apart_equal_the_generated_whole),
        UNIT_TEST(started_anywhere_the_rest_is_the_same),
        UNIT_TEST(bounds_are_the_exact_counts),
        UNIT_TEST(endless_source_has_no_end),
        UNIT_TEST(partition_left_out_has_nothing),
        UNIT_TEST(wait_at_the_end_is_ended_by_wake),
        UNIT_TEST(wait_with_events_at_hand_returns),
    };
    return unit_run("source_synthetic", tests, UNIT_COUNT(tests));
}
