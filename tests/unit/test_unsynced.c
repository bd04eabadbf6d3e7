/* Files that are synced by somebody else, later. */
#include <fcntl.h>
#include <unistd.h>

#include "base/appended.h"
#include "scratch.h"
#include "unit.h"

static int count_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void files_may_be_closed_before_they_are_synced(void)
{
    char path[PATH_MAX];
    int64_t size = 0;
    struct error err = {""};
    struct appended *file = NULL;
    struct unsynced later = {{0}};
    struct scratch scratch = scratch_make();
    int before = count_open();
    scratch_file(&scratch, "lines", path);
    CU_ASSERT_EQUAL_FATAL(appended_open(path, 0600, 0, &file, &err), STATUS_OK);
    CU_ASSERT_EQUAL(appended_write(file, "line\n", 5, &err), STATUS_OK);
    CU_ASSERT_EQUAL(appended_sync(file, &size, &later, &err), STATUS_OK);
    CU_ASSERT_EQUAL(size, 5);
    appended_close(file);
    CU_ASSERT_EQUAL(count_open(), before + 1);
    CU_ASSERT_EQUAL(unsynced_sync(&later, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count_open(), before);
    unsynced_release(&later);
    scratch_remove(&scratch);
}

/* Nothing was written since: there is nothing to wait for. */
static void file_is_handed_over_once(void)
{
    char path[PATH_MAX];
    int64_t size = 0;
    struct error err = {""};
    struct appended *file = NULL;
    struct unsynced later = {{0}};
    struct scratch scratch = scratch_make();
    scratch_file(&scratch, "lines", path);
    CU_ASSERT_EQUAL_FATAL(appended_open(path, 0600, 0, &file, &err), STATUS_OK);
    CU_ASSERT_EQUAL(appended_sync(file, &size, &later, &err), STATUS_OK);
    int once = count_open();
    CU_ASSERT_EQUAL(appended_sync(file, &size, &later, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count_open(), once);
    unsynced_release(&later);
    CU_ASSERT_EQUAL(count_open(), once - 1);
    appended_close(file);
    scratch_remove(&scratch);
}

/* A pipe has nothing to be synced to. */
static void file_that_cannot_be_synced_is_named_and_the_list_can_be_released(void)
{
    int ends[2];
    struct error err = {""};
    struct unsynced later = {{0}};
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    int before = count_open();
    CU_ASSERT_EQUAL(unsynced_add(&later, ends[1], "the frames", &err), STATUS_OK);
    CU_ASSERT_EQUAL(unsynced_sync(&later, &err), STATUS_IO);
    CU_ASSERT_EQUAL(strncmp(err.text, "syncing the frames: ", 20), 0);
    unsynced_release(&later);
    CU_ASSERT_EQUAL(count_open(), before);
    close(ends[0]);
    close(ends[1]);
    CU_ASSERT_EQUAL(unsynced_add(&later, ends[1], "the frames", &err), STATUS_IO);
    CU_ASSERT_EQUAL(strncmp(err.text, "opening the frames again: ", 26), 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(files_may_be_closed_before_they_are_synced),
        UNIT_TEST(file_is_handed_over_once),
        UNIT_TEST(file_that_cannot_be_synced_is_named_and_the_list_can_be_released),
    };
    return unit_run("unsynced", tests, UNIT_COUNT(tests));
}
