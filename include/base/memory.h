/* Memory that is there or ends the process: there is nothing sensible left to do without it. */
#ifndef HEATSTREAM_BASE_MEMORY_H
#define HEATSTREAM_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* `memory`, which an allocation by other means has just returned. */
void *memory_checked(void *memory);

/* `count` items of `size` bytes, all zero; to be freed by the caller with free(). */
void *memory_zeroed(int64_t count, size_t size);

/* `size` bytes, at least one, with no particular contents; to be freed by the caller. */
void *memory_block(size_t size);

/* A copy of `text`; to be freed by the caller. */
char *memory_text(const char *text);

/* Room for at least `count` items of `size` bytes where there is room for *capacity: what `memory`
 * (NULL: nothing yet) pointed to is moved along. Capacities at least double, so that one more item
 * at a time is cheap. */
void *memory_grow(void *memory, int64_t *capacity, int64_t count, size_t size);

/* The same without what was there. */
void *memory_room(void *memory, int64_t *capacity, int64_t count, size_t size);

#endif
