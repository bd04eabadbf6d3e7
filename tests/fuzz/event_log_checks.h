/* What must hold of the reader of event logs for any file at all; abort() where it does not. */
#ifndef HEATSTREAM_TESTS_FUZZ_EVENT_LOG_CHECKS_H
#define HEATSTREAM_TESTS_FUZZ_EVENT_LOG_CHECKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "checks.h"
#include "ingest/event_log_cursor.h"

enum { CHECK_LOG_BLOCK = 56 };

static inline void check_put_u32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline int64_t check_get_i64(const uint8_t *at)
{
    int64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Makes every magic, size, position and CRC of what follows right, so that what is said within
 * them is looked at. */
static inline void check_repair_log(uint8_t *log, size_t size)
{
    if (size < 28)
        return;
    memcpy(log, "\x89HSL\r\n\x1a\n\1\0\0\0\0\0\0\0", 16);
    int64_t header = check_get_i64(log + 16);
    if (header < 28 || header > (int64_t)size)
        return;
    size_t at = (size_t)header;
    check_put_u32(log + at - 4, (uint32_t)crc32_z(0, log, at - 4));
    while (at + CHECK_LOG_BLOCK <= size) {
        uint8_t *block = log + at;
        int64_t position = (int64_t)at;
        uint32_t bytes;
        memcpy(&bytes, block + 48, sizeof bytes);
        bytes = (uint32_t)(bytes % (size - at - CHECK_LOG_BLOCK + 1));
        memcpy(block, "HSLB", 4);
        memcpy(block + 8, &position, sizeof position);
        check_put_u32(block + 48, bytes);
        check_put_u32(block + 52, (uint32_t)crc32_z(0, block + CHECK_LOG_BLOCK, bytes));
        check_put_u32(block + 4, (uint32_t)crc32_z(0, block + 8, 48));
        at += CHECK_LOG_BLOCK + (size_t)bytes;
    }
}

/* The records of a partition from an offset on; -1 where a block turns out to be damaged. */
static inline int64_t check_log_partition(struct event_log *log, int p, int64_t from, int max)
{
    struct message messages[8];
    struct event_log_cursor cursor = {0};
    struct error err = {""};
    int64_t records = 0, next = from, sum = 0;
    int count = 1;
    enum status status = event_log_seek(log, p, from, &cursor, &err);
    while (status == STATUS_OK && count > 0) {
        status = event_log_read(log, p, &cursor, max, messages, &count, &err);
        check_that(count >= 0 && count <= max);
        for (int i = 0; i < count && status == STATUS_OK; i++) {
            check_that(!messages[i].end && messages[i].offset >= next);
            next = messages[i].offset + 1;
            for (size_t b = 0; b < messages[i].key_size; b++)
                sum += messages[i].key[b];
            for (size_t b = 0; b < messages[i].value_size; b++)
                sum += messages[i].value[b];
            records++;
        }
    }
    check_that(sum >= 0 && next <= event_log_end(log, p));
    check_that(status == STATUS_OK || (status == STATUS_BAD_DATA && err.text[0]));
    event_log_cursor_release(&cursor);
    return status == STATUS_OK ? records : -1;
}

static inline void check_log_file(const char *path, size_t size)
{
    struct event_log *log;
    struct error err = {""};
    enum status status = event_log_open(path, &log, &err);
    if (status != STATUS_OK) {
        check_that((status == STATUS_BAD_DATA || status == STATUS_NO_INPUT) && err.text[0]);
        return;
    }
    struct event_log_size told = event_log_size(log);
    check_that(told.bytes + told.torn == (int64_t)size && told.bytes > 0 && told.torn >= 0);
    int64_t records = 0;
    bool good = true;
    for (int p = 0; p < event_log_identity(log).partitions; p++) {
        int64_t first = event_log_first(log, p), end = event_log_end(log, p);
        int64_t whole = check_log_partition(log, p, first, 8);
        int64_t half = check_log_partition(log, p, first + (end - first) / 2, 3);
        check_that(first >= 0 && first <= end && (whole < 0 || (half >= 0 && half <= whole)));
        good = good && whole >= 0;
        records += whole;
    }
    check_that(!good || records == told.records);
    check_that((event_log_verify(log, &err) == STATUS_OK) == good);
    event_log_close(log);
}

/* The bytes as they are when the first is even, else repaired. */
static inline void check_event_log(const uint8_t *data, size_t size)
{
    static char path[64];
    static struct buffer copy;
    if (size == 0)
        return;
    snprintf(path, sizeof path, "/tmp/heatstream-fuzz-%ld.hsl", (long)getpid());
    buffer_clear(&copy);
    buffer_append(&copy, data + 1, size - 1);
    if (data[0] & 1)
        check_repair_log(copy.data, copy.size);
    FILE *file = fopen(path, "wbe");
    check_that(file && fwrite(copy.data, 1, copy.size, file) == copy.size && fclose(file) == 0);
    check_log_file(path, copy.size);
    unlink(path);
}

#endif
