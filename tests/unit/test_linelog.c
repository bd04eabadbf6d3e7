/* Append-only files of CRC'd lines: what a crash or a flipped bit does to them. */
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linelog.h"
#include "heap.h"
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

/* What a visitor sees of a long file. */
struct seen {
    int64_t lines, letters, most_heap;
};

static enum status look(void *context, const char *line, struct error *err)
{
    struct seen *seen = context;
    int64_t heap = (int64_t)heap_bytes();
    size_t length = strlen(line);
    seen->lines++;
    seen->letters += (int64_t)length;
    seen->most_heap = heap > seen->most_heap ? heap : seen->most_heap;
    for (size_t i = 0; i < length; i++)
        if (line[i] != line[0])
            return error_set(err, STATUS_BUG, "line %lld is mixed", (long long)seen->lines);
    return STATUS_OK;
}

/* Line i is a letter of its own, so often. */
static void append_letters(const char *path, int64_t lines, int64_t (*length)(int64_t))
{
    struct error err;
    struct linelog *log = NULL;
    static char text[300000];
    CU_ASSERT_EQUAL_FATAL(linelog_open(path, &log, &err), STATUS_OK);
    for (int64_t i = 0; i < lines; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        CU_ASSERT_EQUAL(linelog_append(log, false, &err, "%.*s", (int)length(i), text), STATUS_OK);
    }
    linelog_close(log);
}

static int64_t growing(int64_t i)
{
    return 1 + i * i * 37 % 280000;
}

static void lines_of_any_length_come_back_whole(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct seen seen = {0};
    char path[PATH_MAX];
    int64_t letters = 0, torn = -1;
    append_letters(scratch_file(&scratch, "log", path), 90, growing);
    for (int64_t i = 0; i < 90; i++)
        letters += growing(i);
    CU_ASSERT_EQUAL(truncate(path, size_of(path) - 1), 0);
    CU_ASSERT_EQUAL(linelog_read(path, look, &seen, &torn, &err), STATUS_OK);
    CU_ASSERT_EQUAL(seen.lines, 89);
    CU_ASSERT_EQUAL(seen.letters, letters - growing(89));
    CU_ASSERT_EQUAL(torn, growing(89) + 10);
    scratch_remove(&scratch);
}

/* With CRC and newline; pieces of the file end at every place of the first, with the second. */
static int64_t one_of_thirteen_bytes(int64_t i)
{
    (void)i;
    return 2;
}

static int64_t one_of_sixteen_bytes(int64_t i)
{
    (void)i;
    return 5;
}

static void damaged_line_at_the_end_of_what_was_read_at_once_is_no_torn_one(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct seen seen = {0};
    char path[PATH_MAX];
    append_letters(scratch_file(&scratch, "log", path), 4097, one_of_sixteen_bytes);
    CU_ASSERT_EQUAL(size_of(path), 65536 + 16);
    flip(path, 65536 - 12, 1);
    CU_ASSERT_EQUAL(linelog_read(path, look, &seen, NULL, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, ":4096:"));
    CU_ASSERT_EQUAL(truncate(path, 65536), 0);
    CU_ASSERT_EQUAL(linelog_read(path, look, &seen, NULL, &err), STATUS_OK);
    scratch_remove(&scratch);
}

/* Both files of a run of weeks are read when it goes on. */
static void long_file_is_read_in_little_memory(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct seen few = {0}, many = {0};
    char path[PATH_MAX];
    append_letters(scratch_file(&scratch, "log", path), 20000, one_of_thirteen_bytes);
    CU_ASSERT_EQUAL(linelog_read(path, look, &few, NULL, &err), STATUS_OK);
    append_letters(path, 100000, one_of_thirteen_bytes);
    CU_ASSERT_EQUAL(linelog_read(path, look, &many, NULL, &err), STATUS_OK);
    CU_ASSERT_EQUAL(many.lines, 120000);
    CU_ASSERT_EQUAL(many.most_heap, few.most_heap);
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
        UNIT_TEST(lines_of_any_length_come_back_whole),
        UNIT_TEST(damaged_line_at_the_end_of_what_was_read_at_once_is_no_torn_one),
        UNIT_TEST(long_file_is_read_in_little_memory),
    };
    return unit_run("linelog", tests, UNIT_COUNT(tests));
}
