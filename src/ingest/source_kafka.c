#include "ingest/source_kafka.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/monotonic.h"
#include "kafka_common.h"
#include "kafka_lane.h"
#include "kafka_offset.h"
#include "kafka_witness.h"
#include "source_ops.h"

enum { SERVE_EVERY_MS = 100, LAST_COMMIT_MS = 1000 };

struct kafka_source {
    struct source base;
    struct kafka_client *client;
    rd_kafka_t *rk;           /* the client's */
    rd_kafka_queue_t *events; /* errors and callbacks */
    char *topic, *cluster_id;
    int partitions;
    struct kafka_lane *lanes;
    struct kafka_witness *witness;
    bool moved; /* the topic is gone, or another one */
    int wake_fd;
    int64_t nudge_messages, nudge_bytes; /* a quarter of what a partition's queue takes */
    bool full_read; /* some read since the last wait may have left messages behind */
    int64_t served_ms;
    atomic_int commits_pending; /* counted up by the thread that reports */
};

static const struct kafka_property consumer_defaults[] = {
    {"isolation.level", "read_committed"},
    {"fetch.wait.max.ms", "20"},
    {"queued.min.messages", "5000"},
    {"queued.max.messages.kbytes", "16384"},
    {"socket.timeout.ms", "30000"},
    {"session.timeout.ms", "6000"},
    {NULL, NULL},
};

/* Without these a run would skip records or wait for ever, in silence. */
static const struct kafka_property consumer_fixed[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"},
    {NULL, NULL},
};

static struct kafka_source *of(const struct source *source)
{
    return (struct kafka_source *)source;
}

static struct source_identity kafka_identity(const struct source *source)
{
    const struct kafka_source *self = of(source);
    return (struct source_identity){
        .topic = self->topic,
        .cluster_id = self->cluster_id,
        .partitions = self->partitions,
    };
}

static enum status kafka_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                                struct error *err)
{
    return kafka_offset_bounds(of(source)->client, of(source)->topic, partition, first, end, err);
}

static enum status assign(struct kafka_source *self,
                          const rd_kafka_topic_partition_list_t *partitions, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(self->rk, partitions);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(err, kafka_status(code), "assigning the partitions of %s: %s", self->topic,
                         rd_kafka_err2str(code));
    return STATUS_OK;
}

static rd_kafka_topic_partition_list_t *offset_list(const struct kafka_source *self,
                                                    const int64_t *next)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(self->partitions);
    for (int p = 0; p < self->partitions; p++)
        if (next[p] >= 0)
            rd_kafka_topic_partition_list_add(list, self->topic, p)->offset = next[p];
    return list;
}

static enum status kafka_start(struct source *source, const int64_t *next, struct error *err)
{
    struct kafka_source *self = of(source);
    for (int p = 0; p < self->partitions; p++)
        kafka_lane_close(&self->lanes[p]);
    TRY(assign(self, NULL, err));
    for (int p = 0; p < self->partitions; p++)
        if (next[p] >= 0)
            kafka_lane_open(&self->lanes[p], self->rk, self->topic, p, next[p], self->wake_fd);
    rd_kafka_topic_partition_list_t *list = offset_list(self, next);
    enum status status = assign(self, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    if (status == STATUS_OK)
        status = kafka_witness_start(self->witness, err);
    return status;
}

static enum status assign_one(struct kafka_source *self, int partition, int64_t next, bool wanted,
                              struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, self->topic, partition)->offset = next;
    rd_kafka_error_t *error = wanted ? rd_kafka_incremental_assign(self->rk, list)
                                     : rd_kafka_incremental_unassign(self->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (!error)
        return STATUS_OK;
    enum status status =
        error_set(err, kafka_status(rd_kafka_error_code(error)), "assigning %s [%d]: %s",
                  self->topic, partition, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return status;
}

static enum status kafka_skip(struct source *source, int partition, int64_t next, struct error *err)
{
    struct kafka_source *self = of(source);
    kafka_lane_close(&self->lanes[partition]);
    TRY(assign_one(self, partition, next, false, err));
    kafka_lane_open(&self->lanes[partition], self->rk, self->topic, partition, next, self->wake_fd);
    return assign_one(self, partition, next, true, err);
}

static enum status offset_gone(struct kafka_source *self, int partition, int64_t wanted,
                               struct error *err)
{
    int64_t first, end;
    TRY(kafka_bounds(&self->base, partition, &first, &end, err));
    return error_set(
        err, STATUS_NO_INPUT, "%s [%d]: offset %lld is not there; the broker holds %lld to %lld%s",
        self->topic, partition, (long long)wanted, (long long)first, (long long)end - 1,
        wanted < first ? " (older records were deleted)" : " (the topic was cut or made anew)");
}

static enum status partition_failed(struct kafka_source *self, int partition,
                                    const rd_kafka_message_t *raw, struct error *err)
{
    if (raw->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        raw->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return offset_gone(self, partition,
                           raw->offset >= 0 ? raw->offset : self->lanes[partition].next, err);
    self->moved = kafka_status(raw->err) == STATUS_NO_INPUT;
    if (self->moved)
        return error_set(err, STATUS_BAD_DATA, "%s [%d] was deleted while it was read (%s)",
                         self->topic, partition, rd_kafka_err2str(raw->err));
    error_set(err, kafka_status(raw->err), "reading %s [%d] at offset %lld: %s", self->topic,
              partition, (long long)self->lanes[partition].next, rd_kafka_message_errstr(raw));
    return kafka_client_needs(self->client, raw->err, "READ", self->topic, err);
}

static enum status serve(struct kafka_source *self, struct error *err)
{
    self->served_ms = monotonic_ms();
    enum status status = kafka_witness_check(self->witness, err);
    self->moved |= status != STATUS_OK;
    TRY(status);
    int64_t silent_since_ms = kafka_witness_take_silence(self->witness);
    if (silent_since_ms > 0)
        kafka_client_doubt(self->client, silent_since_ms);
    return kafka_client_check(self->client, err);
}

/* librdkafka's fetching thread naps for up to a second once every queue is full, and does not
 * notice that one is being emptied. Any request to the partition's leader makes it look again; the
 * answer is of no interest, and with a time-out of 0 nobody waits for it. */
static void nudge(struct kafka_source *self, int partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, self->topic, partition)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(self->rk, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
    self->lanes[partition].fresh_messages = self->lanes[partition].fresh_bytes = 0;
}

static enum status kafka_read(struct source *source, int partition, int max,
                              const struct message **messages, int *count, struct error *err)
{
    struct kafka_source *self = of(source);
    if (monotonic_ms() - self->served_ms >= SERVE_EVERY_MS)
        TRY(serve(self, err));
    struct kafka_lane *lane = &self->lanes[partition];
    const rd_kafka_message_t *failed;
    kafka_witness_note(self->witness, partition, lane->messages, lane->count);
    TRY(kafka_lane_read(lane, max, &failed, err));
    if (failed)
        return partition_failed(self, partition, failed, err);
    if (lane->count > 0)
        kafka_client_heard(self->client);
    self->full_read |= lane->count == max;
    if (lane->fresh_messages >= self->nudge_messages || lane->fresh_bytes >= self->nudge_bytes)
        nudge(self, partition);
    *messages = lane->messages;
    *count = lane->count;
    return STATUS_OK;
}

/* A queue rings only when it stops being empty: after a read that may have left something there,
 * the first wait returns at once. */
static enum status kafka_wait(struct source *source, int timeout_ms, struct error *err)
{
    struct kafka_source *self = of(source);
    struct pollfd wake = {.fd = self->wake_fd, .events = POLLIN};
    int ready = poll(&wake, 1, self->full_read ? 0 : timeout_ms);
    self->full_read = false;
    uint64_t rings;
    if (ready > 0 && read(self->wake_fd, &rings, sizeof rings) < 0 && errno != EAGAIN)
        return error_set(err, STATUS_BUG, "reading an eventfd: %s", strerror(errno));
    return serve(self, err);
}

static void kafka_wake(struct source *source)
{
    const uint64_t one = 1;
    ssize_t written = write(of(source)->wake_fd, &one, sizeof one);
    (void)written; /* fails only when it is ringing already */
}

static void kafka_report(struct source *source, const int64_t *next)
{
    struct kafka_source *self = of(source);
    if (!kafka_client_may_commit(self->client))
        return;
    rd_kafka_topic_partition_list_t *list = offset_list(self, next);
    if (rd_kafka_commit(self->rk, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
        self->commits_pending++;
    rd_kafka_topic_partition_list_destroy(list);
}

static void take_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    (void)rk, (void)code, (void)offsets;
    struct kafka_source *self = kafka_client_user(opaque);
    self->commits_pending--;
}

static void prepare_consumer(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_offset_commit_cb(conf, take_commit);
}

/* The lag of a finished run should read zero; but nothing waits long for it. */
static void await_commits(struct kafka_source *self)
{
    int64_t deadline_ms = monotonic_ms() + LAST_COMMIT_MS;
    struct error ignored;
    while (self->commits_pending > 0 && monotonic_ms() < deadline_ms)
        if (kafka_wait(&self->base, 50, &ignored) != STATUS_OK)
            return;
}

static void kafka_destroy(struct source *source)
{
    struct kafka_source *self = of(source);
    kafka_witness_destroy(self->witness);
    for (int p = 0; self->lanes && p < self->partitions; p++)
        kafka_lane_release(&self->lanes[p]);
    if (self->events) {
        await_commits(self);
        rd_kafka_queue_io_event_enable(self->events, -1, NULL, 0);
        rd_kafka_queue_destroy(self->events);
    }
    (self->moved ? kafka_client_leave : kafka_client_destroy)(self->client);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    free(self->lanes);
    free(self->topic);
    free(self->cluster_id);
    free(self);
}

static int64_t kafka_known_end(const struct source *source, int partition)
{
    return kafka_offset_known_end(of(source)->client, of(source)->topic, partition);
}

/* The first record at or after a broker time; the end when there is none. */
static enum status kafka_at_time(struct source *source, int partition, int64_t time_ms,
                                 int64_t *offset, struct error *err)
{
    int64_t first, end;
    TRY(kafka_bounds(source, partition, &first, &end, err));
    return kafka_offset_at_time(of(source)->client, of(source)->topic, partition, time_ms, end,
                                offset, err);
}

static const struct source_ops kafka_ops = {
    .identity = kafka_identity,
    .bounds = kafka_bounds,
    .start = kafka_start,
    .skip = kafka_skip,
    .read = kafka_read,
    .wait = kafka_wait,
    .wake = kafka_wake,
    .report = kafka_report,
    .known_end = kafka_known_end,
    .offset_at_time = kafka_at_time,
    .destroy = kafka_destroy,
};

static enum status create_client(struct kafka_source *self, const struct kafka_config *config,
                                 struct error *err)
{
    char group[300];
    snprintf(group, sizeof group, "heatstream-%s", config->topic);
    struct kafka_property defaults[16] = {{"group.id", group}};
    memcpy(defaults + 1, consumer_defaults, sizeof consumer_defaults);
    const struct kafka_setup setup = {
        .type = RD_KAFKA_CONSUMER,
        .defaults = defaults,
        .fixed = consumer_fixed,
        .prepare = prepare_consumer,
    };
    TRY(kafka_client_create(&setup, config, self, &self->client, err));
    self->rk = kafka_client_handle(self->client);
    self->nudge_messages =
        max_int64(1, kafka_conf_number(rd_kafka_conf(self->rk), "queued.min.messages") / 4);
    self->nudge_bytes =
        kafka_conf_number(rd_kafka_conf(self->rk), "queued.max.messages.kbytes") * 1024 / 4;
    self->events = rd_kafka_queue_get_consumer(self->rk);
    kafka_lane_notify(self->events, self->wake_fd);
    return STATUS_OK;
}

static enum status take_topic(struct kafka_source *self, const struct rd_kafka_metadata *metadata,
                              struct error *err)
{
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    if (kafka_status(topic->err) == STATUS_NO_INPUT)
        return kafka_client_no_topic(self->client, self->topic, err);
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(err, kafka_status(topic->err), "topic \"%s\": %s", self->topic,
                  rd_kafka_err2str(topic->err));
        return kafka_client_needs(self->client, topic->err, "READ", self->topic, err);
    }
    self->partitions = topic->partition_cnt;
    self->lanes = calloc((size_t)self->partitions, sizeof *self->lanes);
    return self->lanes ? STATUS_OK : error_set(err, STATUS_BUG, "out of memory for partitions");
}

static enum status look_up(struct kafka_source *self, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    TRY(kafka_client_metadata(self->client, self->topic, &metadata, err));
    enum status status = take_topic(self, metadata, err);
    rd_kafka_metadata_destroy(metadata);
    TRY(status);
    char *cluster_id = rd_kafka_clusterid(self->rk, kafka_client_limit_ms(self->client));
    self->cluster_id = strdup(cluster_id ? cluster_id : "");
    if (cluster_id)
        rd_kafka_mem_free(self->rk, cluster_id);
    return STATUS_OK;
}

enum status source_open_kafka(const struct kafka_config *config, struct source **source,
                              struct error *err)
{
    struct kafka_source *self = calloc(1, sizeof *self);
    if (!self)
        return error_set(err, STATUS_BUG, "out of memory for a Kafka source");
    self->base.ops = &kafka_ops;
    self->topic = strdup(config->topic);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum status status = self->topic && self->wake_fd >= 0
                             ? create_client(self, config, err)
                             : error_set(err, STATUS_BUG, "eventfd: %s", strerror(errno));
    if (status == STATUS_OK)
        status = look_up(self, err);
    if (status == STATUS_OK)
        status = kafka_witness_create(config, self->partitions, &self->witness, err);
    if (status == STATUS_OK)
        *source = &self->base;
    else
        kafka_destroy(&self->base);
    return status;
}

const char *source_kafka_library(void)
{
    return rd_kafka_version_str();
}
