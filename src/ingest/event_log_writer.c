#include "ingest/event_log_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/memory.h"
#include "event_log_format.h"
#include "ingest/event_log.h"

/* A block is written when its partition has gathered so many bytes: all partitions together hold no
 * more than PENDING_BYTES, and no block is larger than BLOCK_MOST but for a single record. */
enum { PENDING_BYTES = 64 << 20, BLOCK_MOST = 1 << 20, BLOCK_LEAST = 16 << 10 };

/* The block being gathered of a partition: room for its header, then the records. */
struct pending {
    struct buffer bytes;
    struct log_base base;
    int64_t from, to;
    uint32_t records;
};

struct event_log_writer {
    char *path;
    int fd, partitions;
    int64_t position, synced; /* end of the file, and what of it is on the disk */
    int64_t gathered;         /* bytes of records in all pending blocks */
    int64_t marked;           /* where the last mark ended, -1: none */
    bool broken;              /* a write failed: nothing more may be written */
    size_t block_bytes;
    struct pending *pending; /* [partitions] */
};

static enum status fail_create(const char *path, const char *what, struct error *err)
{
    return error_set(err, STATUS_CANNOT_CREATE, "%s event log %s: %s", what, path, strerror(errno));
}

static enum status write_header(int fd, const char *path, const struct source_identity *topic,
                                const int64_t *first, struct error *err)
{
    struct buffer bytes = {0};
    log_header_encode(topic, first, &bytes);
    enum status status = durable_write_all(fd, path, bytes.data, bytes.size, err);
    buffer_release(&bytes);
    if (status == STATUS_OK && fsync(fd) != 0)
        status = error_set(err, STATUS_IO, "syncing %s: %s", path, strerror(errno));
    return status;
}

/* The name is given when the header is whole, and only if it is free. */
static enum status give_name(const char *made, const char *path, struct error *err)
{
    if (link(made, path) != 0 && errno != EEXIST)
        return fail_create(path, "creating", err);
    return durable_sync_parent(path, err);
}

enum status event_log_create(const char *path, const struct source_identity *topic,
                             const int64_t *first, struct error *err)
{
    char made[PATH_MAX];
    int length = snprintf(made, sizeof made, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof made)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", path);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_create(path, "creating", err);
    enum status status = write_header(fd, made, topic, first, err);
    close(fd);
    if (status == STATUS_OK)
        status = give_name(made, path, err);
    unlink(made);
    return status;
}

static enum status check_topic(const struct event_log *log, const char *path,
                               const struct source_identity *topic, struct error *err)
{
    struct source_identity recorded = event_log_identity(log);
    if (strcmp(recorded.topic, topic->topic) != 0)
        return error_set(err, STATUS_BAD_DATA, "%s holds topic %s, not %s", path, recorded.topic,
                         topic->topic);
    if (strcmp(recorded.cluster_id, topic->cluster_id) != 0)
        return error_set(err, STATUS_BAD_DATA,
                         "%s holds topic %s of Kafka cluster %s, this is cluster %s", path,
                         topic->topic, recorded.cluster_id, topic->cluster_id);
    if (recorded.partitions != topic->partitions)
        return error_set(err, STATUS_BAD_DATA,
                         "%s had %d partitions when the recording in %s began, it has %d now",
                         topic->topic, recorded.partitions, path, topic->partitions);
    return STATUS_OK;
}

/* Whatever is intact is synced from here on, whoever wrote it. */
static enum status cut_tail(struct event_log_writer *writer, int64_t torn, struct error *err)
{
    if (torn > 0)
        log_warn("%s: the last %lld bytes are torn, of a recording that was interrupted: cut off",
                 writer->path, (long long)torn);
    if ((torn > 0 && ftruncate(writer->fd, (off_t)writer->position) != 0) ||
        lseek(writer->fd, (off_t)writer->position, SEEK_SET) < 0 || fsync(writer->fd) != 0)
        return error_set(err, STATUS_IO, "cutting the torn tail of %s: %s", writer->path,
                         strerror(errno));
    writer->synced = writer->position;
    return STATUS_OK;
}

static void begin_block(struct pending *pending, int64_t from)
{
    buffer_clear(&pending->bytes);
    buffer_reserve(&pending->bytes, LOG_BLOCK_HEADER);
    pending->bytes.size = LOG_BLOCK_HEADER;
    pending->base = (struct log_base){.offset = from};
    pending->from = pending->to = from;
    pending->records = 0;
}

static void begin_blocks(struct event_log_writer *writer, const struct event_log *log)
{
    writer->partitions = event_log_identity(log).partitions;
    writer->pending = memory_zeroed(writer->partitions, sizeof *writer->pending);
    int64_t share = PENDING_BYTES / writer->partitions;
    writer->block_bytes = (size_t)max_int64(BLOCK_LEAST, min_int64(BLOCK_MOST, share));
    for (int p = 0; p < writer->partitions; p++)
        begin_block(&writer->pending[p], event_log_end(log, p));
}

static enum status lock(struct event_log_writer *writer, struct error *err)
{
    writer->fd = open(writer->path, O_WRONLY | O_CLOEXEC);
    if (writer->fd < 0)
        return fail_create(writer->path, "opening", err);
    if (flock(writer->fd, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    if (errno != EWOULDBLOCK)
        return fail_create(writer->path, "locking", err);
    return error_set(err, STATUS_CANNOT_CREATE, "another process is recording to %s", writer->path);
}

static enum status go_on(struct event_log_writer *writer, const struct source_identity *topic,
                         struct error *err)
{
    struct event_log *log;
    TRY(lock(writer, err));
    TRY(event_log_open(writer->path, &log, err));
    enum status status = check_topic(log, writer->path, topic, err);
    if (status == STATUS_OK) {
        writer->position = event_log_size(log).bytes;
        writer->marked = event_log_size(log).closed ? writer->position : -1;
        status = cut_tail(writer, event_log_size(log).torn, err);
    }
    if (status == STATUS_OK)
        begin_blocks(writer, log);
    event_log_close(log);
    return status;
}

enum status event_log_writer_open(const char *path, const struct source_identity *topic,
                                  struct event_log_writer **writer, struct error *err)
{
    struct event_log_writer *opened = memory_zeroed(1, sizeof *opened);
    opened->path = memory_text(path);
    opened->fd = -1;
    enum status status = go_on(opened, topic, err);
    if (status == STATUS_OK)
        *writer = opened;
    else
        event_log_writer_discard(opened);
    return status;
}

void event_log_writer_discard(struct event_log_writer *writer)
{
    if (!writer)
        return;
    for (int p = 0; writer->pending && p < writer->partitions; p++)
        buffer_release(&writer->pending[p].bytes);
    if (writer->fd >= 0)
        close(writer->fd);
    free(writer->pending);
    free(writer->path);
    free(writer);
}

int64_t event_log_writer_next(const struct event_log_writer *writer, int partition)
{
    return writer->pending[partition].to;
}

int64_t event_log_writer_bytes(const struct event_log_writer *writer)
{
    return writer->position;
}

int64_t event_log_writer_unsynced(const struct event_log_writer *writer)
{
    return writer->position - writer->synced + writer->gathered;
}

/* `bytes`: room for the header, then the records. */
static enum status write_block(struct event_log_writer *writer, struct log_block *block,
                               uint8_t *bytes, struct error *err)
{
    block->position = writer->position;
    block->synced = writer->synced;
    block->crc = log_crc(bytes + LOG_BLOCK_HEADER, block->bytes);
    log_block_encode(block, bytes);
    size_t size = LOG_BLOCK_HEADER + (size_t)block->bytes;
    writer->broken = true;
    TRY(durable_write_all(writer->fd, writer->path, bytes, size, err));
    writer->broken = false;
    writer->position += (int64_t)size;
    return STATUS_OK;
}

static enum status write_pending(struct event_log_writer *writer, int partition, struct error *err)
{
    struct pending *pending = &writer->pending[partition];
    if (pending->to == pending->from)
        return STATUS_OK;
    size_t size = pending->bytes.size - LOG_BLOCK_HEADER;
    struct log_block block = {.from = pending->from,
                              .to = pending->to,
                              .partition = (uint32_t)partition,
                              .records = pending->records,
                              .bytes = (uint32_t)size};
    TRY(write_block(writer, &block, pending->bytes.data, err));
    writer->gathered -= (int64_t)size;
    begin_block(pending, pending->to);
    return STATUS_OK;
}

enum status event_log_writer_put(struct event_log_writer *writer, int partition,
                                 const struct message *message, struct error *err)
{
    struct pending *pending = &writer->pending[partition];
    assert(message->offset >= pending->to);
    size_t before = pending->bytes.size;
    if (message->key_size + message->value_size > LOG_BLOCK_BYTES_MAX / 2)
        return error_set(err, STATUS_BAD_DATA,
                         "partition %d: the record at offset %lld has %zu bytes, too many for an "
                         "event log",
                         partition, (long long)message->offset,
                         message->key_size + message->value_size);
    log_record_encode(&pending->base, message, &pending->bytes);
    pending->to = message->offset + 1;
    pending->records++;
    writer->gathered += (int64_t)(pending->bytes.size - before);
    return pending->bytes.size >= writer->block_bytes ? write_pending(writer, partition, err)
                                                      : STATUS_OK;
}

void event_log_writer_reach(struct event_log_writer *writer, int partition, int64_t offset)
{
    struct pending *pending = &writer->pending[partition];
    pending->to = max_int64(pending->to, offset);
}

enum status event_log_writer_sync(struct event_log_writer *writer, struct error *err)
{
    for (int p = 0; p < writer->partitions; p++)
        TRY(write_pending(writer, p, err));
    if (writer->synced == writer->position)
        return STATUS_OK;
    writer->broken = fdatasync(writer->fd) != 0;
    if (writer->broken)
        return error_set(err, STATUS_IO, "syncing %s: %s", writer->path, strerror(errno));
    writer->synced = writer->position;
    return STATUS_OK;
}

static enum status write_mark(struct event_log_writer *writer, struct error *err)
{
    uint8_t bytes[LOG_BLOCK_HEADER];
    struct log_block mark = {.partition = LOG_MARK};
    TRY(write_block(writer, &mark, bytes, err));
    return event_log_writer_sync(writer, err);
}

enum status event_log_writer_close(struct event_log_writer *writer, struct error *err)
{
    enum status status =
        writer->broken
            ? error_set(err, STATUS_IO, "%s was not completed: writing to it failed", writer->path)
            : event_log_writer_sync(writer, err);
    if (status == STATUS_OK && writer->marked != writer->position)
        status = write_mark(writer, err);
    event_log_writer_discard(writer);
    return status;
}
