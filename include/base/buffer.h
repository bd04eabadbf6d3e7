/* A growing byte buffer, and little-endian fields written to and read from one.
 *
 * Growing doubles the capacity, so a buffer that is cleared and refilled stops allocating. Running
 * out of memory ends the process: there is nothing sensible left to do at that point. */
#ifndef HEATSTREAM_BASE_BUFFER_H
#define HEATSTREAM_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty and valid. `data` is owned; the module writes all three fields. */
struct buffer {
    uint8_t *data;
    size_t size, capacity;
};

void buffer_release(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);       /* keeps the capacity */
void buffer_clear_large(struct buffer *buffer); /* keeps at most 1 MiB: for what is rarely large */

void buffer_grow(struct buffer *buffer, size_t size); /* to room for `size` more bytes, at least */

/* Makes room for `size` more bytes and returns where they go; does not change buffer->size. */
static inline void *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (!buffer->data || size > buffer->capacity - buffer->size)
        buffer_grow(buffer, size);
    return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

void buffer_put_u8(struct buffer *buffer, uint8_t value);
void buffer_put_i64(struct buffer *buffer, int64_t value);
void buffer_put_f64(struct buffer *buffer, double value);
void buffer_put_bytes(struct buffer *buffer, const void *data,
                      size_t size); /* length, then bytes */

/* Reads the same fields back. Past the end, or after a field that cannot be right, `failed` is set
 * and every read returns zero: check it once at the end. */
struct buffer_reader {
    const uint8_t *data;
    size_t size, position;
    bool failed;
};

uint8_t buffer_get_u8(struct buffer_reader *reader);
int64_t buffer_get_i64(struct buffer_reader *reader);
double buffer_get_f64(struct buffer_reader *reader);
/* Points into the reader's data; *size is 0 on failure. */
const uint8_t *buffer_get_bytes(struct buffer_reader *reader, size_t *size);
/* How often something happened so far: 0 to 2^62, that whoever goes on counting cannot overflow. */
int64_t buffer_get_tally(struct buffer_reader *reader);
/* A count of items of at least `item_size` bytes each that must still fit in what is left. */
int64_t buffer_get_count(struct buffer_reader *reader, size_t item_size);

#endif
