/* What the tests on a real Apache Kafka share. HEATSTREAM_TEST_BROKER is its address (broker.sh
 * run). Without it nothing is tested, and said so; where CI=true that is a failure. */
#ifndef HEATSTREAM_TESTS_BROKER_UNIT_H
#define HEATSTREAM_TESTS_BROKER_UNIT_H

#include <librdkafka/rdkafka.h>
#include <string.h>
#include <time.h>

#include "../unit/unit.h"
#include "ingest/sink.h"
#include "ingest/source_kafka.h"

enum { PATIENCE_MS = 30000, BATCH = 500, READ_MAX = 20000 };

static const char *broker; /* its address; ours: topics made here stay */

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A topic of its own for every test and run of the program. */
static inline const char *new_topic(void)
{
    static char name[64];
    static int count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "test-%lld-%ld-%d", (long long)now.tv_sec, now.tv_nsec, count++);
    return name;
}

static inline struct source *open_source(const char *topic, const char *const *properties,
                                         int pairs)
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

static inline void start(struct source *source, const int64_t *next)
{
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_start(source, next, &err), STATUS_OK);
}

static inline int64_t end_of(struct source *source, int partition, int64_t *first)
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

static inline void take(struct reading *reading, const struct message *messages, int count)
{
    for (int i = 0; i < count; i++) {
        if (messages[i].end)
            reading->end = messages[i].offset;
        else if (reading->count < READ_MAX)
            reading->offsets[reading->count++] = messages[i].offset;
    }
}

static inline enum status read_to_end(struct source *source, int partition, int64_t end,
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

static inline struct reading *read_topic(struct source *source, int64_t from)
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
static inline struct sink *open_sink(const char *topic, int partitions)
{
    static const char *const batches[] = {"batch.num.messages", "10"};
    const struct kafka_config config = {
        .brokers = broker, .topic = topic, .properties = batches, .property_pairs = 1};
    struct sink *sink = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(sink_open_kafka(&config, partitions, &sink, &err), STATUS_OK);
    return sink;
}

static inline void put(struct sink *sink, int partition, const char *key, const char *value,
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

static inline void close_sink(struct sink *sink)
{
    struct error err;
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
}

/* `count` records "0", "1", … with broker times 1000, 1001, … in partition 0. */
static inline const char *numbered_topic(int count)
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

static inline int broker_run(const char *suite_name, const struct unit_test *tests, int count)
{
    const char *ci = getenv("CI");
    broker = getenv("HEATSTREAM_TEST_BROKER");
    if (broker)
        return unit_run(suite_name, tests, count);
    bool required = ci && strcmp(ci, "true") == 0;
    fprintf(stderr, "%s: no HEATSTREAM_TEST_BROKER: NOTHING OF %s IS TESTED\n",
            required ? "FAILED" : "SKIPPED", suite_name);
    return unit_report(suite_name, required ? count : 0, required ? count : 0);
}

#endif
