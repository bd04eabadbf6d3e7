/* Memory that is there or ends the process: there is nothing sensible left to do without it. */
#ifndef HEATSTREAM_BASE_MEMORY_H
#define HEATSTREAM_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* `count` items of `size` bytes, all zero; to be freed by the caller with free(). */
void *memory_zeroed(int64_t count, size_t size);

/* `size` bytes, at least one, with no particular contents; to be freed by the caller. */
void *memory_block(size_t size);

/* Room for at least `count` items of `size` bytes where there is room for *capacity: what `memory`
 * (NULL: nothing yet) pointed to is moved along. Capacities at least double, so that one more item
 * at a time is cheap. */
void *memory_grow(void *memory, int64_t *capacity, int64_t count, size_t size);

/* The same without what was there. */
void *memory_room(void *memory, int64_t *capacity, int64_t count, size_t size);

#endif
