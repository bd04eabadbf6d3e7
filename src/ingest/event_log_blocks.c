#include "event_log_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"

/* Headers of blocks are read a window at a time: of small blocks there are many in one. */
enum { WINDOW_BYTES = 16 << 10, SEARCH_BYTES = 1 << 20 };

enum status log_blocks_damaged(const struct log_blocks *blocks, int64_t position,
                               const char *reason, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA, "event log %s is damaged at byte %lld: %s", blocks->path,
                     (long long)position, reason);
}

static enum status read_at(const struct log_blocks *blocks, int64_t position, void *bytes,
                           size_t size, struct error *err)
{
    uint8_t *next = bytes;
    while (size > 0) {
        ssize_t got = pread(blocks->fd, next, size, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, STATUS_IO, "reading event log %s at byte %lld: %s", blocks->path,
                             (long long)position, strerror(errno));
        if (got == 0)
            return error_set(err, STATUS_IO, "event log %s has become shorter: byte %lld is gone",
                             blocks->path, (long long)position);
        next += got;
        position += got;
        size -= (size_t)got;
    }
    return STATUS_OK;
}

/* *bytes: `size` bytes at `position`, all within the file, valid until the next call. */
static enum status look_at(struct log_blocks *blocks, int64_t position, size_t size,
                           int64_t read_ahead, const uint8_t **bytes, struct error *err)
{
    struct buffer *window = &blocks->window;
    if (position < blocks->window_at ||
        position + (int64_t)size > blocks->window_at + (int64_t)window->size) {
        int64_t wanted = max_int64((int64_t)size, read_ahead);
        size_t whole = (size_t)min_int64(wanted, blocks->file_size - position);
        buffer_clear(window);
        TRY(read_at(blocks, position, buffer_reserve(window, whole), whole, err));
        window->size = whole;
        blocks->window_at = position;
    }
    *bytes = window->data + (position - blocks->window_at);
    return STATUS_OK;
}

static enum status read_header(struct log_blocks *blocks, size_t *size, struct error *err)
{
    const uint8_t *bytes = NULL;
    if (blocks->file_size >= LOG_PREFIX_BYTES)
        TRY(look_at(blocks, 0, LOG_PREFIX_BYTES, WINDOW_BYTES, &bytes, err));
    if (!bytes || memcmp(bytes, log_magic, LOG_MAGIC_BYTES) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s is not an event log: it does not begin as one",
                         blocks->path);
    enum status status = log_header_size(bytes, size, err);
    if (status == STATUS_OK && (int64_t)*size > blocks->file_size)
        status = error_set(err, STATUS_BAD_DATA, "the header has %zu bytes, the file %lld", *size,
                           (long long)blocks->file_size);
    if (status == STATUS_OK)
        status = look_at(blocks, 0, *size, WINDOW_BYTES, &bytes, err);
    if (status == STATUS_OK)
        status = log_header_decode(bytes, *size, &blocks->header, err);
    return status == STATUS_OK ? status : error_prefix(err, status, "event log %s", blocks->path);
}

/* What is wrong with a block whose header is intact, NULL: nothing. */
static const char *fault_of(const struct log_blocks *blocks, int64_t position,
                            const struct log_block *block)
{
    bool mark = block->partition == LOG_MARK;
    if (block->position != position || block->synced < 0 || block->synced > position)
        return "a block that belongs elsewhere";
    if (block->bytes > LOG_BLOCK_BYTES_MAX)
        return "a block too large";
    if (mark)
        return block->bytes || block->records ? "a mark with records" : NULL;
    if (block->partition >= (uint32_t)blocks->header.partitions)
        return "a block of a partition the log does not have";
    if (block->from != blocks->end[block->partition])
        return "a block that does not go on where the one before it of its partition ended";
    if (block->to < block->from || block->records > (uint64_t)block->to - (uint64_t)block->from)
        return "a block with more records than offsets";
    return NULL;
}

static int64_t end_of(const struct log_block *block)
{
    return block->position + LOG_BLOCK_HEADER + (int64_t)block->bytes;
}

static void index_block(struct log_blocks *blocks, const struct log_block *block)
{
    blocks->size.bytes = end_of(block);
    blocks->size.closed = block->partition == LOG_MARK && block->synced == block->position;
    if (block->partition == LOG_MARK)
        return;
    blocks->size.blocks++;
    blocks->size.records += block->records;
    blocks->end[block->partition] = block->to;
    struct log_place place = {.position = block->position, .from = block->from};
    buffer_append(&blocks->places[block->partition], &place, sizeof place);
}

/* A search for the proof that the file was once on the disk beyond `position`, in what follows. */
static enum status find_proof(struct log_blocks *blocks, int64_t position, bool *found,
                              struct error *err)
{
    *found = false;
    for (int64_t at = position + 1; at + LOG_BLOCK_HEADER <= blocks->file_size; at++) {
        const uint8_t *bytes;
        TRY(look_at(blocks, at, LOG_BLOCK_HEADER, SEARCH_BYTES, &bytes, err));
        size_t begins = blocks->window.size - (size_t)(at - blocks->window_at) - LOG_BLOCK_HEADER;
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
static enum status judge_rest(struct log_blocks *blocks, int64_t position, const char *reason,
                              struct error *err)
{
    bool proof;
    TRY(find_proof(blocks, position, &proof, err));
    return proof ? log_blocks_damaged(blocks, position, reason, err) : STATUS_OK;
}

/* Indexes blocks by their headers; *synced: the file was on the disk up to here. */
static enum status walk(struct log_blocks *blocks, int64_t *synced, struct error *err)
{
    int64_t at = blocks->size.bytes;
    while (at + LOG_BLOCK_HEADER <= blocks->file_size) {
        const uint8_t *bytes;
        struct log_block block;
        TRY(look_at(blocks, at, LOG_BLOCK_HEADER, WINDOW_BYTES, &bytes, err));
        if (!log_block_decode(bytes, &block))
            return judge_rest(blocks, at, "the header of a block does not agree with its CRC", err);
        const char *fault = fault_of(blocks, at, &block);
        if (fault)
            return log_blocks_damaged(blocks, at, fault, err);
        if (end_of(&block) > blocks->file_size)
            return STATUS_OK;
        index_block(blocks, &block);
        *synced = block.synced;
        at = end_of(&block);
    }
    return STATUS_OK;
}

enum status log_blocks_load(struct log_blocks *blocks, int64_t position, struct log_block *block,
                            struct buffer *records, struct error *err)
{
    uint8_t bytes[LOG_BLOCK_HEADER];
    struct log_block found = {0};
    bool within = position + LOG_BLOCK_HEADER <= blocks->file_size;
    if (within)
        TRY(read_at(blocks, position, bytes, sizeof bytes, err));
    if (!within || !log_block_decode(bytes, &found) || found.position != position ||
        end_of(&found) > blocks->file_size)
        return log_blocks_damaged(blocks, position, "no block stands there any more", err);
    buffer_clear(records);
    TRY(read_at(blocks, position + LOG_BLOCK_HEADER, buffer_reserve(records, found.bytes),
                found.bytes, err));
    records->size = found.bytes;
    if (log_crc(records->data, records->size) != found.crc)
        return log_blocks_damaged(blocks, position,
                                  "the records of a block do not agree with their CRC", err);
    *block = found;
    return STATUS_OK;
}

static void begin_index(struct log_blocks *blocks, int64_t header_bytes)
{
    blocks->size = (struct event_log_size){.bytes = header_bytes};
    for (int p = 0; p < blocks->header.partitions; p++) {
        buffer_clear(&blocks->places[p]);
        blocks->end[p] = blocks->header.first[p];
    }
}

/* What was perhaps not on the disk when the writer was interrupted may lack its records although
 * its header is there. *bad: the first such block, or -1. */
static enum status check_tail(struct log_blocks *blocks, int64_t synced, int64_t *bad,
                              struct error *err)
{
    struct buffer records = {0};
    struct log_block block;
    enum status status = STATUS_OK;
    int64_t at = synced;
    for (; at < blocks->size.bytes && status == STATUS_OK; at = end_of(&block)) {
        status = log_blocks_load(blocks, at, &block, &records, err);
        if (status != STATUS_OK)
            break;
    }
    buffer_release(&records);
    *bad = status == STATUS_BAD_DATA ? at : -1;
    return status == STATUS_BAD_DATA ? STATUS_OK : status;
}

static enum status find_blocks(struct log_blocks *blocks, size_t header_bytes, struct error *err)
{
    int64_t whole = blocks->file_size, synced = (int64_t)header_bytes, bad;
    begin_index(blocks, synced);
    TRY(walk(blocks, &synced, err));
    TRY(check_tail(blocks, synced, &bad, err));
    if (bad >= 0) {
        TRY(judge_rest(blocks, bad, "the records of a block do not agree with their CRC", err));
        begin_index(blocks, (int64_t)header_bytes);
        blocks->file_size = bad;
        TRY(walk(blocks, &synced, err));
    }
    blocks->size.torn = whole - blocks->size.bytes;
    return STATUS_OK;
}

static enum status open_regular(struct log_blocks *blocks, struct error *err)
{
    struct stat info;
    blocks->fd = open(blocks->path, O_RDONLY | O_CLOEXEC);
    if (blocks->fd < 0 || fstat(blocks->fd, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "opening event log %s: %s", blocks->path,
                         strerror(errno));
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_NO_INPUT, "event log %s is not a regular file", blocks->path);
    blocks->file_size = info.st_size;
    return STATUS_OK;
}

enum status log_blocks_open(const char *path, struct log_blocks *blocks, struct error *err)
{
    size_t header_bytes;
    *blocks = (struct log_blocks){.path = strdup(path), .fd = -1};
    if (!blocks->path)
        abort();
    TRY(open_regular(blocks, err));
    TRY(read_header(blocks, &header_bytes, err));
    size_t partitions = (size_t)blocks->header.partitions;
    blocks->places = calloc(partitions, sizeof *blocks->places);
    blocks->end = calloc(partitions, sizeof *blocks->end);
    if (!blocks->places || !blocks->end)
        abort();
    return find_blocks(blocks, header_bytes, err);
}

void log_blocks_close(struct log_blocks *blocks)
{
    for (int p = 0; blocks->places && p < blocks->header.partitions; p++)
        buffer_release(&blocks->places[p]);
    if (blocks->fd >= 0)
        close(blocks->fd);
    free(blocks->places);
    free(blocks->end);
    free(blocks->path);
    buffer_release(&blocks->window);
    log_header_release(&blocks->header);
}
