/* What the manifest says of the rows of the frames file: the last word counts, whatever was said
 * before it, and going back to a checkpoint takes back what was said since. */
#include <float.h>
#include <math.h>

#include "base/durable.h"
#include "base/linelog.h"
#include "heap.h"
#include "manifest_world.h"

static void add_rewrite(struct manifest *manifest, int64_t first, int64_t last)
{
    struct error err;
    CU_ASSERT_EQUAL(manifest_add_rewrite(manifest, first, last, &err), STATUS_OK);
}

static void row_holds_the_revision_last_said(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < 10; window++)
        add_frame(manifest, window, 0, 0);
    add_rewrite(manifest, 3, 6);
    add_frame(manifest, 3, 1, 0);
    add_frame(manifest, 4, 1, 0);
    add_frame(manifest, 5, 1, 0);
    add_rewrite(manifest, 4, 4); /* a restart puts an earlier revision back */
    add_frame(manifest, 4, 0, 0);
    manifest_close(manifest);
    manifest = reopen(path, false);
    static const int64_t held[10] = {0, 0, 0, 1, 0, 1, -1, 0, 0, 0};
    for (int64_t window = 0; window < 10; window++)
        for (int64_t revision = -1; revision < 3; revision++)
            CU_ASSERT_EQUAL(manifest_row_holds(manifest, window, revision),
                            revision >= 0 && held[window] == revision);
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 10, 0));
    CU_ASSERT(has_frame(manifest, 4, 1, 0));
    CU_ASSERT(has_frame(manifest, 6, 0, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void rewrite_of_more_windows_than_there_are_ends_soon(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < 5; window++)
        add_frame(manifest, window * 1000000000000, 0, 0);
    add_rewrite(manifest, 1000000000000, INT64_MAX);
    manifest_close(manifest);
    manifest = reopen(path, false);
    CU_ASSERT(manifest_row_holds(manifest, 0, 0));
    for (int64_t window = 1; window < 5; window++)
        CU_ASSERT_FALSE(manifest_row_holds(manifest, window * 1000000000000, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void what_is_added_counts_for_windows_that_were_read(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 0, 0, 0);
    add_frame(manifest, 1, 0, 0);
    manifest_close(manifest);
    manifest = reopen(path, true);
    add_rewrite(manifest, 0, 1);
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 0, 0));
    add_frame(manifest, 1, 1, 0);
    CU_ASSERT(manifest_row_holds(manifest, 1, 1));
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 0, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void change_is_kept_to_the_last_bit(void)
{
    static const double changes[] = {0.0, 0.1, 1e-310, 1.0 / 3.0, DBL_MAX, INFINITY};
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t i = 0; i < 6; i++) {
        struct manifest_frame frame = frame_of(i, 1, 0);
        frame.change = changes[i];
        CU_ASSERT_EQUAL(manifest_add_frame(manifest, &frame, &err), STATUS_OK);
    }
    manifest_close(manifest);
    manifest = reopen(path, false);
    for (int64_t i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(manifest_find_frame(manifest, i, 1)->change, changes[i]);
    manifest_close(manifest);
    scratch_remove(&scratch);
}

/* As in a run that lasts weeks. */
static void lines_that_are_added_cost_no_memory(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    size_t before = 0;
    for (int64_t window = 0; window < 60000; window++) {
        add_frame(manifest, window, 0, 0);
        if (window % 100 == 0) /* each is put on the disk */
            add_rewrite(manifest, window / 2, window);
        add_frame(manifest, window, 1, 0);
        if (window % 5000 == 0) {
            add_checkpoint(manifest, window, false);
            manifest_retire_checkpoints(manifest, 2);
        }
        if (window == 20000)
            before = heap_bytes();
    }
    CU_ASSERT_EQUAL(heap_bytes(), before);
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cut_goes_back_to_the_newest_of_two_checkpoints_of_a_window(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 1, 0, 0);
    add_checkpoint(manifest, 1, false);
    add_rewrite(manifest, 1, 1);
    add_frame(manifest, 1, 1, 0);
    add_checkpoint(manifest, 1, false); /* the next close was corrected, and its state kept */
    add_frame(manifest, 2, 0, 0);
    add_rewrite(manifest, 1, 2);
    add_frame(manifest, 1, 2, 0);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 1, &err), STATUS_OK);
    CU_ASSERT(has_frame(manifest, 1, 0, 0));
    CU_ASSERT(has_frame(manifest, 1, 1, 0));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 1, 2));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 2, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void rows_that_hold_what_was_cut_are_not_trusted(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < 4; window++)
        add_frame(manifest, window, 0, 0);
    add_checkpoint(manifest, 3, false);
    add_rewrite(manifest, 1, 3);
    add_frame(manifest, 1, 1, 0); /* then a kill: the row of window 2 may be torn */
    manifest_close(manifest);
    manifest = reopen(path, true);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 3, &err), STATUS_OK);
    for (int pass = 0; pass < 2; pass++) {
        CU_ASSERT(manifest_row_holds(manifest, 0, 0));
        for (int64_t window = 1; window < 4; window++) {
            CU_ASSERT(has_frame(manifest, window, 0, 0));
            CU_ASSERT_FALSE(manifest_row_holds(manifest, window, 0));
        }
        CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 1, 1));
        manifest_close(manifest);
        manifest = reopen(path, true);
    }
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cut_forgets_what_an_earlier_attempt_had_said(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < 4; window++)
        add_frame(manifest, window, 0, 0);
    add_checkpoint(manifest, 1, false);
    add_frame(manifest, 4, 0, 1); /* provisional, in a run to an end */
    add_rewrite(manifest, 1, 1);
    add_frame(manifest, 1, 1, 1);
    add_checkpoint(manifest, 4, true);
    add_rewrite(manifest, 1, 1); /* then a kill, and a restart from the checkpoint of window 1 */
    add_frame(manifest, 1, 0, 0);
    add_checkpoint(manifest, 2, false);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 2, &err), STATUS_OK);
    const struct manifest_checkpoint *list;
    const struct manifest_frame *frames;
    CU_ASSERT_EQUAL_FATAL(manifest_checkpoints(manifest, &list), 2);
    CU_ASSERT_EQUAL(list[1].window, 2);
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 4, 0));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 3, 0));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 1, 1));
    CU_ASSERT_EQUAL(manifest_frames(manifest, &frames), 4);
    for (int64_t window = 0; window < 3; window++)
        CU_ASSERT(manifest_row_holds(manifest, window, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cut_can_be_followed_by_one_further_back(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 1, 0, 0);
    add_checkpoint(manifest, 1, false);
    add_rewrite(manifest, 1, 1);
    add_frame(manifest, 1, 1, 0);
    add_frame(manifest, 2, 0, 0);
    add_checkpoint(manifest, 2, false);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 2, &err), STATUS_OK);
    CU_ASSERT(has_frame(manifest, 1, 1, 0));
    CU_ASSERT_EQUAL(manifest_cut(manifest, 1, &err), STATUS_OK);
    CU_ASSERT(has_frame(manifest, 1, 0, 0));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 1, 1));
    CU_ASSERT_PTR_NULL(manifest_find_frame(manifest, 2, 0));
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 1, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cut_keeps_the_epochs(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct buffer text = {0};
    struct linelog *log = NULL;
    char path[PATH_MAX];
    CU_ASSERT_EQUAL_FATAL(linelog_open(scratch_file(&scratch, "manifest", path), &log, &err),
                          STATUS_OK);
    CU_ASSERT_EQUAL(linelog_append(log, false, &err, "epoch 1 here 77"), STATUS_OK);
    CU_ASSERT_EQUAL(linelog_append(log, false, &err, "epoch 2 there 78"), STATUS_OK);
    linelog_close(log);
    struct manifest *manifest = reopen(path, true);
    add_frame(manifest, 0, 0, 0);
    CU_ASSERT_EQUAL(manifest_cut(manifest, -1, &err), STATUS_OK);
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 0, 0));
    CU_ASSERT_EQUAL(durable_read_file(path, &text, &err), STATUS_OK);
    buffer_put_u8(&text, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)text.data, "epoch 1 here 77 #"));
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)text.data, "epoch 2 there 78 #"));
    CU_ASSERT_PTR_NULL(strstr((const char *)text.data, "frame"));
    buffer_release(&text);
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void going_back_forgets_newer_checkpoints_rows_and_the_finish(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    struct manifest_finish finish = {.window = 5};
    for (int64_t window = 0; window < 6; window++) {
        add_frame(manifest, window, 0, window);
        add_checkpoint(manifest, window, false);
    }
    CU_ASSERT_EQUAL(manifest_add_finished(manifest, &finish, "{}", &err), STATUS_OK);
    CU_ASSERT_EQUAL(manifest_add_back(manifest, 3, &err), STATUS_OK);
    add_checkpoint(manifest, 4, false);
    for (int time = 0; time < 2; time++) {
        const struct manifest_checkpoint *list;
        CU_ASSERT_EQUAL_FATAL(manifest_checkpoints(manifest, &list), 5);
        CU_ASSERT_EQUAL(list[4].window, 4);
        CU_ASSERT_FALSE(manifest_finished(manifest, &finish));
        manifest_close(manifest);
        manifest = reopen(path, true);
        CU_ASSERT(manifest_row_holds(manifest, 3, 0));
        CU_ASSERT_FALSE(manifest_row_holds(manifest, 4, 0) || manifest_row_holds(manifest, 5, 0));
        CU_ASSERT_PTR_NOT_NULL(manifest_find_frame(manifest, 5, 0));
    }
    CU_ASSERT_EQUAL(manifest_add_back(manifest, -1, &err), STATUS_OK);
    manifest_close(manifest);
    manifest = reopen(path, true);
    const struct manifest_checkpoint *none;
    CU_ASSERT_EQUAL(manifest_checkpoints(manifest, &none), 0);
    CU_ASSERT_FALSE(manifest_row_holds(manifest, 0, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

static void cut_to_a_checkpoint_that_is_not_there_changes_nothing(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    add_frame(manifest, 0, 0, 0);
    add_checkpoint(manifest, 0, false);
    CU_ASSERT_EQUAL(manifest_cut(manifest, 1, &err), STATUS_BUG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "window 1 "));
    add_frame(manifest, 1, 0, 0);
    manifest_close(manifest);
    manifest = reopen(path, false);
    CU_ASSERT(manifest_row_holds(manifest, 0, 0) && manifest_row_holds(manifest, 1, 0));
    manifest_close(manifest);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(row_holds_the_revision_last_said),
        UNIT_TEST(rewrite_of_more_windows_than_there_are_ends_soon),
        UNIT_TEST(what_is_added_counts_for_windows_that_were_read),
        UNIT_TEST(change_is_kept_to_the_last_bit),
        UNIT_TEST(lines_that_are_added_cost_no_memory),
        UNIT_TEST(cut_goes_back_to_the_newest_of_two_checkpoints_of_a_window),
        UNIT_TEST(rows_that_hold_what_was_cut_are_not_trusted),
        UNIT_TEST(cut_forgets_what_an_earlier_attempt_had_said),
        UNIT_TEST(cut_can_be_followed_by_one_further_back),
        UNIT_TEST(cut_keeps_the_epochs),
        UNIT_TEST(going_back_forgets_newer_checkpoints_rows_and_the_finish),
        UNIT_TEST(cut_to_a_checkpoint_that_is_not_there_changes_nothing),
    };
    return unit_run("manifest_rows", tests, UNIT_COUNT(tests));
}
