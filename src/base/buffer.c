#include "base/buffer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "fields are stored as they lie in memory");

enum { LARGE = 1 << 20 };

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear_large(struct buffer *buffer)
{
    if (buffer->capacity > LARGE)
        buffer_release(buffer);
    buffer->size = 0;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

void buffer_grow(struct buffer *buffer, size_t size)
{
    assert(size <= SIZE_MAX / 4 - buffer->size);
    size_t needed = buffer->size + size;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        fprintf(stderr, "heatstream: out of memory asking for %zu bytes\n", capacity);
        abort();
    }
    buffer->data = data;
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    void *end = buffer_reserve(buffer, size);
    if (size)
        memcpy(end, data, size);
    buffer->size += size;
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    char *end = buffer_reserve(buffer, (size_t)length + 1);
    vsnprintf(end, (size_t)length + 1, format, arguments);
    buffer->size += (size_t)length;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

void buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    buffer_append(buffer, &value, sizeof value);
}

void buffer_put_i64(struct buffer *buffer, int64_t value)
{
    buffer_append(buffer, &value, sizeof value);
}

void buffer_put_f64(struct buffer *buffer, double value)
{
    buffer_append(buffer, &value, sizeof value);
}

void buffer_put_bytes(struct buffer *buffer, const void *data, size_t size)
{
    buffer_put_i64(buffer, (int64_t)size);
    buffer_append(buffer, data, size);
}

static void reader_copy(struct buffer_reader *reader, void *to, size_t size)
{
    if (reader->failed || size > reader->size - reader->position) {
        reader->failed = true;
        memset(to, 0, size);
        return;
    }
    memcpy(to, reader->data + reader->position, size);
    reader->position += size;
}

uint8_t buffer_get_u8(struct buffer_reader *reader)
{
    uint8_t value;
    reader_copy(reader, &value, sizeof value);
    return value;
}

int64_t buffer_get_i64(struct buffer_reader *reader)
{
    int64_t value;
    reader_copy(reader, &value, sizeof value);
    return value;
}

double buffer_get_f64(struct buffer_reader *reader)
{
    double value;
    reader_copy(reader, &value, sizeof value);
    return value;
}

const uint8_t *buffer_get_bytes(struct buffer_reader *reader, size_t *size)
{
    int64_t length = buffer_get_count(reader, 1);
    const uint8_t *bytes = reader->data + reader->position;
    *size = (size_t)length;
    reader->position += *size;
    return bytes;
}

int64_t buffer_get_tally(struct buffer_reader *reader)
{
    int64_t tally = buffer_get_i64(reader);
    if (tally < 0 || tally > (int64_t)1 << 62)
        reader->failed = true;
    return reader->failed ? 0 : tally;
}

int64_t buffer_get_count(struct buffer_reader *reader, size_t item_size)
{
    int64_t count = buffer_get_i64(reader);
    size_t left = reader->size - reader->position;
    if (count < 0 || (size_t)count > left / item_size)
        reader->failed = true;
    return reader->failed ? 0 : count;
}
