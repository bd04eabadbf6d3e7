#include "ingest/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/memory.h"
#include "event_log_internal.h"

/* Headers of blocks are read a window at a time: of small blocks there are many in one. */
enum { WINDOW_BYTES = 16 << 10, SEARCH_BYTES = 1 << 20 };

enum status event_log_damaged(const struct event_log *log, int64_t position, const char *reason,
                              struct error *err)
{
    return error_set(err, STATUS_BAD_DATA, "event log %s is damaged at byte %lld: %s", log->path,
                     (long long)position, reason);
}

static enum status read_at(const struct event_log *log, int64_t position, void *bytes, size_t size,
                           struct error *err)
{
    uint8_t *next = bytes;
    while (size > 0) {
        ssize_t got = pread(log->fd, next, size, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, STATUS_IO, "reading event log %s at byte %lld: %s", log->path,
                             (long long)position, strerror(errno));
        if (got == 0)
            return error_set(err, STATUS_IO, "event log %s has become shorter: byte %lld is gone",
                             log->path, (long long)position);
        next += got;
        position += got;
        size -= (size_t)got;
    }
    return STATUS_OK;
}

/* *bytes: `size` bytes at `position`, all within the file, valid until the next call. */
static enum status look_at(struct event_log *log, int64_t position, size_t size, int64_t read_ahead,
                           const uint8_t **bytes, struct error *err)
{
    struct buffer *window = &log->window;
    if (position < log->window_at ||
        position + (int64_t)size > log->window_at + (int64_t)window->size) {
        int64_t wanted = max_int64((int64_t)size, read_ahead);
        size_t whole = (size_t)min_int64(wanted, log->file_size - position);
        buffer_clear(window);
        TRY(read_at(log, position, buffer_reserve(window, whole), whole, err));
        window->size = whole;
        log->window_at = position;
    }
    *bytes = window->data + (position - log->window_at);
    return STATUS_OK;
}

static enum status read_header(struct event_log *log, size_t *size, struct error *err)
{
    const uint8_t *bytes = NULL;
    if (log->file_size >= LOG_PREFIX_BYTES)
        TRY(look_at(log, 0, LOG_PREFIX_BYTES, WINDOW_BYTES, &bytes, err));
    if (!bytes || memcmp(bytes, log_magic, LOG_MAGIC_BYTES) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s is not an event log: it does not begin as one",
                         log->path);
    enum status status = log_header_size(bytes, size, err);
    if (status == STATUS_OK && (int64_t)*size > log->file_size)
        status = error_set(err, STATUS_BAD_DATA, "the header has %zu bytes, the file %lld", *size,
                           (long long)log->file_size);
    if (status == STATUS_OK)
        status = look_at(log, 0, *size, WINDOW_BYTES, &bytes, err);
    if (status == STATUS_OK)
        status = log_header_decode(bytes, *size, &log->header, err);
    return status == STATUS_OK ? status : error_prefix(err, status, "event log %s", log->path);
}

/* What is wrong with a block whose header is intact, NULL: nothing. */
static const char *fault_of(const struct event_log *log, int64_t position,
                            const struct log_block *block)
{
    bool mark = block->partition == LOG_MARK;
    if (block->position != position || block->synced < 0 || block->synced > position)
        return "a block that belongs elsewhere";
    if (block->bytes > LOG_BLOCK_BYTES_MAX)
        return "a block too large";
    if (mark)
        return block->bytes || block->records ? "a mark with records" : NULL;
    if (block->partition >= (uint32_t)log->header.partitions)
        return "a block of a partition the log does not have";
    if (block->from != log->end[block->partition])
        return "a block that does not go on where the one before it of its partition ended";
    if (block->to < block->from || block->records > (uint64_t)block->to - (uint64_t)block->from)
        return "a block with more records than offsets";
    return NULL;
}

static int64_t end_of(const struct log_block *block)
{
    return block->position + LOG_BLOCK_HEADER + (int64_t)block->bytes;
}

static void index_block(struct event_log *log, const struct log_block *block)
{
    log->size.bytes = end_of(block);
    log->size.closed = block->partition == LOG_MARK && block->synced == block->position;
    if (block->partition == LOG_MARK)
        return;
    log->size.blocks++;
    log->size.records += block->records;
    log->end[block->partition] = block->to;
    struct log_place place = {.position = block->position, .from = block->from};
    buffer_append(&log->places[block->partition], &place, sizeof place);
}

/* A search for the proof that the file was once on the disk beyond `position`, in what follows. */
static enum status find_proof(struct event_log *log, int64_t position, bool *found,
                              struct error *err)
{
    *found = false;
    for (int64_t at = position + 1; at + LOG_BLOCK_HEADER <= log->file_size; at++) {
        const uint8_t *bytes;
        TRY(look_at(log, at, LOG_BLOCK_HEADER, SEARCH_BYTES, &bytes, err));
        size_t begins = log->window.size - (size_t)(at - log->window_at) - LOG_BLOCK_HEADER;
        const uint8_t *magic = memchr(bytes, log_block_magic[0], begins + 1);
        if (!magic) {
            at += (int64_t)begins;
            continue;
        }
        at += magic - bytes;
        struct log_block block;
        *found = log_block_decode(magic, &block) && block.position == at && block.synced > position;
        if (*found)
            return STATUS_OK;
    }
    return STATUS_OK;
}

/* The block at `position` cannot be believed. */
static enum status judge_rest(struct event_log *log, int64_t position, const char *reason,
                              struct error *err)
{
    bool proof;
    TRY(find_proof(log, position, &proof, err));
    return proof ? event_log_damaged(log, position, reason, err) : STATUS_OK;
}

/* Indexes blocks by their headers; *synced: the file was on the disk up to here. */
static enum status walk(struct event_log *log, int64_t *synced, struct error *err)
{
    int64_t at = log->size.bytes;
    while (at + LOG_BLOCK_HEADER <= log->file_size) {
        const uint8_t *bytes;
        struct log_block block;
        TRY(look_at(log, at, LOG_BLOCK_HEADER, WINDOW_BYTES, &bytes, err));
        if (!log_block_decode(bytes, &block))
            return judge_rest(log, at, "the header of a block does not agree with its CRC", err);
        const char *fault = fault_of(log, at, &block);
        if (fault)
            return event_log_damaged(log, at, fault, err);
        if (end_of(&block) > log->file_size)
            return STATUS_OK;
        index_block(log, &block);
        *synced = block.synced;
        at = end_of(&block);
    }
    return STATUS_OK;
}

enum status event_log_load(struct event_log *log, int64_t position, struct log_block *block,
                           struct buffer *records, struct error *err)
{
    uint8_t bytes[LOG_BLOCK_HEADER];
    struct log_block found = {0};
    bool within = position + LOG_BLOCK_HEADER <= log->file_size;
    if (within)
        TRY(read_at(log, position, bytes, sizeof bytes, err));
    if (!within || !log_block_decode(bytes, &found) || found.position != position ||
        end_of(&found) > log->file_size)
        return event_log_damaged(log, position, "no block stands there any more", err);
    buffer_clear(records);
    TRY(read_at(log, position + LOG_BLOCK_HEADER, buffer_reserve(records, found.bytes), found.bytes,
                err));
    records->size = found.bytes;
    if (log_crc(records->data, records->size) != found.crc)
        return event_log_damaged(log, position,
                                 "the records of a block do not agree with their CRC", err);
    *block = found;
    return STATUS_OK;
}

static void begin_index(struct event_log *log, int64_t header_bytes)
{
    log->size = (struct event_log_size){.bytes = header_bytes};
    for (int p = 0; p < log->header.partitions; p++) {
        buffer_clear(&log->places[p]);
        log->end[p] = log->header.first[p];
    }
}

/* What was perhaps not on the disk when the writer was interrupted may lack its records although
 * its header is there. *bad: the first such block, or -1. */
static enum status check_tail(struct event_log *log, int64_t synced, int64_t *bad,
                              struct error *err)
{
    struct buffer records = {0};
    struct log_block block;
    enum status status = STATUS_OK;
    int64_t at = synced;
    for (; at < log->size.bytes && status == STATUS_OK; at = end_of(&block)) {
        status = event_log_load(log, at, &block, &records, err);
        if (status != STATUS_OK)
            break;
    }
    buffer_release(&records);
    *bad = status == STATUS_BAD_DATA ? at : -1;
    return status == STATUS_BAD_DATA ? STATUS_OK : status;
}

static enum status find_blocks(struct event_log *log, size_t header_bytes, struct error *err)
{
    int64_t whole = log->file_size, synced = (int64_t)header_bytes, bad;
    begin_index(log, synced);
    TRY(walk(log, &synced, err));
    TRY(check_tail(log, synced, &bad, err));
    if (bad >= 0) {
        TRY(judge_rest(log, bad, "the records of a block do not agree with their CRC", err));
        begin_index(log, (int64_t)header_bytes);
        log->file_size = bad;
        TRY(walk(log, &synced, err));
    }
    log->size.torn = whole - log->size.bytes;
    return STATUS_OK;
}

static enum status open_regular(struct event_log *log, struct error *err)
{
    struct stat info;
    log->fd = open(log->path, O_RDONLY | O_CLOEXEC);
    if (log->fd < 0 || fstat(log->fd, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "opening event log %s: %s", log->path,
                         strerror(errno));
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_NO_INPUT, "event log %s is not a regular file", log->path);
    log->file_size = info.st_size;
    return STATUS_OK;
}

static enum status open_log(struct event_log *log, struct error *err)
{
    size_t header_bytes;
    TRY(open_regular(log, err));
    TRY(read_header(log, &header_bytes, err));
    int partitions = log->header.partitions;
    log->places = memory_zeroed(partitions, sizeof *log->places);
    log->end = memory_zeroed(partitions, sizeof *log->end);
    return find_blocks(log, header_bytes, err);
}

enum status event_log_open(const char *path, struct event_log **opened, struct error *err)
{
    struct event_log *log = memory_zeroed(1, sizeof *log);
    log->path = memory_text(path);
    log->fd = -1;
    enum status status = open_log(log, err);
    if (status == STATUS_OK)
        *opened = log;
    else
        event_log_close(log);
    return status;
}

void event_log_close(struct event_log *log)
{
    if (!log)
        return;
    for (int p = 0; log->places && p < log->header.partitions; p++)
        buffer_release(&log->places[p]);
    if (log->fd >= 0)
        close(log->fd);
    free(log->places);
    free(log->end);
    free(log->path);
    buffer_release(&log->window);
    log_header_release(&log->header);
    free(log);
}

bool event_log_is(const char *path)
{
    uint8_t bytes[LOG_MAGIC_BYTES];
    size_t length = strlen(path);
    if (length > 4 && strcmp(path + length - 4, ".hsl") == 0)
        return true;
    FILE *file = fopen(path, "rbe");
    bool is = file && fread(bytes, 1, sizeof bytes, file) == sizeof bytes &&
              memcmp(bytes, log_magic, sizeof bytes) == 0;
    if (file)
        fclose(file);
    return is;
}

struct source_identity event_log_identity(const struct event_log *log)
{
    return (struct source_identity){.topic = log->header.topic,
                                    .cluster_id = log->header.cluster_id,
                                    .partitions = log->header.partitions,
                                    .bounded = true};
}

int64_t event_log_first(const struct event_log *log, int partition)
{
    return log->header.first[partition];
}

int64_t event_log_end(const struct event_log *log, int partition)
{
    return log->end[partition];
}

struct event_log_size event_log_size(const struct event_log *log)
{
    return log->size;
}
