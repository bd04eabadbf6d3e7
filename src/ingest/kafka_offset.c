#include "kafka_offset.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/monotonic.h"
#include "source_ops.h"

enum { FIRST_PATIENCE_MS = 1000 };

static bool parse_digits(const char *text, int64_t *value)
{
    if (!isdigit((unsigned char)*text))
        return false;
    char *rest;
    errno = 0;
    long long number = strtoll(text, &rest, 10);
    if (errno != 0 || *rest != '\0')
        return false;
    *value = number;
    return true;
}

enum status kafka_offset_parse(const char *text, struct kafka_offset *offset, struct error *err)
{
    struct kafka_offset parsed = {0};
    bool good = true;
    if (strcmp(text, "beginning") == 0) {
        parsed.kind = KAFKA_OFFSET_BEGINNING;
    } else if (strcmp(text, "end") == 0) {
        parsed.kind = KAFKA_OFFSET_END;
    } else if (strncmp(text, "s@", 2) == 0) {
        parsed.kind = KAFKA_OFFSET_AT_TIME;
        good = parse_digits(text + 2, &parsed.value);
    } else {
        parsed.kind = *text == '-' ? KAFKA_OFFSET_BEFORE_END : KAFKA_OFFSET_ABSOLUTE;
        good = parse_digits(text + (*text == '-'), &parsed.value);
    }
    if (!good)
        return error_set(err, STATUS_USAGE,
                         "offset \"%s\": expected beginning, end, N, -N or s@MILLISECONDS", text);
    *offset = parsed;
    return STATUS_OK;
}

enum status kafka_offset_resolve(const struct kafka_offset *wanted, int64_t first, int64_t end,
                                 int64_t *offset, struct error *err)
{
    bool from_end = wanted->kind == KAFKA_OFFSET_END || wanted->kind == KAFKA_OFFSET_BEFORE_END;
    if (from_end && end == INT64_MAX)
        return error_set(err, STATUS_USAGE, "an offset counted from the end of an endless source");
    if (wanted->kind == KAFKA_OFFSET_ABSOLUTE && (wanted->value < first || wanted->value > end))
        return error_set(err, STATUS_NO_INPUT, "offset %lld is not within %lld to %lld",
                         (long long)wanted->value, (long long)first, (long long)end);
    switch (wanted->kind) {
    case KAFKA_OFFSET_BEFORE_END:
        *offset = max_int64(first, end - wanted->value);
        break;
    case KAFKA_OFFSET_END:
        *offset = end;
        break;
    case KAFKA_OFFSET_ABSOLUTE:
        *offset = wanted->value;
        break;
    default:
        *offset = first;
    }
    return STATUS_OK;
}

/* After a moment, with the leaders asked for anew: it is then worth to ask again. */
static void learn_leaders(struct kafka_client *client, int limit_ms)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(kafka_client_handle(client), 0, NULL, &metadata, limit_ms) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    nanosleep(&pause, NULL);
}

/* The first offset of a time or later (negative: none is), or, for RD_KAFKA_OFFSET_BEGINNING and
 * RD_KAFKA_OFFSET_END, that bound. rd_kafka_query_watermark_offsets() asks for both bounds at once
 * but, at least up to librdkafka 2.6, waits without a limit for an answer that was lost in a change
 * of leaders. */
static rd_kafka_resp_err_t query_once(struct kafka_client *client, const char *topic, int partition,
                                      int64_t time_ms, int limit_ms, int64_t *offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked = rd_kafka_topic_partition_list_add(list, topic, partition);
    asked->offset = time_ms;
    rd_kafka_resp_err_t code =
        rd_kafka_offsets_for_times(kafka_client_handle(client), list, limit_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = asked->err;
    *offset = asked->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

/* A leader that is gone never answers, and the next one is known only after it has been asked for:
 * every question may take twice as long as the one before. */
static rd_kafka_resp_err_t query(struct kafka_client *client, const char *topic, int partition,
                                 int64_t time_ms, int64_t *offset)
{
    int64_t limit_ms = kafka_client_limit_ms(client), deadline_ms = monotonic_ms() + limit_ms;
    int64_t left_ms = limit_ms, patience_ms = FIRST_PATIENCE_MS;
    for (;; patience_ms *= 2) {
        rd_kafka_resp_err_t code = query_once(client, topic, partition, time_ms,
                                              (int)min_int64(patience_ms, left_ms), offset);
        left_ms = deadline_ms - monotonic_ms();
        bool passes = kafka_status_passes(code) || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (!passes || left_ms <= 0)
            return code;
        learn_leaders(client, (int)min_int64(patience_ms, left_ms));
        left_ms = max_int64(1, deadline_ms - monotonic_ms());
    }
}

enum status kafka_offset_at_time(struct kafka_client *client, const char *topic, int partition,
                                 int64_t time_ms, int64_t end, int64_t *offset, struct error *err)
{
    int64_t found;
    rd_kafka_resp_err_t code = query(client, topic, partition, time_ms, &found);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(err, kafka_status(code), "asking for the offset of %s [%d] at %lld ms: %s", topic,
                  partition, (long long)time_ms, rd_kafka_err2str(code));
        return kafka_client_needs(client, code, "READ", topic, err);
    }
    *offset = found >= 0 ? found : end;
    return STATUS_OK;
}

enum status kafka_offset_bounds(struct kafka_client *client, const char *topic, int partition,
                                int64_t *first, int64_t *end, struct error *err)
{
    int64_t low, high;
    rd_kafka_resp_err_t code = query(client, topic, partition, RD_KAFKA_OFFSET_BEGINNING, &low);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = query(client, topic, partition, RD_KAFKA_OFFSET_END, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        TRY(kafka_client_check(client, err));
        error_set(err, kafka_status(code), "asking for the offsets of %s [%d]: %s", topic,
                  partition, rd_kafka_err2str(code));
        return kafka_client_needs(client, code, "READ", topic, err);
    }
    *first = low;
    *end = high;
    return STATUS_OK;
}

int64_t kafka_offset_known_end(struct kafka_client *client, const char *topic, int partition)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kafka_client_handle(client), topic, partition, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high >= 0 ? high : -1;
}

enum status source_kafka_offset(struct source *source, int partition, const char *specification,
                                int64_t *offset, struct error *err)
{
    struct kafka_offset wanted = {0};
    TRY(kafka_offset_parse(specification, &wanted, err));
    if (wanted.kind == KAFKA_OFFSET_AT_TIME && source->ops->offset_at_time)
        return source->ops->offset_at_time(source, partition, wanted.value, offset, err);
    if (wanted.kind == KAFKA_OFFSET_AT_TIME)
        return error_set(err, STATUS_USAGE, "offset %s: only a Kafka broker knows times",
                         specification);
    int64_t first, end;
    TRY(source_bounds(source, partition, &first, &end, err));
    return kafka_offset_resolve(&wanted, first, end, offset, err);
}
