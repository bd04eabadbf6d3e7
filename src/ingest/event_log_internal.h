/* What an open event log knows of its file, for the modules that read it. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_INTERNAL_H
#define HEATSTREAM_INGEST_EVENT_LOG_INTERNAL_H

#include "event_log_format.h"
#include "ingest/event_log.h"

/* A block in the index of its partition. It ends at the `from` of the next one. */
struct log_place {
    int64_t position, from;
};

/* Written by event_log_open() alone, but for the window. */
struct event_log {
    char *path;
    int fd;
    int64_t file_size; /* believed of the file, when it was opened */
    struct log_header header;
    struct buffer *places; /* [partitions] of struct log_place */
    int64_t *end;          /* [partitions] */
    struct event_log_size size;
    struct buffer window; /* bytes of the file from window_at on */
    int64_t window_at;
};

/* The block at `position`, one of the index; its records, checked against their CRC, replace what
 * `records` holds. */
enum status event_log_load(struct event_log *log, int64_t position, struct log_block *block,
                           struct buffer *records, struct error *err) MUST_CHECK;

/* STATUS_BAD_DATA: damage at a byte of the file. */
enum status event_log_damaged(const struct event_log *log, int64_t position, const char *reason,
                              struct error *err);

#endif
