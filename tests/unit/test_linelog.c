/* Append-only files of CRC'd lines: what a crash or a flipped bit does to them. */
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linelog.h"
#include "scratch.h"
#include "unit.h"

struct lines {
    int count;
    char text[16][64];
};

static enum status keep(void *context, const char *line, struct error *err)
{
    struct lines *lines = context;
    if (lines->count == 16)
        return error_set(err, STATUS_BUG, "more lines than the test wrote");
    snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s", line);
    return STATUS_OK;
}

static void append(const char *path, int from, int to)
{
    struct error err;
    struct linelog *log = NULL;
    CU_ASSERT_EQUAL_FATAL(linelog_open(path, &log, &err), STATUS_OK);
    for (int i = from; i < to; i++)
        CU_ASSERT_EQUAL(linelog_append(log, i % 2, &err, "line %d", i), STATUS_OK);
    linelog_close(log);
}

static long size_of(const char *path)
{
    struct stat info;
    CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
    return (long)info.st_size;
}

static void missing_file_reads_as_empty(void)
{
    struct error err;
    struct lines lines = {0};
    int64_t torn = -1;
    CU_ASSERT_EQUAL(linelog_read("/nonexistent/file", keep, &lines, &torn, &err), STATUS_OK);
    CU_ASSERT_EQUAL(lines.count, 0);
    CU_ASSERT_EQUAL(torn, 0);
}

static void lines_come_back_in_order(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    struct lines lines = {0};
    char path[PATH_MAX];
    append(scratch_file(&scratch, "log", path), 0, 3);
    append(path, 3, 5);
    CU_ASSERT_EQUAL(linelog_read(path, keep, &lines, NULL, &err), STATUS_OK);
    CU_ASSERT_EQUAL(lines.count, 5);
    CU_ASSERT_STRING_EQUAL(lines.text[0], "line 0");
    CU_ASSERT_STRING_EQUAL(lines.text[4], "line 4");
    scratch_remove(&scratch);
}

static void file_cut_anywhere_keeps_its_whole_lines(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    append(scratch_file(&scratch, "log", path), 0, 4);
    long line_size = size_of(path) / 4;
    for (long size = 4 * line_size; size >= 0; size--) {
        struct lines lines = {0};
        int64_t torn = -1;
        CU_ASSERT_EQUAL(truncate(path, size), 0);
        CU_ASSERT_EQUAL(linelog_read(path, keep, &lines, &torn, &err), STATUS_OK);
        CU_ASSERT_EQUAL(lines.count, size / line_size);
        CU_ASSERT_EQUAL(torn, size % line_size);
    }
    scratch_remove(&scratch);
}

static void appending_after_a_torn_line_leaves_no_trace_of_it(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    struct lines lines = {0};
    char path[PATH_MAX];
    append(scratch_file(&scratch, "log", path), 0, 3);
    CU_ASSERT_EQUAL(truncate(path, size_of(path) - 5), 0);
    append(path, 7, 8);
    CU_ASSERT_EQUAL(linelog_read(path, keep, &lines, NULL, &err), STATUS_OK);
    CU_ASSERT_EQUAL(lines.count, 3);
    CU_ASSERT_STRING_EQUAL(lines.text[2], "line 7");
    scratch_remove(&scratch);
}

static void flip(const char *path, long offset, int bit)
{
    FILE *file = fopen(path, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ (1 << bit), file);
    fclose(file);
}

static void flipped_bit_is_never_taken_for_a_fact(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    append(scratch_file(&scratch, "log", path), 0, 3);
    long size = size_of(path), line_size = size / 3;
    for (long i = 0; i < size; i++) {
        struct lines lines = {0};
        flip(path, i, (int)(i % 8));
        enum status status = linelog_read(path, keep, &lines, NULL, &err);
        flip(path, i, (int)(i % 8));
        /* A damaged last line cannot be told from a torn one, nor two that lost the newline between
         * them; any other is an error. */
        if (i < 2 * line_size - 1)
            CU_ASSERT_EQUAL(status, STATUS_BAD_DATA);
        CU_ASSERT(lines.count <= i / line_size);
    }
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(missing_file_reads_as_empty),
        UNIT_TEST(lines_come_back_in_order),
        UNIT_TEST(file_cut_anywhere_keeps_its_whole_lines),
        UNIT_TEST(appending_after_a_torn_line_leaves_no_trace_of_it),
        UNIT_TEST(flipped_bit_is_never_taken_for_a_fact),
    };
    return unit_run("linelog", tests, UNIT_COUNT(tests));
}
