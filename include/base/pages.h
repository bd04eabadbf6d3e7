/* Memory that is swept from end to end. */
#ifndef HEATSTREAM_BASE_PAGES_H
#define HEATSTREAM_BASE_PAGES_H

#include <stddef.h>

enum { PAGE_BYTES = 4096, LARGE_PAGE_BYTES = 2097152 };

/* At least `bytes`, from the start of a page, not initialised; free() releases it. From
 * LARGE_PAGE_BYTES on it begins at a large page, and the system is asked for such pages, which it
 * may or may not give: they spare most walks through the page tables, of which a column of 4096
 * cells otherwise takes eight. NULL when memory is short. */
void *pages_allocate(size_t bytes);

#endif
