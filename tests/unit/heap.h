/* What the process has allocated, for tests that nothing grows. */
#ifndef HEATSTREAM_TESTS_HEAP_H
#define HEATSTREAM_TESTS_HEAP_H

#include <malloc.h>
#include <stddef.h>

/* In bytes; 0 under a sanitizer, which has a heap of its own. */
static inline size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

#endif
