/* Files that are replaced by copies of themselves. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "scratch.h"
#include "store/staging.h"
#include "unit.h"

static void renewed_file_is_equal_and_keeps_its_holes(void)
{
    enum { HOLE = 5 << 20 };
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    struct buffer before = {0}, after = {0};
    scratch_file(&scratch, "file", path);
    int fd = open(path, O_WRONLY | O_CREAT, 0640);
    CU_ASSERT_EQUAL(pwrite(fd, "begin", 5, 3), 5);
    CU_ASSERT_EQUAL(pwrite(fd, "end", 3, HOLE), 3);
    CU_ASSERT_EQUAL(ftruncate(fd, 2 * HOLE), 0);
    close(fd);
    CU_ASSERT_EQUAL(durable_read_file(path, &before, &err), STATUS_OK);
    CU_ASSERT_EQUAL(staging_renew(scratch.path, path, &err), STATUS_OK);
    CU_ASSERT_EQUAL(durable_read_file(path, &after, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(before.size, after.size);
    CU_ASSERT_EQUAL(memcmp(before.data, after.data, after.size), 0);
    struct stat info;
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(info.st_mode & 0777, 0640);
    CU_ASSERT_TRUE(info.st_blocks * 512 < HOLE);
    buffer_release(&before);
    buffer_release(&after);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(renewed_file_is_equal_and_keeps_its_holes),
    };
    return unit_run("staging", tests, UNIT_COUNT(tests));
}
