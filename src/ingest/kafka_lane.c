#include "kafka_lane.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "kafka_conf.h"
#include "kafka_notes.h"
#include "kafka_refusal.h"

void kafka_lane_notify(rd_kafka_queue_t *queue, int wake_fd)
{
    static const uint64_t one = 1; /* an eventfd takes eight bytes */
    rd_kafka_queue_io_event_enable(queue, wake_fd, &one, sizeof one);
}

void kafka_lane_open(struct kafka_lane *lane, rd_kafka_t *rk, const char *topic, int partition,
                     int64_t next, int wake_fd)
{
    lane->next = next;
    lane->trouble_ms = 0;
    lane->limit_ms =
        (int)kafka_conf_number(rd_kafka_conf(rk), "socket.connection.setup.timeout.ms");
    lane->queue = rd_kafka_queue_get_partition(rk, topic, partition);
    rd_kafka_queue_forward(lane->queue, NULL);
    kafka_lane_notify(lane->queue, wake_fd);
}

static void give_up_messages(struct kafka_lane *lane)
{
    for (int i = 0; i < lane->count; i++)
        rd_kafka_message_destroy(lane->raw[i]);
    lane->count = 0;
}

static void give_up_failure(struct kafka_lane *lane)
{
    if (lane->failed)
        rd_kafka_message_destroy(lane->failed);
    lane->failed = NULL;
}

void kafka_lane_close(struct kafka_lane *lane)
{
    give_up_messages(lane);
    give_up_failure(lane);
    if (!lane->queue)
        return;
    rd_kafka_queue_io_event_enable(lane->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(lane->queue);
    lane->queue = NULL;
}

void kafka_lane_release(struct kafka_lane *lane)
{
    kafka_lane_close(lane);
    free(lane->raw);
    free(lane->messages);
    *lane = (struct kafka_lane){0};
}

static enum status make_room(struct kafka_lane *lane, int max, struct error *err)
{
    if (max <= lane->capacity)
        return STATUS_OK;
    rd_kafka_message_t **raw = realloc(lane->raw, (size_t)max * sizeof *raw);
    if (raw)
        lane->raw = raw;
    struct message *messages = realloc(lane->messages, (size_t)max * sizeof *messages);
    if (messages)
        lane->messages = messages;
    if (!raw || !messages)
        return error_set(err, STATUS_BUG, "out of memory for %d messages", max);
    lane->capacity = max;
    return STATUS_OK;
}

static struct message convert(const rd_kafka_message_t *raw)
{
    rd_kafka_timestamp_type_t type;
    return (struct message){
        .offset = raw->offset,
        .time_ms = rd_kafka_message_timestamp(raw, &type),
        .key = raw->key,
        .value = raw->payload,
        .key_size = raw->key_len,
        .value_size = raw->len,
    };
}

/* True while an error that may pass has not lasted too long. */
static bool bears(struct kafka_lane *lane, const rd_kafka_message_t *raw)
{
    if (!kafka_status_passes(raw->err))
        return false;
    int64_t now_ms = monotonic_ms();
    if (lane->trouble_ms == 0 || now_ms - lane->last_trouble_ms > lane->limit_ms) {
        lane->trouble_ms = now_ms;
        log_warn("kafka: partition %d at offset %lld: %s; it is asked again", raw->partition,
                 (long long)lane->next, rd_kafka_message_errstr(raw));
    }
    lane->last_trouble_ms = now_ms;
    return now_ms - lane->trouble_ms <= lane->limit_ms;
}

static void keep(struct kafka_lane *lane, rd_kafka_message_t *raw, const struct message *message)
{
    lane->raw[lane->count] = raw;
    lane->messages[lane->count++] = *message;
}

static void take_record(struct kafka_lane *lane, rd_kafka_message_t *raw)
{
    const struct message message = convert(raw);
    lane->next = raw->offset + 1;
    lane->trouble_ms = 0;
    lane->fresh_messages++;
    lane->fresh_bytes += (int64_t)(message.key_size + message.value_size);
    keep(lane, raw, &message);
}

/* False: it is a failure of the partition, after which nothing follows. */
static bool take_error(struct kafka_lane *lane, rd_kafka_message_t *raw)
{
    if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        keep(lane, raw, &(struct message){.offset = raw->offset, .end = true});
        return true;
    }
    if (bears(lane, raw)) {
        rd_kafka_message_destroy(raw);
        return true;
    }
    give_up_failure(lane);
    lane->failed = raw;
    return false;
}

enum status kafka_lane_read(struct kafka_lane *lane, int max, const rd_kafka_message_t **failed,
                            struct error *err)
{
    *failed = NULL;
    give_up_messages(lane);
    if (!lane->queue)
        return STATUS_OK;
    TRY(make_room(lane, max, err));
    ssize_t got =
        lane->failed ? 0 : rd_kafka_consume_batch_queue(lane->queue, 0, lane->raw, (size_t)max);
    bool good = true;
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_t *raw = lane->raw[i];
        if (!good)
            rd_kafka_message_destroy(raw);
        else if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            take_record(lane, raw);
        else
            good = take_error(lane, raw);
    }
    if (lane->count == 0)
        *failed = lane->failed;
    return STATUS_OK;
}
