/* Reading one partition of an event log from any offset on, a block at a time. Several cursors may
 * read the same log, on one thread. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_CURSOR_H
#define HEATSTREAM_INGEST_EVENT_LOG_CURSOR_H

#include "base/buffer.h"
#include "ingest/event_log.h"

/* A place in one partition of a log. Zero-initialised is valid and at no place. Holds one block. */
struct event_log_cursor {
    struct buffer records; /* of the block, checked */
    size_t at;             /* of the next record in it */
    int64_t position;      /* of the block in the file */
    int64_t next_block;    /* index of the block after it */
    int64_t left;          /* records of the block not read yet */
    int64_t offset, time_ms, to;
};
void event_log_cursor_release(struct event_log_cursor *cursor);

/* Before the first record of `partition` at or beyond `offset`, first <= offset <= end. */
enum status event_log_seek(struct event_log *log, int partition, int64_t offset,
                           struct event_log_cursor *cursor, struct error *err) MUST_CHECK;

/* Before the first record of the last block of `partition` that has any, or at the end. */
enum status event_log_seek_last(struct event_log *log, int partition,
                                struct event_log_cursor *cursor, struct error *err) MUST_CHECK;

/* Hands over up to `max` records that lie in one block, none only at the end. They point into the
 * cursor and stay until it is used again. STATUS_BAD_DATA names file, byte and reason. */
enum status event_log_read(struct event_log *log, int partition, struct event_log_cursor *cursor,
                           int max, struct message *messages, int *count,
                           struct error *err) MUST_CHECK;

#endif
