/* The files of the dead letters by name, and how they are cut back and removed. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "scratch.h"
#include "store/letter_files.h"
#include "unit.h"

struct place {
    struct scratch scratch;
    char staging[PATH_MAX];
};

static struct place make_place(void)
{
    struct place place = {.scratch = scratch_make()};
    struct error err;
    scratch_file(&place.scratch, "epoch.1", place.staging);
    CU_ASSERT_EQUAL_FATAL(durable_make_directories(place.staging, &err), STATUS_OK);
    return place;
}

/* A file with the bytes from one position up to another. */
static void put_file(const struct place *place, int64_t from, int64_t to)
{
    char name[LETTER_FILE_NAME], path[PATH_MAX];
    letter_file_name(from, name);
    scratch_file(&place->scratch, name, path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CU_ASSERT_EQUAL(ftruncate(fd, to - from), 0);
    close(fd);
}

static void check_files(const struct place *place, const int64_t *expected, size_t count)
{
    struct buffer list = {0};
    struct error err;
    CU_ASSERT_EQUAL(letter_files_list(place->scratch.path, &list, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(list.size, count * sizeof *expected);
    if (count > 0)
        CU_ASSERT_EQUAL(memcmp(list.data, expected, list.size), 0);
    buffer_release(&list);
}

static void names_are_read_back_and_others_are_no_letter_files(void)
{
    static const int64_t starts[] = {0, 1, 16384, 999999999999999, 1000000000000000};
    static const char *const others[] = {
        "dead_letters",
        "dead_letters.ndjson.tmp",
        "dead_letters_.ndjson",
        "dead_letters_16384.ndjson",
        "dead_letters_000000000000000.ndjson",
        "dead_letters_-00000000016384.ndjson",
        "dead_letters_000000000016384.ndjson2",
        "dead_letters_0000000000016384.ndjson",
        "dead_letters_99999999999999999999999999.ndjson",
        "dead_letters_ 00000000016384.ndjson",
    };
    char name[LETTER_FILE_NAME];
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        letter_file_name(starts[i], name);
        CU_ASSERT_EQUAL(letter_file_start(name), starts[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_EQUAL(letter_file_start(others[i]), -1);
}

static void cutting_keeps_the_file_that_ends_at_or_after_the_position(void)
{
    static const struct {
        int64_t size, start;
        size_t left;
    } cases[] = {{350, 300, 4}, {301, 300, 4}, {300, 200, 3}, {150, 100, 2}, {1, 0, 1}, {0, 0, 1}};
    static const int64_t all[] = {0, 100, 200, 300};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place place = make_place();
        struct error err = {""};
        struct stat info;
        char staged[PATH_MAX];
        int64_t start = -1;
        for (int file = 0; file < 4; file++)
            put_file(&place, all[file], all[file] + 100);
        CU_ASSERT_EQUAL(letter_files_cut(place.scratch.path, place.staging, cases[i].size, &start,
                                         staged, &err),
                        STATUS_OK);
        CU_ASSERT_EQUAL(start, cases[i].start);
        check_files(&place, all, cases[i].left);
        CU_ASSERT_EQUAL(stat(staged, &info), 0);
        CU_ASSERT_EQUAL(info.st_nlink, 2);
        letter_files_return(place.staging, start);
        CU_ASSERT_FALSE(durable_exists(staged));
        scratch_remove(&place.scratch);
    }
}

static void a_new_run_gets_an_empty_private_file(void)
{
    static const int64_t only[] = {0};
    struct place place = make_place();
    struct error err = {""};
    struct stat info;
    char staged[PATH_MAX];
    int64_t start = -1;
    CU_ASSERT_EQUAL(letter_files_cut(place.scratch.path, place.staging, 0, &start, staged, &err),
                    STATUS_OK);
    check_files(&place, only, 1);
    CU_ASSERT_EQUAL(stat(staged, &info), 0);
    CU_ASSERT_EQUAL(info.st_size, 0);
    CU_ASSERT_EQUAL(info.st_mode & 0777, 0600);
    scratch_remove(&place.scratch);
}

static void letters_that_are_gone_are_not_gone_on_from(void)
{
    struct place place = make_place();
    struct error err = {""};
    char staged[PATH_MAX];
    int64_t start = -1;
    put_file(&place, 200, 300);
    CU_ASSERT_EQUAL(letter_files_cut(place.scratch.path, place.staging, 150, &start, staged, &err),
                    STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "150"));
    CU_ASSERT_EQUAL(start, -1);
    scratch_remove(&place.scratch);
}

static void only_files_that_no_checkpoint_needs_are_removed(void)
{
    static const int64_t all[] = {0, 100, 200, 300};
    static const struct {
        int64_t position, keep;
        size_t first;
    } cases[] = {{400, 1, 3}, {400, 2, 2}, {400, 9, 0}, {201, 1, 2}, {200, 1, 1}, {0, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place place = make_place();
        struct error err = {""};
        for (int file = 0; file < 4; file++)
            put_file(&place, all[file], all[file] + 100);
        CU_ASSERT_EQUAL(letter_files_remove_old(place.scratch.path, place.staging,
                                                cases[i].position, cases[i].keep, &err),
                        STATUS_OK);
        check_files(&place, all + cases[i].first, 4 - cases[i].first);
        scratch_remove(&place.scratch);
    }
}

/* Its staging directory is gone, as is that of a run that was replaced. */
static void a_run_that_was_replaced_changes_no_file(void)
{
    static const int64_t all[] = {0, 100};
    struct place place = make_place();
    struct error err = {""};
    char staged[PATH_MAX];
    int64_t start;
    put_file(&place, 0, 100);
    put_file(&place, 100, 200);
    CU_ASSERT_EQUAL(rmdir(place.staging), 0);
    const char *root = place.scratch.path;
    CU_ASSERT_NOT_EQUAL(letter_files_cut(root, place.staging, 50, &start, staged, &err), STATUS_OK);
    CU_ASSERT_NOT_EQUAL(letter_files_begin(root, place.staging, 200, staged, &err), STATUS_OK);
    CU_ASSERT_NOT_EQUAL(letter_files_remove_old(root, place.staging, 200, 1, &err), STATUS_OK);
    CU_ASSERT_NOT_EQUAL(letter_files_renew(root, place.staging, &err), STATUS_OK);
    check_files(&place, all, 2);
    scratch_remove(&place.scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(names_are_read_back_and_others_are_no_letter_files),
        UNIT_TEST(cutting_keeps_the_file_that_ends_at_or_after_the_position),
        UNIT_TEST(a_new_run_gets_an_empty_private_file),
        UNIT_TEST(letters_that_are_gone_are_not_gone_on_from),
        UNIT_TEST(only_files_that_no_checkpoint_needs_are_removed),
        UNIT_TEST(a_run_that_was_replaced_changes_no_file),
    };
    return unit_run("letter_files", tests, UNIT_COUNT(tests));
}
