#define _DEFAULT_SOURCE
#include "base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

void *pages_allocate(size_t bytes)
{
    void *memory;
    if (posix_memalign(&memory, bytes < LARGE_PAGE_BYTES ? PAGE_BYTES : LARGE_PAGE_BYTES, bytes))
        return NULL;
    size_t in_large_pages = bytes / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
    if (in_large_pages > 0)
        (void)madvise(memory, in_large_pages, MADV_HUGEPAGE);
    return memory;
}
