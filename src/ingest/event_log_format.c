#include "event_log_format.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/varint.h"

const uint8_t log_magic[LOG_MAGIC_BYTES] = {0x89, 'H', 'S', 'L', '\r', '\n', 0x1a, '\n'};
const uint8_t log_block_magic[4] = {'H', 'S', 'L', 'B'};

enum { LOG_VERSION = 1, CRC_BYTES = 4 };

uint32_t log_crc(const uint8_t *bytes, size_t size)
{
    return (uint32_t)crc32_z(0, bytes, size);
}

void log_header_release(struct log_header *header)
{
    free(header->topic);
    free(header->cluster_id);
    free(header->first);
    *header = (struct log_header){0};
}

enum status log_header_size(const uint8_t *prefix, size_t *size, struct error *err)
{
    struct buffer_reader reader = {.data = prefix, .size = LOG_PREFIX_BYTES};
    reader.position = LOG_MAGIC_BYTES;
    int64_t version = buffer_get_i64(&reader), bytes = buffer_get_i64(&reader);
    if (version != LOG_VERSION)
        return error_set(err, STATUS_NO_INPUT,
                         "an event log of version %lld, this program reads version %d",
                         (long long)version, LOG_VERSION);
    if (bytes < LOG_PREFIX_BYTES + CRC_BYTES || bytes > LOG_HEADER_MAX)
        return error_set(err, STATUS_BAD_DATA, "byte 16: a header cannot have %lld bytes",
                         (long long)bytes);
    *size = (size_t)bytes;
    return STATUS_OK;
}

static char *get_text(struct buffer_reader *reader)
{
    size_t size;
    const uint8_t *bytes = buffer_get_bytes(reader, &size);
    char *text = memory_block(size + 1);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (strlen(text) != size)
        reader->failed = true;
    return text;
}

static bool get_fields(struct buffer_reader *reader, struct log_header *header)
{
    header->topic = get_text(reader);
    header->cluster_id = get_text(reader);
    int64_t partitions = buffer_get_count(reader, sizeof *header->first);
    if (partitions < 1 || partitions > LOG_PARTITIONS_MAX)
        return false;
    header->partitions = (int)partitions;
    header->first = memory_zeroed(partitions, sizeof *header->first);
    for (int p = 0; p < header->partitions; p++) {
        header->first[p] = buffer_get_i64(reader);
        if (header->first[p] < 0)
            return false;
    }
    return !reader->failed && reader->position == reader->size;
}

enum status log_header_decode(const uint8_t *bytes, size_t size, struct log_header *header,
                              struct error *err)
{
    uint32_t crc;
    memcpy(&crc, bytes + size - CRC_BYTES, CRC_BYTES);
    if (crc != log_crc(bytes, size - CRC_BYTES))
        return error_set(err, STATUS_BAD_DATA,
                         "byte 0: the header is damaged, its CRC does not agree");
    struct buffer_reader reader = {.data = bytes, .size = size - CRC_BYTES};
    reader.position = LOG_PREFIX_BYTES;
    struct log_header found = {0};
    if (!get_fields(&reader, &found)) {
        log_header_release(&found);
        return error_set(err, STATUS_BAD_DATA, "byte %zu: the header contradicts itself",
                         reader.position);
    }
    *header = found;
    return STATUS_OK;
}

void log_header_encode(const struct source_identity *topic, const int64_t *first,
                       struct buffer *bytes)
{
    struct buffer fields = {0};
    buffer_put_bytes(&fields, topic->topic, strlen(topic->topic));
    buffer_put_bytes(&fields, topic->cluster_id, strlen(topic->cluster_id));
    buffer_put_i64(&fields, topic->partitions);
    for (int p = 0; p < topic->partitions; p++)
        buffer_put_i64(&fields, first[p]);
    buffer_clear(bytes);
    buffer_append(bytes, log_magic, LOG_MAGIC_BYTES);
    buffer_put_i64(bytes, LOG_VERSION);
    buffer_put_i64(bytes, (int64_t)(LOG_PREFIX_BYTES + fields.size + CRC_BYTES));
    buffer_append(bytes, fields.data, fields.size);
    uint32_t crc = log_crc(bytes->data, bytes->size);
    buffer_append(bytes, &crc, sizeof crc);
    buffer_release(&fields);
}

_Static_assert(sizeof(struct log_block) == LOG_BLOCK_HEADER - 8,
               "a block's header is stored as it lies in memory, after magic and CRC");

bool log_block_decode(const uint8_t bytes[LOG_BLOCK_HEADER], struct log_block *block)
{
    uint32_t crc;
    memcpy(&crc, bytes + 4, sizeof crc);
    if (memcmp(bytes, log_block_magic, sizeof log_block_magic) != 0 ||
        crc != log_crc(bytes + 8, sizeof *block))
        return false;
    memcpy(block, bytes + 8, sizeof *block);
    return true;
}

void log_block_encode(const struct log_block *block, uint8_t bytes[LOG_BLOCK_HEADER])
{
    memcpy(bytes, log_block_magic, sizeof log_block_magic);
    memcpy(bytes + 8, block, sizeof *block);
    uint32_t crc = log_crc(bytes + 8, sizeof *block);
    memcpy(bytes + 4, &crc, sizeof crc);
}

void log_record_encode(struct log_base *base, const struct message *message, struct buffer *records)
{
    size_t key_size = message->key ? message->key_size : 0;
    size_t value_size = message->value ? message->value_size : 0;
    uint8_t *begin = buffer_reserve(records, 4 * VARINT_BYTES + key_size + value_size);
    uint8_t *end = varint_put(begin, (uint64_t)(message->offset - base->offset));
    end = varint_put(end, varint_step(base->time_ms, message->time_ms));
    end = varint_put(end, message->key ? key_size + 1 : 0);
    end = varint_put(end, message->value ? value_size + 1 : 0);
    if (key_size > 0)
        memcpy(end, message->key, key_size);
    if (value_size > 0)
        memcpy(end + key_size, message->value, value_size);
    records->size += (size_t)(end - begin) + key_size + value_size;
    *base = (struct log_base){.offset = message->offset + 1, .time_ms = message->time_ms};
}

/* One of key and value: `stored` is its size + 1, or 0. */
static bool get_bytes(const uint8_t *bytes, size_t size, size_t *at, uint64_t stored,
                      const uint8_t **found, size_t *found_size)
{
    *found = stored ? bytes + *at : NULL;
    *found_size = stored ? (size_t)(stored - 1) : 0;
    if (*found_size > size - *at)
        return false;
    *at += *found_size;
    return true;
}

bool log_record_decode(const uint8_t *bytes, size_t size, size_t *at, int64_t to,
                       struct log_base *base, struct message *message)
{
    size_t next = *at;
    uint64_t skipped, time, key, value;
    if (!varint_get(bytes, size, &next, &skipped) || !varint_get(bytes, size, &next, &time) ||
        !varint_get(bytes, size, &next, &key) || !varint_get(bytes, size, &next, &value) ||
        base->offset >= to || skipped >= (uint64_t)(to - base->offset))
        return false;
    struct message found = {
        .offset = base->offset + (int64_t)skipped,
        .time_ms = varint_stepped(base->time_ms, time),
    };
    if (!get_bytes(bytes, size, &next, key, &found.key, &found.key_size) ||
        !get_bytes(bytes, size, &next, value, &found.value, &found.value_size))
        return false;
    *base = (struct log_base){.offset = found.offset + 1, .time_ms = found.time_ms};
    *at = next;
    *message = found;
    return true;
}
