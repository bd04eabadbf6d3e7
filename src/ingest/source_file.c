#include "ingest/source_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "ingest/event_log.h"
#include "ingest/source_log.h"
#include "source_ops.h"
#include "waker.h"
#include "wire/decoder.h"
#include "wire/line_file.h"

_Static_assert((int)LINE_BYTES_MAX == (int)DECODER_BYTES_MAX,
               "a line that was cut must be undecodable");

enum { READ_MAX = 1024 };

struct file_partition {
    struct line_file *file;
    struct message *messages; /* [READ_MAX] */
    struct line *lines;       /* [READ_MAX] */
    bool started, ended;      /* ended: the end has been handed over */
};

struct source_file {
    struct source base;
    struct file_partition *partitions;
    int count;
    struct buffer names; /* of the files, without folders, joined by commas */
    struct waker waker;
};

static struct source_identity file_identity(const struct source *base)
{
    const struct source_file *source = (const struct source_file *)base;
    return (struct source_identity){.topic = (const char *)source->names.data,
                                    .cluster_id = "",
                                    .partitions = source->count,
                                    .bounded = true};
}

static enum status file_bounds(struct source *base, int partition, int64_t *first, int64_t *end,
                               struct error *err)
{
    const struct source_file *source = (const struct source_file *)base;
    (void)err;
    *first = 0;
    *end = line_file_count(source->partitions[partition].file);
    return STATUS_OK;
}

static enum status start_partition(struct file_partition *partition, int64_t next,
                                   struct error *err)
{
    int64_t count = line_file_count(partition->file);
    partition->started = next >= 0;
    partition->ended = false;
    if (next > count)
        return error_set(err, STATUS_NO_INPUT, "record %lld is wanted of a file that has %lld",
                         (long long)next, (long long)count);
    return next >= 0 ? line_file_seek(partition->file, next, err) : STATUS_OK;
}

static enum status file_start(struct source *base, const int64_t *next, struct error *err)
{
    struct source_file *source = (struct source_file *)base;
    for (int p = 0; p < source->count; p++) {
        enum status status = start_partition(&source->partitions[p], next[p], err);
        if (status != STATUS_OK)
            return error_prefix(err, status, "event file %d", p);
    }
    return STATUS_OK;
}

static int put_end(struct file_partition *partition)
{
    partition->ended = true;
    partition->messages[0] =
        (struct message){.offset = line_file_count(partition->file), .end = true};
    return 1;
}

static enum status file_read(struct source *base, int index, int max,
                             const struct message **messages, int *count, struct error *err)
{
    struct source_file *source = (struct source_file *)base;
    struct file_partition *partition = &source->partitions[index];
    int got = 0;
    if (partition->started && !partition->ended) {
        int64_t offset = line_file_next(partition->file);
        TRY(line_file_read(partition->file, max < READ_MAX ? max : READ_MAX, partition->lines, &got,
                           err));
        for (int i = 0; i < got; i++)
            partition->messages[i] = (struct message){.offset = offset + i,
                                                      .value = partition->lines[i].text,
                                                      .value_size = partition->lines[i].size};
        if (got == 0)
            got = put_end(partition);
    }
    *messages = partition->messages;
    *count = got;
    return STATUS_OK;
}

/* A file always has something at hand until its end has been handed over. */
static enum status file_wait(struct source *base, int timeout_ms, struct error *err)
{
    struct source_file *source = (struct source_file *)base;
    (void)err;
    for (int p = 0; p < source->count; p++)
        if (source->partitions[p].started && !source->partitions[p].ended)
            return STATUS_OK;
    waker_wait(&source->waker, timeout_ms);
    return STATUS_OK;
}

static void file_wake(struct source *base)
{
    waker_raise(&((struct source_file *)base)->waker);
}

static void file_destroy(struct source *base)
{
    struct source_file *source = (struct source_file *)base;
    for (int p = 0; p < source->count; p++) {
        line_file_close(source->partitions[p].file);
        free(source->partitions[p].messages);
        free(source->partitions[p].lines);
    }
    free(source->partitions);
    buffer_release(&source->names);
    waker_release(&source->waker);
    free(source);
}

static const struct source_ops file_ops = {.identity = file_identity,
                                           .bounds = file_bounds,
                                           .start = file_start,
                                           .read = file_read,
                                           .wait = file_wait,
                                           .wake = file_wake,
                                           .destroy = file_destroy};

static enum status open_partition(struct source_file *source, const char *path, struct error *err)
{
    struct file_partition *partition = &source->partitions[source->count];
    TRY(line_file_open(path, &partition->file, err));
    partition->messages = memory_zeroed(READ_MAX, sizeof *partition->messages);
    partition->lines = memory_zeroed(READ_MAX, sizeof *partition->lines);
    const char *slash = strrchr(path, '/');
    buffer_printf(&source->names, "%s%s", source->count ? "," : "", slash ? slash + 1 : path);
    source->count++;
    return STATUS_OK;
}

static enum status open_lines(const char *const *paths, int count, struct source **opened,
                              struct error *err)
{
    struct source_file *source = memory_zeroed(1, sizeof *source);
    source->partitions = memory_zeroed(count, sizeof *source->partitions);
    source->base.ops = &file_ops;
    waker_init(&source->waker);
    for (int i = 0; i < count; i++) {
        enum status status = open_partition(source, paths[i], err);
        if (status != STATUS_OK) {
            file_destroy(&source->base);
            return status;
        }
    }
    buffer_put_u8(&source->names, 0);
    *opened = &source->base;
    return STATUS_OK;
}

enum status source_open_files(const char *const *paths, int count, struct source **opened,
                              struct error *err)
{
    if (count == 1 && event_log_is(paths[0]))
        return source_open_log(paths[0], opened, err);
    for (int i = 0; i < count; i++)
        if (event_log_is(paths[i]))
            return error_set(err, STATUS_BAD_DECK,
                             "stream.files: %s is an event log: it holds all partitions of its "
                             "topic and must be the only file",
                             paths[i]);
    return open_lines(paths, count, opened, err);
}

const char *source_file_header(const struct source *base, int partition)
{
    if (base->ops != &file_ops)
        return NULL;
    const struct source_file *source = (const struct source_file *)base;
    return line_file_header(source->partitions[partition].file);
}
