#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "base/thread.h"
#include "ingest/source_synthetic.h"
#include "kafka_common.h"
#include "source_ops.h"
#include "waker.h"

/* The in-process broker keeps 5 MiB or 100,000 batches of a partition and forgets what is older: so
 * much that the reader has not seen fits, were each message in a batch of its own. */
enum { AHEAD_MAX = 16384, AHEAD_BYTES = 4 << 20, BATCH_BYTES = 120, CHUNKS = 16 };
enum { IDLE_MS = 20, TOPIC_SIZE = 300, OUT_OF_BAND_PAIRS = 3 };

/* One partition. The broker's offsets count from 0 at every start, the reader's from `base`.
 * Partitions are made independently of each other, so that one which is not read holds back no
 * other. */
struct stream {
    bool open;                /* false: left out */
    bool ended;               /* the thread's */
    int64_t base, produced;   /* the latter is the thread's */
    _Atomic int64_t read;     /* moved by the reader, watched by the thread */
    int64_t count;            /* of all its events; negative: not asked for yet */
    struct message *messages; /* with the reader's offsets */
    int capacity;
};

struct source_embedded {
    struct source base;
    struct generator_config config; /* without the strings */
    char *topic;
    struct stream *streams;
    struct kafka_opener opener;
    const char **properties;           /* the user's, then what leads to the broker */
    int user_pairs, starts, ahead_max; /* the last: messages of a partition */

    struct kafka_client *producer; /* its handle holds the broker */
    rd_kafka_t *rk;                /* the producer's */
    rd_kafka_mock_cluster_t *broker;
    rd_kafka_topic_t *target; /* a topic of its own for every start */
    struct source *feed;      /* the generator; the thread's while that runs */
    struct source *inner;     /* reads from the broker */
    pthread_mutex_t lock;     /* of the pointer `inner`: source_wake() comes from other threads */

    pthread_t thread;
    bool has_thread;
    struct waker room; /* raised when the reader has moved on */
    atomic_bool stopping;
    atomic_int failure; /* of a delivery */
};

static struct source_embedded *of(const struct source *source)
{
    return (struct source_embedded *)source;
}

static struct source_identity embedded_identity(const struct source *source)
{
    return (struct source_identity){
        .topic = of(source)->topic,
        .cluster_id = "embedded",
        .partitions = of(source)->config.partitions,
        .bounded = of(source)->config.steps > 0,
    };
}

/* What the generator will have made in the end, not what it has made so far. */
static enum status embedded_bounds(struct source *source, int partition, int64_t *first,
                                   int64_t *end, struct error *err)
{
    (void)err;
    struct stream *stream = &of(source)->streams[partition];
    if (stream->count < 0)
        stream->count = generator_count(&of(source)->config, partition);
    *first = 0;
    *end = stream->count;
    return STATUS_OK;
}

static void take_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct source_embedded *self = kafka_client_user(opaque);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        atomic_store(&self->failure, message->err);
}

static void prepare_producer(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
}

static void produce(struct source_embedded *self, int partition, const struct message *message)
{
    while (rd_kafka_produce(self->target, partition, RD_KAFKA_MSG_F_COPY,
                            (void *)(uintptr_t)message->value, message->value_size, message->key,
                            message->key_size, NULL) != 0) {
        rd_kafka_resp_err_t code = rd_kafka_last_error();
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            atomic_store(&self->failure, code);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || atomic_load(&self->stopping))
            return;
        rd_kafka_poll(self->rk, IDLE_MS);
    }
}

/* True when there was something to do. */
static bool feed_stream(struct source_embedded *self, int partition)
{
    struct stream *stream = &self->streams[partition];
    int ahead_max = self->ahead_max, chunk = ahead_max / CHUNKS;
    if (!stream->open || stream->ended ||
        stream->produced - atomic_load(&stream->read) > ahead_max - chunk)
        return false;
    const struct message *messages;
    int count;
    struct error err;
    if (source_read(self->feed, partition, chunk, &messages, &count, &err) != STATUS_OK)
        count = 0; /* the generator does not fail */
    for (int i = 0; i < count; i++) {
        stream->ended = messages[i].end;
        if (!messages[i].end)
            produce(self, partition, &messages[i]);
    }
    stream->produced += count;
    return count > 0;
}

static bool all_ended(const struct source_embedded *self)
{
    for (int p = 0; p < self->config.partitions; p++)
        if (self->streams[p].open && !self->streams[p].ended)
            return false;
    return rd_kafka_outq_len(self->rk) == 0;
}

static void *run_producer(void *argument)
{
    struct source_embedded *self = argument;
    while (!atomic_load(&self->stopping) && !all_ended(self)) {
        bool busy = false;
        for (int p = 0; p < self->config.partitions; p++)
            busy |= feed_stream(self, p);
        rd_kafka_poll(self->rk, 0);
        if (!busy)
            waker_wait(&self->room, IDLE_MS);
    }
    return NULL;
}

static void stop_thread(struct source_embedded *self)
{
    if (!self->has_thread)
        return;
    atomic_store(&self->stopping, true);
    waker_raise(&self->room);
    pthread_join(self->thread, NULL);
    self->has_thread = false;
}

static enum status start_thread(struct source_embedded *self, struct error *err)
{
    atomic_store(&self->stopping, false);
    int code = thread_start(&self->thread, run_producer, self);
    self->has_thread = code == 0;
    return code == 0 ? STATUS_OK
                     : error_set(err, STATUS_BUG, "starting a thread: %s", strerror(code));
}

static struct source *swap_inner(struct source_embedded *self, struct source *inner)
{
    pthread_mutex_lock(&self->lock);
    struct source *before = self->inner;
    self->inner = inner;
    pthread_mutex_unlock(&self->lock);
    return before;
}

static enum status make_topic(struct source_embedded *self, char *name, size_t size,
                              struct error *err)
{
    snprintf(name, size, "%s.%d", self->topic, ++self->starts);
    rd_kafka_resp_err_t code =
        rd_kafka_mock_topic_create(self->broker, name, self->config.partitions, 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(err, STATUS_BUG, "in-process broker: creating topic %s: %s", name,
                         rd_kafka_err2str(code));
    if (self->target)
        rd_kafka_topic_destroy(self->target);
    self->target = rd_kafka_topic_new(self->rk, name, NULL);
    return self->target ? STATUS_OK
                        : error_set(err, STATUS_BUG, "in-process broker: topic %s: %s", name,
                                    rd_kafka_err2str(rd_kafka_last_error()));
}

static enum status open_plain(void *context, const struct kafka_config *config,
                              struct source **source, struct error *err)
{
    (void)context;
    return source_open_kafka(config, source, err);
}

static enum status open_inner(struct source_embedded *self, const char *topic, struct error *err)
{
    const struct kafka_config config = {
        .topic = topic,
        .properties = self->properties,
        .property_pairs = self->user_pairs + OUT_OF_BAND_PAIRS,
    };
    struct source *inner;
    TRY(self->opener.open(self->opener.context, &config, &inner, err));
    swap_inner(self, inner);
    return STATUS_OK;
}

static enum status start_inner(struct source_embedded *self, const int64_t *next, struct error *err)
{
    int64_t *from = memory_zeroed(self->config.partitions, sizeof *from);
    for (int p = 0; p < self->config.partitions; p++) {
        struct stream *stream = &self->streams[p];
        stream->open = next[p] >= 0;
        stream->ended = false;
        stream->base = stream->produced = next[p];
        atomic_store(&stream->read, next[p]);
        from[p] = stream->open ? 0 : -1;
    }
    enum status status = source_start(self->inner, from, err);
    free(from);
    return status;
}

static enum status embedded_start(struct source *source, const int64_t *next, struct error *err)
{
    struct source_embedded *self = of(source);
    char topic[TOPIC_SIZE];
    stop_thread(self);
    source_destroy(swap_inner(self, NULL));
    TRY(source_start(self->feed, next, err));
    TRY(make_topic(self, topic, sizeof topic, err));
    TRY(open_inner(self, topic, err));
    TRY(start_inner(self, next, err));
    return start_thread(self, err);
}

static void make_room(struct stream *stream, int count)
{
    if (count <= stream->capacity)
        return;
    size_t size = (size_t)count * sizeof *stream->messages;
    stream->messages = memory_checked(realloc(stream->messages, size));
    stream->capacity = count;
}

static enum status embedded_read(struct source *source, int partition, int max,
                                 const struct message **messages, int *count, struct error *err)
{
    struct source_embedded *self = of(source);
    struct stream *stream = &self->streams[partition];
    const struct message *inner;
    int got;
    if (atomic_load(&self->failure) != 0)
        return error_set(err, STATUS_BUG, "in-process broker: %s",
                         rd_kafka_err2str(atomic_load(&self->failure)));
    TRY(source_read(self->inner, partition, max, &inner, &got, err));
    make_room(stream, got);
    for (int i = 0; i < got; i++) {
        stream->messages[i] = inner[i];
        stream->messages[i].offset += stream->base;
    }
    if (got > 0) {
        const struct message *last = &stream->messages[got - 1];
        atomic_store(&stream->read, last->offset + !last->end);
        waker_raise(&self->room);
    }
    *messages = stream->messages;
    *count = got;
    return STATUS_OK;
}

static enum status embedded_wait(struct source *source, int timeout_ms, struct error *err)
{
    return source_wait(of(source)->inner, timeout_ms, err);
}

static void embedded_wake(struct source *source)
{
    struct source_embedded *self = of(source);
    pthread_mutex_lock(&self->lock);
    if (self->inner)
        source_wake(self->inner);
    pthread_mutex_unlock(&self->lock);
}

static void embedded_destroy(struct source *source)
{
    struct source_embedded *self = of(source);
    stop_thread(self);
    source_destroy(swap_inner(self, NULL));
    if (self->target)
        rd_kafka_topic_destroy(self->target);
    kafka_client_destroy(self->producer);
    source_destroy(self->feed);
    for (int p = 0; p < self->config.partitions; p++)
        free(self->streams[p].messages);
    waker_release(&self->room);
    pthread_mutex_destroy(&self->lock);
    free(self->streams);
    free(self->properties);
    free(self->topic);
    free(self);
}

static const struct source_ops embedded_ops = {
    .identity = embedded_identity,
    .bounds = embedded_bounds,
    .start = embedded_start,
    .read = embedded_read,
    .wait = embedded_wait,
    .wake = embedded_wake,
    .destroy = embedded_destroy,
};

/* The reader's connection: the user's properties hold but for those that lead elsewhere. */
static void set_properties(struct source_embedded *self, const struct kafka_config *config)
{
    const char *last[2 * OUT_OF_BAND_PAIRS] = {
        "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(self->broker),
        "security.protocol", "plaintext",
        "fetch.wait.max.ms", "10"}; /* the broker answers no sooner when it has nothing */
    size_t user = (size_t)config->property_pairs * 2;
    self->user_pairs = config->property_pairs;
    self->properties =
        memory_zeroed((int64_t)user + 2 * OUT_OF_BAND_PAIRS, sizeof *self->properties);
    if (user > 0)
        memcpy(self->properties, config->properties, user * sizeof *self->properties);
    memcpy(self->properties + user, last, sizeof last);
}

static enum status open_broker(struct source_embedded *self, const struct kafka_config *config,
                               struct error *err)
{
    static const struct kafka_property defaults[] = {{"test.mock.num.brokers", "1"},
                                                     {"linger.ms", "5"},
                                                     {"queue.buffering.max.messages", "1000000"},
                                                     {"queue.buffering.max.kbytes", "262144"},
                                                     {NULL, NULL}};
    const struct kafka_setup setup = {
        .type = RD_KAFKA_PRODUCER, .defaults = defaults, .prepare = prepare_producer};
    const struct kafka_config plain = {.topic = config->topic};
    TRY(kafka_client_create(&setup, &plain, self, &self->producer, err));
    self->rk = kafka_client_handle(self->producer);
    self->broker = rd_kafka_handle_mock_cluster(self->rk);
    if (!self->broker)
        return error_set(err, STATUS_BUG, "librdkafka offers no in-process broker");
    set_properties(self, config);
    return STATUS_OK;
}

static int plan_ahead(const struct generator_config *config, enum event_format format)
{
    struct generator *generator = generator_create(config);
    size_t longest = generator_longest(generator, format) + BATCH_BYTES;
    generator_destroy(generator);
    return (int)min_int64(AHEAD_BYTES / (int64_t)longest, AHEAD_MAX);
}

enum status source_open_embedded(const struct kafka_config *config,
                                 const struct generator_config *generator, enum event_format format,
                                 const struct kafka_opener *opener, struct source **source,
                                 struct error *err)
{
    struct source_embedded *self = memory_zeroed(1, sizeof *self);
    self->opener = opener ? *opener : (struct kafka_opener){.open = open_plain};
    self->topic = memory_text(config->topic);
    self->streams = memory_zeroed(generator->partitions, sizeof *self->streams);
    self->base.ops = &embedded_ops;
    self->config = *generator;
    self->ahead_max = plan_ahead(generator, format);
    self->config.field_time = self->config.field_x = NULL; /* borrowed for the call only */
    self->config.field_y = self->config.field_value = NULL;
    for (int p = 0; p < generator->partitions; p++)
        self->streams[p].count = -1;
    waker_init(&self->room);
    pthread_mutex_init(&self->lock, NULL);
    enum status status = source_open_synthetic(generator, format, &self->feed, err);
    if (status == STATUS_OK)
        status = open_broker(self, config, err);
    if (status == STATUS_OK)
        *source = &self->base;
    else
        embedded_destroy(&self->base);
    return status;
}
