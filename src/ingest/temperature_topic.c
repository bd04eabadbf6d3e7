#include "ingest/temperature_topic.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "kafka_producer.h"
#include "kafka_topic.h"
#include "temperature_text.h"

enum { WAIT_MS = 50 };

struct temperature_topic {
    struct kafka_producer *producer; /* the thread's while it has cells, else the caller's */
    const struct patience *patience;
    int partitions;
    int64_t room;
    double *cells; /* [room], of an area of the frame, in the order of temperature_topic_begin() */
    struct temperature_frame frame;
    struct temperature_area area;
    struct temperature_text text; /* the thread's */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    bool full, stop;     /* there are cells to be sent; the thread is to end */
    enum status failure; /* of the thread, final */
    struct error error;
};

/* Where Java's default partitioner puts the cell. Of the cell alone, so that its windows are read
 * in order. */
static int partition_of(const struct temperature_topic *topic)
{
    return rd_kafka_msg_partitioner_murmur2(NULL, topic->text.key + TEMPERATURE_CELL_AT,
                                            TEMPERATURE_KEY_SIZE - TEMPERATURE_CELL_AT,
                                            topic->partitions, NULL, NULL);
}

static enum status put_cell(struct temperature_topic *topic, int64_t x, int64_t y,
                            double temperature, struct error *err)
{
    temperature_text_put(&topic->text, x, y, temperature);
    const struct kafka_record record = {.partition = partition_of(topic),
                                        .key = topic->text.key,
                                        .key_size = sizeof topic->text.key,
                                        .value = topic->text.value,
                                        .value_size = topic->text.value_size};
    return kafka_producer_put(topic->producer, &record, NULL, err);
}

static enum status put_area(struct temperature_topic *topic, struct error *err)
{
    const struct temperature_area *area = &topic->area;
    const double *cell = topic->cells;
    temperature_text_begin(&topic->text, &topic->frame);
    for (int64_t x = area->x0; x < area->x1; x++) {
        for (int64_t y = area->y0; y < area->y1; y++)
            TRY(put_cell(topic, x, y, *cell++, err));
        TRY(kafka_producer_check(topic->producer, err));
    }
    return STATUS_OK;
}

static void *topic_main(void *argument)
{
    struct temperature_topic *topic = argument;
    struct error err;
    pthread_mutex_lock(&topic->mutex);
    for (;;) {
        while (!topic->full && !topic->stop)
            pthread_cond_wait(&topic->filled, &topic->mutex);
        if (topic->stop)
            break;
        pthread_mutex_unlock(&topic->mutex);
        enum status status = put_area(topic, &err);
        pthread_mutex_lock(&topic->mutex);
        if (status != STATUS_OK) {
            topic->failure = status;
            topic->error = err;
        }
        topic->full = false;
        pthread_cond_signal(&topic->emptied);
    }
    pthread_mutex_unlock(&topic->mutex);
    return NULL;
}

static enum status start_thread(struct temperature_topic *topic, struct error *err)
{
    int failed = thread_start(&topic->thread, topic_main, topic);
    topic->has_thread = failed == 0;
    if (failed)
        return error_set(err, STATUS_BUG, "starting the thread that sends temperatures: %s",
                         strerror(failed));
    return STATUS_OK;
}

static struct temperature_topic *create(int64_t cells)
{
    struct temperature_topic *topic = memory_zeroed(1, sizeof *topic);
    topic->room = cells;
    topic->cells = memory_block((size_t)cells * sizeof *topic->cells);
    temperature_text_init(&topic->text);
    pthread_mutex_init(&topic->mutex, NULL);
    pthread_cond_init(&topic->filled, NULL);
    monotonic_condition(&topic->emptied);
    return topic;
}

static enum status connect_topic(struct temperature_topic *topic, const struct kafka_config *config,
                                 struct error *err)
{
    const struct kafka_topic_plan defaults = {.partitions = -1};
    TRY(kafka_producer_create(config, "temperatures", &topic->producer, err));
    TRY(kafka_topic_require(kafka_producer_client(topic->producer), config->topic, &defaults,
                            &topic->partitions, err));
    return start_thread(topic, err);
}

enum status temperature_topic_open(const struct kafka_config *config, int64_t cells,
                                   struct temperature_topic **opened, struct error *err)
{
    struct temperature_topic *topic = create(cells);
    enum status status = connect_topic(topic, config, err);
    if (status != STATUS_OK) {
        temperature_topic_close(topic);
        return error_prefix(err, status, "topic %s for temperatures", config->topic);
    }
    *opened = topic;
    return STATUS_OK;
}

static void stop_thread(struct temperature_topic *topic)
{
    kafka_producer_abandon(topic->producer);
    pthread_mutex_lock(&topic->mutex);
    topic->stop = true;
    pthread_cond_signal(&topic->filled);
    pthread_mutex_unlock(&topic->mutex);
    pthread_join(topic->thread, NULL);
}

void temperature_topic_close(struct temperature_topic *topic)
{
    if (!topic)
        return;
    if (topic->has_thread)
        stop_thread(topic);
    kafka_producer_destroy(topic->producer);
    pthread_cond_destroy(&topic->emptied);
    pthread_cond_destroy(&topic->filled);
    pthread_mutex_destroy(&topic->mutex);
    temperature_text_release(&topic->text);
    free(topic->cells);
    free(topic);
}

bool temperature_topic_ready(struct temperature_topic *topic, int timeout_ms)
{
    struct timespec deadline = monotonic_after_ms(timeout_ms);
    int late = 0;
    pthread_mutex_lock(&topic->mutex);
    while (topic->full && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&topic->emptied, &topic->mutex, &deadline);
    bool ready = !topic->full;
    pthread_mutex_unlock(&topic->mutex);
    return ready;
}

void temperature_topic_set_patience(struct temperature_topic *topic,
                                    const struct patience *patience)
{
    topic->patience = patience;
}

/* Until the thread has nothing to do, which an abandoned producer soon sees to. */
static enum status await_thread(struct temperature_topic *topic, struct error *err)
{
    while (!temperature_topic_ready(topic, WAIT_MS))
        if (patience_is_over(topic->patience))
            kafka_producer_abandon(topic->producer);
    pthread_mutex_lock(&topic->mutex);
    enum status status = topic->failure;
    pthread_mutex_unlock(&topic->mutex);
    if (status != STATUS_OK)
        *err = topic->error;
    return status;
}

enum status temperature_topic_begin(struct temperature_topic *topic, double **cells,
                                    struct error *err)
{
    TRY(await_thread(topic, err));
    TRY(kafka_producer_check(topic->producer, err));
    *cells = topic->cells;
    return STATUS_OK;
}

void temperature_topic_send(struct temperature_topic *topic, const struct temperature_frame *frame,
                            const struct temperature_area *area)
{
    assert(area->x0 < area->x1 && area->y0 < area->y1);
    assert((area->x1 - area->x0) * (area->y1 - area->y0) <= topic->room);
    pthread_mutex_lock(&topic->mutex);
    assert(!topic->full);
    topic->frame = *frame;
    topic->area = *area;
    topic->full = true;
    pthread_cond_signal(&topic->filled);
    pthread_mutex_unlock(&topic->mutex);
}

enum status temperature_topic_sync(struct temperature_topic *topic, struct error *err)
{
    TRY(await_thread(topic, err));
    return kafka_producer_flush(topic->producer, topic->patience, err);
}
