#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void memory_of_any_size_begins_at_a_page_and_is_whole(void)
{
    static const size_t sizes[] = {1,
                                   PAGE_BYTES - 1,
                                   PAGE_BYTES + 1,
                                   LARGE_PAGE_BYTES - 1,
                                   LARGE_PAGE_BYTES,
                                   LARGE_PAGE_BYTES + 1,
                                   3 * LARGE_PAGE_BYTES + PAGE_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t page = sizes[i] < LARGE_PAGE_BYTES ? PAGE_BYTES : LARGE_PAGE_BYTES;
        unsigned char *memory = pages_allocate(sizes[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
        CU_ASSERT_EQUAL((uintptr_t)memory % page, 0);
        memset(memory, 0x5a, sizes[i]);
        CU_ASSERT_EQUAL(memory[sizes[i] - 1], 0x5a);
        free(memory);
    }
}

static void more_than_there_is_gives_null(void)
{
    CU_ASSERT_PTR_NULL(pages_allocate(SIZE_MAX / 2));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(memory_of_any_size_begins_at_a_page_and_is_whole),
        UNIT_TEST(more_than_there_is_gives_null),
    };
    return unit_run("pages", tests, UNIT_COUNT(tests));
}
