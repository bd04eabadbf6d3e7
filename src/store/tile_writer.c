#include "tile_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

struct job {
    const struct segment *segment;
    int64_t row;
    struct segment_slab slab;
};

/* A ring: what is the `given`-th in a while lies at given % count. */
struct tile_writer {
    pthread_t thread;
    bool runs;
    int count;
    char *room; /* [count][bytes] */
    size_t bytes;
    struct job *jobs;      /* [count] */
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t more, fewer;
    int64_t given, done;
    bool ends;
    enum status status; /* the first since the last wait that was not STATUS_OK, and its text */
    struct error error;
};

/* The mutex is held. */
static bool await_job(struct tile_writer *writer)
{
    while (writer->done == writer->given && !writer->ends)
        pthread_cond_wait(&writer->more, &writer->mutex);
    return writer->done < writer->given;
}

static void *writer_main(void *context)
{
    struct tile_writer *writer = context;
    struct error error;
    pthread_mutex_lock(&writer->mutex);
    while (await_job(writer)) {
        const struct job *job = &writer->jobs[writer->done % writer->count];
        pthread_mutex_unlock(&writer->mutex);
        enum status status = segment_write_tiles(job->segment, job->row, &job->slab, &error);
        pthread_mutex_lock(&writer->mutex);
        if (status != STATUS_OK && writer->status == STATUS_OK) {
            writer->status = status;
            writer->error = error;
        }
        writer->done++;
        pthread_cond_signal(&writer->fewer);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

struct tile_writer *tile_writer_create(int count, size_t bytes)
{
    struct tile_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->more, NULL);
    pthread_cond_init(&writer->fewer, NULL);
    writer->count = count;
    writer->bytes = bytes;
    writer->room = malloc((size_t)count * bytes);
    writer->jobs = calloc((size_t)count, sizeof *writer->jobs);
    writer->runs =
        writer->room && writer->jobs && thread_start(&writer->thread, writer_main, writer) == 0;
    if (writer->runs)
        return writer;
    tile_writer_destroy(writer);
    return NULL;
}

void tile_writer_destroy(struct tile_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->ends = true;
    pthread_cond_signal(&writer->more);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->runs)
        pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->more);
    pthread_cond_destroy(&writer->fewer);
    pthread_mutex_destroy(&writer->mutex);
    free(writer->room);
    free(writer->jobs);
    free(writer);
}

/* Returns with so few left that were handed over. */
static void await_done(struct tile_writer *writer, int64_t left)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->given - writer->done > left)
        pthread_cond_wait(&writer->fewer, &writer->mutex);
    pthread_mutex_unlock(&writer->mutex);
}

static void *next_room(const struct tile_writer *writer)
{
    return writer->room + (size_t)(writer->given % writer->count) * writer->bytes;
}

void *tile_writer_room(struct tile_writer *writer)
{
    await_done(writer, writer->count - 1);
    return next_room(writer);
}

void tile_writer_give(struct tile_writer *writer, const struct segment *segment, int64_t row,
                      const struct segment_slab *slab)
{
    assert(slab->cells == next_room(writer));
    writer->jobs[writer->given % writer->count] =
        (struct job){.segment = segment, .row = row, .slab = *slab};
    pthread_mutex_lock(&writer->mutex);
    writer->given++;
    pthread_cond_signal(&writer->more);
    pthread_mutex_unlock(&writer->mutex);
}

enum status tile_writer_wait(struct tile_writer *writer, struct error *err)
{
    await_done(writer, 0);
    enum status status = writer->status;
    if (status != STATUS_OK)
        *err = writer->error;
    writer->status = STATUS_OK;
    return status;
}
