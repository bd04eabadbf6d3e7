/* The manifest: what was committed is found again, and nothing else is. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/linelog.h"
#include "manifest_world.h"

static void frames_are_found_by_window_and_revision(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    const struct manifest_frame *frames;
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < 3000; window++)
        add_frame(manifest, window, 0, 0);
    add_frame(manifest, 7, 1, 5);
    manifest_close(manifest);
    manifest = reopen(path, false);
    CU_ASSERT_EQUAL(manifest_frames(manifest, &frames), 3001);
    for (int64_t window = 0; window < 3000; window++)
        CU_ASSERT(has_frame(manifest, window, 0, 0));
    CU_ASSERT(has_frame(manifest, 7, 1, 5));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 8, 1));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 3000, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void later_line_about_a_frame_replaces_the_earlier(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 3, 0, 1);
    add_frame(manifest, 3, 0, 2);
    manifest_close(manifest);
    manifest = reopen(path, false);
    CU_ASSERT(has_frame(manifest, 3, 0, 2));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void checkpoints_are_listed_once_in_order(void)
{
    static const int64_t order[] = {10, 30, 20, 30};
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    const struct manifest_checkpoint *list;
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int i = 0; i < 4; i++)
        add_checkpoint(manifest, order[i], i == 3);
    manifest_close(manifest);
    manifest = reopen(path, false);
    CU_ASSERT_EQUAL_FATAL(manifest_checkpoints(manifest, &list), 3);
    for (int i = 0; i < 3; i++) {
        struct manifest_checkpoint expected = checkpoint_of(10 * (i + 1), i == 2);
        CU_ASSERT_EQUAL(list[i].window, expected.window);
        CU_ASSERT_EQUAL(list[i].rows, expected.rows);
        CU_ASSERT_EQUAL(list[i].provisional, expected.provisional);
        CU_ASSERT(digest_equal(list[i].seal.field, expected.seal.field));
        CU_ASSERT(digest_equal(list[i].seal.outflow, expected.seal.outflow));
        CU_ASSERT(digest_equal(list[i].seal.state, expected.seal.state));
        CU_ASSERT_EQUAL(list[i].seal.has_past, expected.seal.has_past);
        CU_ASSERT(digest_equal(list[i].seal.past_field, expected.seal.past_field));
        CU_ASSERT(digest_equal(list[i].seal.past_outflow, expected.seal.past_outflow));
    }
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cutting_forgets_later_windows_and_the_finish(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest_finish finish = {.window = 19, .digest = digest_bytes("end", 3)}, found;
    const struct manifest_frame *frames;
    const struct manifest_checkpoint *list;
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t k = 0; k < 20; k++) {
        add_frame(manifest, k, 0, 0);
        if (k % 10 == 9)
            add_checkpoint(manifest, k, k == 19);
    }
    CU_ASSERT_EQUAL(manifest_add_finished(manifest, &finish, "{\"a\":1}", &err), STATUS_OK);
    CU_ASSERT(manifest_finished(manifest, &found) && found.window == 19);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 9, &err), STATUS_OK);
    for (int pass = 0; pass < 2; pass++) {
        CU_ASSERT_EQUAL(manifest_frames(manifest, &frames), 10);
        CU_ASSERT(has_frame(manifest, 9, 0, 0));
        CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 10, 0));
        CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 11, 0));
        CU_ASSERT_EQUAL(manifest_checkpoints(manifest, &list), 1);
        CU_ASSERT_FALSE(manifest_finished(manifest, &found));
        CU_ASSERT_STRING_EQUAL(manifest_summary(manifest), "");
        manifest_close(manifest);
        manifest = reopen(path, false);
    }
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void finish_is_found_again(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    struct manifest_finish finish = {.window = 41, .digest = digest_bytes("end", 3)}, found;
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    CU_ASSERT_FALSE(manifest_finished(manifest, &found));
    for (int at_end = 0; at_end < 2; at_end++) {
        finish.at_end = at_end;
        CU_ASSERT_EQUAL(manifest_add_finished(manifest, &finish, "{\"a\":1}", &err), STATUS_OK);
        manifest_close(manifest);
        manifest = reopen(path, true);
        CU_ASSERT(manifest_finished(manifest, &found));
        CU_ASSERT_EQUAL(found.window, 41);
        CU_ASSERT_EQUAL(found.at_end, at_end);
        CU_ASSERT_STRING_EQUAL(manifest_summary(manifest), "{\"a\":1}");
        CU_ASSERT(digest_equal(found.digest, finish.digest));
    }
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void reading_never_touches_the_file(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct stat before, after;
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 0, 0, 0);
    add_frame(manifest, 1, 0, 0);
    manifest_close(manifest);
    CU_ASSERT_EQUAL(stat(path, &before), 0);
    CU_ASSERT_EQUAL(truncate(path, before.st_size - 3), 0);
    manifest = reopen(path, false);
    CU_ASSERT(has_frame(manifest, 0, 0, 0));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 1, 0));
    manifest_close(manifest);
    CU_ASSERT_EQUAL(stat(path, &after), 0);
    CU_ASSERT_EQUAL(after.st_size, before.st_size - 3);
    scratch_remove(&scratch);
}

static void line_that_means_nothing_is_refused(void)
{
#define HEX "00112233445566778899aabbccddeeff"
    static const char *const bad[] = {
        "frame 1 0 1 00 00 1 0",
        "frame 1 0 1",
        "frame 1 0 1 " HEX " " HEX " 1",
        "frame -1 0 1 " HEX " " HEX " 1 0",
        "frame 1 -1 1 " HEX " " HEX " 1 0",
        "frame 1 0 1 " HEX " " HEX " 1 0 tea",
        "checkpoint 1 2",
        "checkpoint 1 2 0 " HEX " " HEX " " HEX " " HEX,
        "checkpoint 1 2 0 " HEX " " HEX " " HEX " " HEX " " HEX " tea",
        "rewrite 4",
        "rewrite 4 3",
        "rewrite -2 3",
        "rewrite 4 5 6",
        "tea",
        "finished 4",
    };
#undef HEX
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct linelog *log = NULL;
        struct manifest *manifest = NULL;
        unlink(scratch_file(&scratch, "manifest", path));
        CU_ASSERT_EQUAL_FATAL(linelog_open(path, &log, &err), STATUS_OK);
        CU_ASSERT_EQUAL(linelog_append(log, false, &err, "%s", bad[i]), STATUS_OK);
        linelog_close(log);
        CU_ASSERT_EQUAL(manifest_open(path, false, &manifest, &err), STATUS_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i]));
    }
    scratch_remove(&scratch);
}

static void touch(const struct scratch *scratch, const char *name)
{
    struct error err;
    char path[PATH_MAX];
    CU_ASSERT_EQUAL(durable_write_file(scratch_file(scratch, name, path), "x", 1, 0644, &err),
                    STATUS_OK);
}

static bool exists(const struct scratch *scratch, const char *name)
{
    char path[PATH_MAX];
    return durable_exists(scratch_file(scratch, name, path));
}

static void newest_and_newest_settled_checkpoints_are_kept(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX], name[32];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 10; window <= 60; window += 10) {
        add_checkpoint(manifest, window, window > 30);
        checkpoint_name(window, name);
        touch(&scratch, name);
    }
    touch(&scratch, "ckpt_000000055.h5");     /* renamed, then a crash: not in the manifest */
    touch(&scratch, "ckpt_000000060.h5.tmp"); /* a crash before that */
    touch(&scratch, "ckpt_mine.h5");
    touch(&scratch, "latest");
    manifest_retire_checkpoints(manifest, 2);
    CU_ASSERT_EQUAL(checkpoint_remove_old(scratch.path, scratch.path, manifest, &err), STATUS_OK);
    CU_ASSERT(exists(&scratch, "ckpt_000000060.h5"));
    CU_ASSERT(exists(&scratch, "ckpt_000000050.h5"));
    CU_ASSERT_FALSE(exists(&scratch, "ckpt_000000040.h5"));
    CU_ASSERT(exists(&scratch, "ckpt_000000030.h5"));
    CU_ASSERT_FALSE(exists(&scratch, "ckpt_000000020.h5"));
    CU_ASSERT_FALSE(exists(&scratch, "ckpt_000000010.h5"));
    CU_ASSERT_FALSE(exists(&scratch, "ckpt_000000055.h5"));
    CU_ASSERT_FALSE(exists(&scratch, "ckpt_000000060.h5.tmp"));
    CU_ASSERT(exists(&scratch, "ckpt_mine.h5"));
    CU_ASSERT(exists(&scratch, "latest"));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(frames_are_found_by_window_and_revision),
        UNIT_TEST(later_line_about_a_frame_replaces_the_earlier),
        UNIT_TEST(checkpoints_are_listed_once_in_order),
        UNIT_TEST(cutting_forgets_later_windows_and_the_finish),
        UNIT_TEST(finish_is_found_again),
        UNIT_TEST(reading_never_touches_the_file),
        UNIT_TEST(line_that_means_nothing_is_refused),
        UNIT_TEST(newest_and_newest_settled_checkpoints_are_kept),
    };
    return unit_run("manifest", tests, UNIT_COUNT(tests));
}
