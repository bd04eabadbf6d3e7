#include "kafka_witness.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "kafka_common.h"

enum { EVERY_S = 3, POLL_MS = 100, ANSWERS_MS = 10000, METADATA_MS = 1000, ABSENCES = 3 };

/* A record that was read: what a partition must still have at its offset. */
struct anchor {
    int64_t offset; /* -1: none */
    uint32_t crc;   /* CRC-32 of key, then value */
};

struct kafka_witness {
    struct kafka_client *client;
    rd_kafka_t *rk; /* the client's */
    rd_kafka_topic_t *handle;
    char *topic;
    int partitions;
    int absences; /* rounds in a row in which there was no such topic */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;            /* under the lock, as are the anchors noted */
    struct anchor *first; /* [partitions] the first record read */
    struct anchor *noted; /* [partitions] the newest */
    struct anchor *asked; /* [partitions] the thread's: noted in the round before, to be compared */
    struct anchor *next;  /* [partitions] the thread's: noted when this round began */
    _Atomic int64_t silent_since_ms; /* 0: the last look was answered, or it has been told */
    atomic_bool differs;             /* `error` is there */
    struct error error;
};

static uint32_t crc_of(const void *key, size_t key_size, const void *value, size_t value_size)
{
    uLong crc = crc32_z(0, key, key ? key_size : 0);
    return (uint32_t)crc32_z(crc, value, value ? value_size : 0);
}

static void accuse(struct kafka_witness *witness)
{
    atomic_store(&witness->differs, true);
}

/* Right after it was made, or after its own start, a broker may not know a topic yet. */
static void note_absence(struct kafka_witness *witness)
{
    if (++witness->absences < ABSENCES)
        return;
    error_set(
        &witness->error, STATUS_BAD_DATA,
        "%s is no longer on the broker: it was deleted while it was read. One that is made in "
        "its place is another input: begin anew with another run.id or --restart=none",
        witness->topic);
    accuse(witness);
}

static void note_partitions(struct kafka_witness *witness, int count)
{
    witness->absences = 0;
    if (count <= witness->partitions)
        return;
    error_set(&witness->error, STATUS_BAD_DATA,
              "%s had %d partitions when it was opened, it has %d now: keys have moved between "
              "them, and partition %d is not read; begin anew with another run.id or "
              "--restart=none",
              witness->topic, witness->partitions, count, witness->partitions);
    accuse(witness);
}

/* False when there is nobody to ask for records. */
static bool look_topic_up(struct kafka_witness *witness)
{
    const struct rd_kafka_metadata *metadata;
    int64_t asked_ms = monotonic_ms();
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(witness->rk, 0, witness->handle, &metadata, METADATA_MS);
    bool silent = kafka_status(code) == STATUS_UNREACHABLE;
    atomic_store(&witness->silent_since_ms, silent ? asked_ms : 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    bool there = metadata->topic_cnt > 0 && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (there)
        note_partitions(witness, topic->partition_cnt);
    else if (metadata->topic_cnt > 0 && topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        note_absence(witness);
    rd_kafka_metadata_destroy(metadata);
    return there;
}

static bool is_stopped(struct kafka_witness *witness)
{
    pthread_mutex_lock(&witness->lock);
    bool stop = witness->stop;
    pthread_mutex_unlock(&witness->lock);
    return stop;
}

static void compare(struct kafka_witness *witness, const rd_kafka_message_t *message)
{
    const struct anchor *anchor = &witness->asked[message->partition];
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->offset != anchor->offset ||
        crc_of(message->key, message->key_len, message->payload, message->len) == anchor->crc)
        return;
    error_set(&witness->error, STATUS_BAD_DATA,
              "partition %d: the record at offset %lld is not the one this run has read there: %s "
              "was made anew, or cut (unclean leader election) and written on, while it was read. "
              "No gap describes that: begin anew with another run.id or --restart=none, or, if a "
              "checkpoint of the run is from before the cut, go back to it with --restart=FILE "
              "--accept-gap",
              (int)message->partition, (long long)anchor->offset, witness->topic);
    accuse(witness);
}

/* The partition has answered: the record, one behind it when that was deleted, its end, or that
 * there is no such offset; reading says what these mean. The next round compares a newer record. */
static bool settle(struct kafka_witness *witness, int partition)
{
    struct anchor *anchor = &witness->asked[partition];
    bool waited_for = anchor->offset >= 0;
    anchor->offset = -1;
    return waited_for;
}

static int ask(struct kafka_witness *witness)
{
    int count = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(witness->partitions);
    for (int p = 0; p < witness->partitions; p++) {
        if (witness->asked[p].offset < 0)
            continue;
        rd_kafka_topic_partition_list_add(list, witness->topic, p)->offset =
            witness->asked[p].offset;
        count++;
    }
    if (rd_kafka_assign(witness->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        count = 0;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

static void await_answers(struct kafka_witness *witness, int count)
{
    int64_t deadline_ms = monotonic_ms() + ANSWERS_MS;
    while (count > 0 && monotonic_ms() < deadline_ms && !is_stopped(witness)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(witness->rk, POLL_MS);
        if (!message)
            continue;
        if (message->rkt && message->partition >= 0 && message->partition < witness->partitions) {
            compare(witness, message);
            count -= settle(witness, message->partition);
        }
        rd_kafka_message_destroy(message);
    }
}

/* What no broker answered for is asked for again, not forgotten for something newer. */
static void look(struct kafka_witness *witness)
{
    size_t size = (size_t)witness->partitions * sizeof *witness->next;
    pthread_mutex_lock(&witness->lock);
    memcpy(witness->next, witness->noted, size);
    for (int p = 0; p < witness->partitions; p++)
        if (witness->asked[p].offset < 0)
            witness->asked[p] = witness->first[p];
    pthread_mutex_unlock(&witness->lock);
    if (!look_topic_up(witness))
        return;
    await_answers(witness, ask(witness));
    (void)rd_kafka_assign(witness->rk, NULL);
    for (int p = 0; p < witness->partitions; p++)
        if (witness->asked[p].offset < 0)
            witness->asked[p] = witness->next[p];
}

/* False: it is time to end. */
static bool pause_between(struct kafka_witness *witness)
{
    struct timespec until = monotonic_after_ms(EVERY_S * 1000);
    int waited = 0;
    pthread_mutex_lock(&witness->lock);
    while (!witness->stop && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&witness->wake, &witness->lock, &until);
    bool goes_on = !witness->stop;
    pthread_mutex_unlock(&witness->lock);
    return goes_on;
}

static void *witness_main(void *argument)
{
    struct kafka_witness *witness = argument;
    while (!atomic_load(&witness->differs) && pause_between(witness))
        look(witness);
    return NULL;
}

/* One record of each partition, with as little as can be fetched around it. Nothing is said of the
 * connection: the reader's own has the same troubles. */
static enum status connect_witness(struct kafka_witness *witness, const struct kafka_config *config,
                                   struct error *err)
{
    static const char *const last[] = {
        "enable.auto.commit",      "false", "enable.partition.eof", "true",
        "auto.offset.reset",       "error", "queued.min.messages",  "1",
        "fetch.message.max.bytes", "1",     "fetch.min.bytes",      "1"};
    enum { LAST_PAIRS = sizeof last / sizeof *last / 2 };
    static const struct kafka_property defaults[] = {{"group.id", "heatstream-witness"},
                                                     {NULL, NULL}};
    const struct kafka_setup setup = {.type = RD_KAFKA_CONSUMER, .defaults = defaults};
    size_t given = 2 * (size_t)config->property_pairs;
    const char **properties = memory_zeroed((int64_t)given + 2 * LAST_PAIRS, sizeof *properties);
    for (size_t i = 0; i < given; i++)
        properties[i] = config->properties[i];
    memcpy(properties + given, last, sizeof last);
    struct kafka_config minimal = *config;
    minimal.properties = properties;
    minimal.property_pairs += LAST_PAIRS;
    enum status status = kafka_client_create(&setup, &minimal, NULL, &witness->client, err);
    free(properties);
    TRY(status);
    witness->rk = kafka_client_handle(witness->client);
    witness->handle = rd_kafka_topic_new(witness->rk, witness->topic, NULL);
    if (!witness->handle)
        return error_set(err, STATUS_BUG, "topic %s: %s", witness->topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    return STATUS_OK;
}

enum status kafka_witness_start(struct kafka_witness *witness, struct error *err)
{
    if (witness->has_thread)
        return STATUS_OK;
    int failed = thread_start(&witness->thread, witness_main, witness);
    witness->has_thread = failed == 0;
    if (failed)
        return error_set(err, STATUS_BUG, "starting the thread that watches %s: %s", witness->topic,
                         strerror(failed));
    return STATUS_OK;
}

static struct anchor *no_anchors(int count)
{
    struct anchor *anchors = memory_zeroed(count, sizeof *anchors);
    for (int p = 0; p < count; p++)
        anchors[p].offset = -1;
    return anchors;
}

static struct kafka_witness *create(const char *topic, int partitions)
{
    struct kafka_witness *witness = memory_zeroed(1, sizeof *witness);
    witness->topic = memory_checked(strdup(topic));
    witness->partitions = partitions;
    witness->first = no_anchors(partitions);
    witness->noted = no_anchors(partitions);
    witness->asked = no_anchors(partitions);
    witness->next = no_anchors(partitions);
    pthread_mutex_init(&witness->lock, NULL);
    monotonic_condition(&witness->wake);
    return witness;
}

enum status kafka_witness_create(const struct kafka_config *config, int partitions,
                                 struct kafka_witness **created, struct error *err)
{
    struct kafka_witness *witness = create(config->topic, partitions);
    enum status status = connect_witness(witness, config, err);
    if (status == STATUS_OK)
        *created = witness;
    else
        kafka_witness_destroy(witness);
    return status;
}

void kafka_witness_destroy(struct kafka_witness *witness)
{
    if (!witness)
        return;
    pthread_mutex_lock(&witness->lock);
    witness->stop = true;
    pthread_cond_signal(&witness->wake);
    pthread_mutex_unlock(&witness->lock);
    if (witness->has_thread)
        pthread_join(witness->thread, NULL);
    if (witness->handle)
        rd_kafka_topic_destroy(witness->handle);
    kafka_client_destroy(witness->client);
    pthread_cond_destroy(&witness->wake);
    pthread_mutex_destroy(&witness->lock);
    free(witness->first);
    free(witness->noted);
    free(witness->asked);
    free(witness->next);
    free(witness->topic);
    free(witness);
}

void kafka_witness_note(struct kafka_witness *witness, int partition,
                        const struct message *messages, int count)
{
    while (count > 0 && messages[count - 1].end) /* a slow topic's last record comes with its end */
        count--;
    if (count == 0)
        return;
    const struct message *newest = &messages[count - 1];
    struct anchor anchor = {
        .offset = newest->offset,
        .crc = crc_of(newest->key, newest->key_size, newest->value, newest->value_size)};
    pthread_mutex_lock(&witness->lock);
    witness->noted[partition] = anchor;
    if (witness->first[partition].offset < 0)
        witness->first[partition] = anchor;
    pthread_mutex_unlock(&witness->lock);
}

int64_t kafka_witness_take_silence(struct kafka_witness *witness)
{
    return atomic_exchange(&witness->silent_since_ms, 0);
}

enum status kafka_witness_check(struct kafka_witness *witness, struct error *err)
{
    if (!atomic_load(&witness->differs))
        return STATUS_OK;
    *err = witness->error;
    return STATUS_BAD_DATA;
}
