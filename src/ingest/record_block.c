#include "ingest/record_block.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct header {
    int32_t partition, status; /* STATUS_OK: messages follow, else the text of an error */
    int64_t known_end;
};

enum { HAS_KEY = 1, HAS_VALUE = 2, HAS_TIME = 4, IS_END = 8 };

struct entry {
    int64_t offset, time_ms, cell, sensor;
    double rate;
    uint32_t key_size, value_size; /* full lengths */
    uint32_t crc;                  /* of all of a cut message, else 0 */
    uint8_t verdict, flags;
};
_Static_assert(sizeof(struct header) == 16 && sizeof(struct entry) == 56, "8 bytes keep alignment");

struct record_block *record_block_create(void)
{
    struct record_block *block = memory_block(sizeof *block);
    block->next = block->before = NULL;
    record_block_begin(block, RECORD_BLOCK_NO_PARTITION);
    return block;
}

void record_block_destroy(struct record_block *block)
{
    while (block) {
        struct record_block *next = block->next;
        free(block);
        block = next;
    }
}

static void set_header(struct record_block *block, int partition, enum status status)
{
    struct header header = {.partition = partition, .status = (int32_t)status, .known_end = -1};
    memcpy(block->data, &header, sizeof header);
    block->size = sizeof header;
}

static struct header header_of(const struct record_block *block)
{
    struct header header;
    memcpy(&header, block->data, sizeof header);
    return header;
}

void record_block_begin(struct record_block *block, int partition)
{
    set_header(block, partition, STATUS_OK);
}

static size_t kept(const uint8_t *bytes, size_t size)
{
    return bytes ? dead_letter_kept(size) : 0;
}

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static struct entry make_entry(const struct message *message, const struct record *record)
{
    if (message->end)
        return (struct entry){.offset = message->offset, .flags = IS_END};
    bool cut = message_is_cut(message);
    return (struct entry){.offset = message->offset,
                          .time_ms = record->time_ms,
                          .cell = record->cell,
                          .sensor = record->sensor,
                          .rate = record->rate,
                          .key_size = message->key ? (uint32_t)message->key_size : 0,
                          .value_size = message->value ? (uint32_t)message->value_size : 0,
                          .crc = cut ? message_crc(message) : 0,
                          .verdict = (uint8_t)record->verdict,
                          .flags = (uint8_t)((message->key ? HAS_KEY : 0) |
                                             (message->value ? HAS_VALUE : 0) |
                                             (record->has_time ? HAS_TIME : 0))};
}

bool record_block_put(struct record_block *block, const struct message *message,
                      const struct record *record)
{
    size_t key = message->end ? 0 : kept(message->key, message->key_size);
    size_t value = message->end ? 0 : kept(message->value, message->value_size);
    size_t size = sizeof(struct entry) + padded(key + value);
    if (size > sizeof block->data - block->size)
        return false;
    struct entry entry = make_entry(message, record);
    uint8_t *at = block->data + block->size;
    memcpy(at, &entry, sizeof entry);
    at += sizeof entry;
    if (key > 0)
        memcpy(at, message->key, key);
    if (value > 0)
        memcpy(at + key, message->value, value);
    block->size += size;
    return true;
}

void record_block_fail(struct record_block *block, int partition, enum status status,
                       const struct error *why)
{
    assert(status != STATUS_OK);
    set_header(block, partition, status);
    size_t length = strlen(why->text) + 1;
    memcpy(block->data + block->size, why->text, length);
    block->size += length;
}

void record_block_note_end(struct record_block *block, int64_t known_end)
{
    struct header header = header_of(block);
    header.known_end = known_end;
    memcpy(block->data, &header, sizeof header);
}

int64_t record_block_known_end(const struct record_block *block)
{
    return header_of(block).known_end;
}

int record_block_partition(const struct record_block *block)
{
    return header_of(block).partition;
}

enum status record_block_status(const struct record_block *block, struct error *why)
{
    enum status status = (enum status)header_of(block).status;
    if (status == STATUS_OK)
        return STATUS_OK;
    return error_set(why, status, "%s", (const char *)block->data + sizeof(struct header));
}

/* The key and value of an entry lie behind it. Returns how many bytes both take. */
static size_t point(const uint8_t *bytes, const struct entry *entry, struct message *message)
{
    bool has_key = entry->flags & HAS_KEY, has_value = entry->flags & HAS_VALUE;
    size_t key = has_key ? dead_letter_kept(entry->key_size) : 0;
    size_t value = has_value ? dead_letter_kept(entry->value_size) : 0;
    message->key = has_key ? bytes : NULL;
    message->value = has_value ? bytes + key : NULL;
    return padded(key + value);
}

static size_t take_one(const uint8_t *at, int partition, struct message *message,
                       struct record *record)
{
    struct entry entry;
    memcpy(&entry, at, sizeof entry);
    *message = (struct message){.offset = entry.offset,
                                .time_ms = -1,
                                .end = entry.flags & IS_END,
                                .key_size = entry.key_size,
                                .value_size = entry.value_size,
                                .record = record,
                                .crc = entry.crc};
    size_t bytes = point(at + sizeof entry, &entry, message);
    *record = (struct record){.verdict = (enum fate)entry.verdict,
                              .partition = partition,
                              .offset = entry.offset,
                              .has_time = entry.flags & HAS_TIME,
                              .time_ms = entry.time_ms,
                              .cell = entry.cell,
                              .sensor = entry.sensor,
                              .rate = entry.rate,
                              .key = message->key,
                              .value = message->value,
                              .key_size = entry.key_size,
                              .value_size = entry.value_size};
    return sizeof entry + bytes;
}

int record_block_take(const struct record_block *block, size_t *at, int max,
                      struct message *messages, struct record *records)
{
    int partition = record_block_partition(block), count = 0;
    if (*at == 0)
        *at = sizeof(struct header);
    for (; count < max && *at < block->size; count++)
        *at += take_one(block->data + *at, partition, &messages[count], &records[count]);
    return count;
}
