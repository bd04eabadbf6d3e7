#include "ingest/event_log_cursor.h"

#include <assert.h>
#include <string.h>

#include "event_log_internal.h"

void event_log_cursor_release(struct event_log_cursor *cursor)
{
    buffer_release(&cursor->records);
}

static int64_t count_places(const struct event_log *log, int partition)
{
    return (int64_t)(log->places[partition].size / sizeof(struct log_place));
}

static struct log_place place_of(const struct event_log *log, int partition, int64_t index)
{
    struct log_place place;
    memcpy(&place, log->places[partition].data + (size_t)index * sizeof place, sizeof place);
    return place;
}

/* Index of the last block that begins at or before `offset`, or 0. */
static int64_t find_place(const struct event_log *log, int partition, int64_t offset)
{
    int64_t low = 0, high = count_places(log, partition);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (place_of(log, partition, middle).from <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static enum status load_next(struct event_log *log, int partition, struct event_log_cursor *cursor,
                             struct error *err)
{
    struct log_block block;
    struct log_place place = place_of(log, partition, cursor->next_block);
    cursor->left = 0;
    TRY(event_log_load(log, place.position, &block, &cursor->records, err));
    if (block.partition != (uint32_t)partition || block.from != place.from)
        return event_log_damaged(log, place.position, "another block stands there", err);
    cursor->next_block++;
    cursor->position = block.position;
    cursor->at = 0;
    cursor->left = block.records;
    cursor->offset = block.from;
    cursor->time_ms = 0;
    cursor->to = block.to;
    return STATUS_OK;
}

static enum status decode_next(const struct event_log *log, struct event_log_cursor *cursor,
                               struct message *message, struct error *err)
{
    const struct buffer *records = &cursor->records;
    struct log_base base = {.offset = cursor->offset, .time_ms = cursor->time_ms};
    bool good =
        log_record_decode(records->data, records->size, &cursor->at, cursor->to, &base, message);
    cursor->offset = base.offset;
    cursor->time_ms = base.time_ms;
    cursor->left--;
    if (!good || (cursor->left == 0 && cursor->at != records->size))
        return event_log_damaged(log, cursor->position,
                                 "the records of a block are not as many as it says", err);
    return STATUS_OK;
}

enum status event_log_read(struct event_log *log, int partition, struct event_log_cursor *cursor,
                           int max, struct message *messages, int *count, struct error *err)
{
    while (cursor->left == 0 && cursor->next_block < count_places(log, partition))
        TRY(load_next(log, partition, cursor, err));
    int got = 0;
    while (got < max && cursor->left > 0)
        TRY(decode_next(log, cursor, &messages[got++], err));
    *count = got;
    return STATUS_OK;
}

enum status event_log_seek(struct event_log *log, int partition, int64_t offset,
                           struct event_log_cursor *cursor, struct error *err)
{
    assert(offset >= event_log_first(log, partition) && offset <= event_log_end(log, partition));
    cursor->left = 0;
    cursor->next_block = find_place(log, partition, offset);
    if (count_places(log, partition) == 0)
        return STATUS_OK;
    TRY(load_next(log, partition, cursor, err));
    while (cursor->left > 0) {
        struct event_log_cursor before = *cursor;
        struct message message;
        TRY(decode_next(log, cursor, &message, err));
        if (message.offset < offset)
            continue;
        *cursor = before;
        break;
    }
    return STATUS_OK;
}

enum status event_log_seek_last(struct event_log *log, int partition,
                                struct event_log_cursor *cursor, struct error *err)
{
    cursor->left = 0;
    cursor->next_block = count_places(log, partition);
    for (int64_t i = count_places(log, partition) - 1; i >= 0 && cursor->left == 0; i--) {
        cursor->next_block = i;
        TRY(load_next(log, partition, cursor, err));
    }
    return STATUS_OK;
}

enum status event_log_verify(struct event_log *log, struct error *err)
{
    enum { BATCH = 256 };
    struct message messages[BATCH];
    enum status status = STATUS_OK;
    for (int p = 0; p < log->header.partitions && status == STATUS_OK; p++) {
        struct event_log_cursor cursor = {0};
        int count = 1;
        while (status == STATUS_OK && count > 0)
            status = event_log_read(log, p, &cursor, BATCH, messages, &count, err);
        event_log_cursor_release(&cursor);
    }
    return status;
}
