/* The bytes of an event log, see ingest/event_log.h: pure functions, no file. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_FORMAT_H
#define HEATSTREAM_INGEST_EVENT_LOG_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "ingest/source.h"

enum {
    LOG_MAGIC_BYTES = 8,
    LOG_PREFIX_BYTES = 24,     /* of the header: magic, version, size */
    LOG_HEADER_MAX = 64 << 20, /* bytes */
    LOG_PARTITIONS_MAX = 1 << 20,
    LOG_BLOCK_HEADER = 56
};
#define LOG_MARK UINT32_MAX            /* partition of a mark */
#define LOG_BLOCK_BYTES_MAX 0x7fffffff /* of records */

extern const uint8_t log_magic[LOG_MAGIC_BYTES];
extern const uint8_t log_block_magic[4];

struct log_header {
    char *topic, *cluster_id; /* owned */
    int partitions;
    int64_t *first; /* [partitions], owned */
};
void log_header_release(struct log_header *header);

/* The bytes the header says it has, from its first LOG_PREFIX_BYTES, which begin with log_magic.
 * STATUS_NO_INPUT: of another version. */
enum status log_header_size(const uint8_t *prefix, size_t *size, struct error *err) MUST_CHECK;

/* All `size` bytes of a header. STATUS_BAD_DATA says what is wrong. The file's name is not in the
 * text of either. */
enum status log_header_decode(const uint8_t *bytes, size_t size, struct log_header *header,
                              struct error *err) MUST_CHECK;
void log_header_encode(const struct source_identity *topic, const int64_t *first,
                       struct buffer *bytes);

struct log_block {
    int64_t position, synced, from, to;
    uint32_t partition, records, bytes, crc;
};

/* False when the magic or the CRC of the header is wrong. */
bool log_block_decode(const uint8_t bytes[LOG_BLOCK_HEADER], struct log_block *block);
void log_block_encode(const struct log_block *block, uint8_t bytes[LOG_BLOCK_HEADER]);

/* What a record is told relative to: begins as {from, 0} of the block. */
struct log_base {
    int64_t offset, time_ms;
};

/* Appends a record whose offset is at least base->offset; moves `base` on. */
void log_record_encode(struct log_base *base, const struct message *message,
                       struct buffer *records);

/* The record at bytes[*at]; moves `base` and *at on. False, and nothing moved, when there is none
 * below offset `to`. The message points into `bytes`. */
bool log_record_decode(const uint8_t *bytes, size_t size, size_t *at, int64_t to,
                       struct log_base *base, struct message *message);

uint32_t log_crc(const uint8_t *bytes, size_t size);

#endif
