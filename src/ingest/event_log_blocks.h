/* The blocks of an event log's file: where they are, and which of them can be believed. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_BLOCKS_H
#define HEATSTREAM_INGEST_EVENT_LOG_BLOCKS_H

#include "event_log_format.h"
#include "ingest/event_log.h"

/* A block in the index of its partition. It ends at the `from` of the next one. */
struct log_place {
    int64_t position, from;
};

/* Written by log_blocks_open() alone, but for `window`. */
struct log_blocks {
    char *path;
    int fd;
    int64_t file_size; /* when it was opened */
    struct log_header header;
    struct buffer *places; /* [partitions] of struct log_place */
    int64_t *end;          /* [partitions] */
    struct event_log_size size;
    struct buffer window; /* bytes of the file from window_at on */
    int64_t window_at;
};

/* To be closed in every case. */
enum status log_blocks_open(const char *path, struct log_blocks *blocks,
                            struct error *err) MUST_CHECK;
void log_blocks_close(struct log_blocks *blocks);

/* The block at `position`, one of the index; its records, checked against their CRC, replace what
 * `records` holds. */
enum status log_blocks_load(struct log_blocks *blocks, int64_t position, struct log_block *block,
                            struct buffer *records, struct error *err) MUST_CHECK;

/* STATUS_BAD_DATA: damage at a byte of the file. */
enum status log_blocks_damaged(const struct log_blocks *blocks, int64_t position,
                               const char *reason, struct error *err);

#endif
