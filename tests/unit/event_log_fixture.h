/* A small event log for tests, and what was put into it. */
#ifndef HEATSTREAM_TESTS_EVENT_LOG_FIXTURE_H
#define HEATSTREAM_TESTS_EVENT_LOG_FIXTURE_H

#include "base/buffer.h"
#include "base/durable.h"
#include "ingest/event_log_cursor.h"
#include "ingest/event_log_writer.h"
#include "scratch.h"

enum { FIXTURE_PARTITIONS = 3 };

static const struct source_identity fixture_topic = {
    .topic = "heat", .cluster_id = "cluster-7", .partitions = FIXTURE_PARTITIONS};
static const int64_t fixture_first[FIXTURE_PARTITIONS] = {0, 5, INT64_MAX / 2};

/* The message of an offset; every kind of key and value comes in turn. Bytes are static. */
static inline struct message fixture_message(int partition, int64_t offset)
{
    static uint8_t bytes[16][40];
    uint8_t *text = bytes[(offset + partition) & 15];
    int size = snprintf((char *)text, sizeof bytes[0], "{\"p\":%d,\"o\":%lld}", partition,
                        (long long)offset);
    struct message message = {.offset = offset, .time_ms = 1767225600000 + offset % 1000000};
    bool has_key = offset % 3 != 0, has_value = offset % 5 != 4;
    message.key = has_key ? text : NULL;
    message.key_size = has_key ? (size_t)(offset % 4) : 0; /* an empty key is not none */
    message.value = has_value ? text : NULL;
    message.value_size = has_value ? (size_t)(offset % 7 == 6 ? 0 : size) : 0;
    if (offset % 11 == 10)
        message.time_ms = offset % 2 ? -1 : INT64_MIN;
    return message;
}

static inline void fixture_put(struct event_log_writer *writer, int partition, int64_t offset)
{
    struct error err;
    struct message message = fixture_message(partition, offset);
    CU_ASSERT_EQUAL_FATAL(event_log_writer_put(writer, partition, &message, &err), STATUS_OK);
}

static inline struct event_log_writer *fixture_open(const char *path)
{
    struct error err;
    struct event_log_writer *writer = NULL;
    enum status status = event_log_create(path, &fixture_topic, fixture_first, &err);
    if (status == STATUS_OK)
        status = event_log_writer_open(path, &fixture_topic, &writer, &err);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
    return writer;
}

static inline void fixture_sync(struct event_log_writer *writer)
{
    struct error err;
    CU_ASSERT_EQUAL_FATAL(event_log_writer_sync(writer, &err), STATUS_OK);
}

static inline void fixture_close(struct event_log_writer *writer)
{
    struct error err;
    CU_ASSERT_EQUAL_FATAL(event_log_writer_close(writer, &err), STATUS_OK);
}

static inline void fixture_read_file(const char *path, struct buffer *bytes)
{
    struct error err;
    buffer_clear(bytes);
    CU_ASSERT_EQUAL_FATAL(durable_read_file(path, bytes, &err), STATUS_OK);
}

static inline void fixture_write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wbe");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static inline struct event_log *fixture_read(const char *path)
{
    struct error err = {""};
    struct event_log *log = NULL;
    if (event_log_open(path, &log, &err) != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(log);
    return log;
}

static inline bool fixture_same(const struct message *a, const struct message *b)
{
    bool key = !a->key == !b->key && a->key_size == b->key_size &&
               (a->key_size == 0 || memcmp(a->key, b->key, a->key_size) == 0);
    bool value = !a->value == !b->value && a->value_size == b->value_size &&
                 (a->value_size == 0 || memcmp(a->value, b->value, a->value_size) == 0);
    return key && value && a->offset == b->offset && a->time_ms == b->time_ms && !a->end && !b->end;
}

#endif
