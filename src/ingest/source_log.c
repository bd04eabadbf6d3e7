#include "ingest/source_log.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "ingest/event_log_cursor.h"
#include "source_ops.h"
#include "waker.h"

enum { READ_MAX = 1024 };

struct log_partition {
    struct event_log_cursor cursor;
    struct message *messages; /* [READ_MAX] */
    bool started, ended;      /* ended: the end has been handed over */
};

struct source_log {
    struct source base;
    struct event_log *log;
    int count;
    struct log_partition *partitions;
    struct waker waker;
};

static struct source_log *of(const struct source *source)
{
    return (struct source_log *)source;
}

static struct source_identity log_identity(const struct source *source)
{
    return event_log_identity(of(source)->log);
}

static enum status log_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                              struct error *err)
{
    (void)err;
    *first = event_log_first(of(source)->log, partition);
    *end = event_log_end(of(source)->log, partition);
    return STATUS_OK;
}

static enum status start_partition(struct source_log *source, int p, int64_t next,
                                   struct error *err)
{
    struct log_partition *partition = &source->partitions[p];
    int64_t first = event_log_first(source->log, p), end = event_log_end(source->log, p);
    partition->started = next >= 0;
    partition->ended = false;
    if (next < 0)
        return STATUS_OK;
    if (next < first || next > end)
        return error_set(err, STATUS_NO_INPUT,
                         "partition %d: offset %lld is not in the event log, which has %lld to "
                         "%lld of %s",
                         p, (long long)next, (long long)first, (long long)end - 1,
                         event_log_identity(source->log).topic);
    return event_log_seek(source->log, p, next, &partition->cursor, err);
}

static enum status log_start(struct source *base, const int64_t *next, struct error *err)
{
    struct source_log *source = of(base);
    for (int p = 0; p < source->count; p++)
        TRY(start_partition(source, p, next[p], err));
    return STATUS_OK;
}

static enum status log_read(struct source *base, int p, int max, const struct message **messages,
                            int *count, struct error *err)
{
    struct source_log *source = of(base);
    struct log_partition *partition = &source->partitions[p];
    int got = 0;
    if (partition->started && !partition->ended) {
        TRY(event_log_read(source->log, p, &partition->cursor, max < READ_MAX ? max : READ_MAX,
                           partition->messages, &got, err));
        partition->ended = got == 0;
        if (partition->ended)
            partition->messages[got++] =
                (struct message){.offset = event_log_end(source->log, p), .end = true};
    }
    *messages = partition->messages;
    *count = got;
    return STATUS_OK;
}

/* A log always has something at hand until its end has been handed over. */
static enum status log_wait(struct source *base, int timeout_ms, struct error *err)
{
    struct source_log *source = of(base);
    (void)err;
    for (int p = 0; p < source->count; p++)
        if (source->partitions[p].started && !source->partitions[p].ended)
            return STATUS_OK;
    waker_wait(&source->waker, timeout_ms);
    return STATUS_OK;
}

static void log_wake(struct source *base)
{
    waker_raise(&of(base)->waker);
}

static void log_destroy(struct source *base)
{
    struct source_log *source = of(base);
    for (int p = 0; p < source->count; p++) {
        event_log_cursor_release(&source->partitions[p].cursor);
        free(source->partitions[p].messages);
    }
    free(source->partitions);
    event_log_close(source->log);
    waker_release(&source->waker);
    free(source);
}

static const struct source_ops log_ops = {.identity = log_identity,
                                          .bounds = log_bounds,
                                          .start = log_start,
                                          .read = log_read,
                                          .wait = log_wait,
                                          .wake = log_wake,
                                          .destroy = log_destroy};

static void create_partitions(struct source_log *source)
{
    source->count = event_log_identity(source->log).partitions;
    source->partitions = memory_zeroed(source->count, sizeof *source->partitions);
    for (int p = 0; p < source->count; p++) {
        struct log_partition *partition = &source->partitions[p];
        partition->messages = memory_zeroed(READ_MAX, sizeof *partition->messages);
    }
}

enum status source_open_log(const char *path, struct source **opened, struct error *err)
{
    struct event_log *log;
    TRY(event_log_open(path, &log, err));
    struct source_log *source = memory_zeroed(1, sizeof *source);
    source->base.ops = &log_ops;
    source->log = log;
    waker_init(&source->waker);
    create_partitions(source);
    int64_t torn = event_log_size(log).torn;
    if (torn > 0)
        log_warn("%s: the last %lld bytes are left out, they are torn: the recording goes on, or "
                 "was interrupted",
                 path, (long long)torn);
    *opened = &source->base;
    return STATUS_OK;
}
