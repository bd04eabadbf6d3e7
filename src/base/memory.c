#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { LEAST_CAPACITY = 16 };

static void *checked(void *memory, size_t size)
{
    if (memory)
        return memory;
    fprintf(stderr, "heatstream: out of memory asking for %zu bytes\n", size);
    abort();
}

void *memory_checked(void *memory)
{
    if (memory)
        return memory;
    fputs("heatstream: out of memory\n", stderr);
    abort();
}

void *memory_zeroed(int64_t count, size_t size)
{
    assert(count >= 0 && size > 0);
    size_t items = count > 0 ? (size_t)count : 1;
    return checked(calloc(items, size), items * size);
}

void *memory_block(size_t size)
{
    return checked(malloc(size > 0 ? size : 1), size);
}

char *memory_text(const char *text)
{
    return checked(strdup(text), strlen(text) + 1);
}

static int64_t next_capacity(int64_t capacity, int64_t count, size_t size)
{
    int64_t most = (int64_t)(PTRDIFF_MAX / size);
    assert(capacity >= 0 && count <= most);
    int64_t doubled = capacity <= most / 2 ? 2 * capacity : most;
    return max_int64(max_int64(doubled, count), LEAST_CAPACITY);
}

void *memory_grow(void *memory, int64_t *capacity, int64_t count, size_t size)
{
    if (memory && count <= *capacity)
        return memory;
    *capacity = next_capacity(*capacity, count, size);
    return checked(realloc(memory, (size_t)*capacity * size), (size_t)*capacity * size);
}

void *memory_room(void *memory, int64_t *capacity, int64_t count, size_t size)
{
    if (memory && count <= *capacity)
        return memory;
    free(memory);
    return memory_grow(NULL, capacity, count, size);
}
