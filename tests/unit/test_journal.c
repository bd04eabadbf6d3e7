/* The journal: sets of offsets count only when complete, and nothing is derived twice. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/linelog.h"
#include "scratch.h"
#include "store/journal.h"
#include "unit.h"

static struct journal *reopen(const char *path, int partitions)
{
    struct error err = {""};
    struct journal *journal = NULL;
    CU_ASSERT_EQUAL_FATAL(journal_open(path, partitions, &journal, &err), STATUS_OK);
    return journal;
}

static void write_raw(const char *path, const char *const *lines, int count)
{
    struct error err;
    struct linelog *log = NULL;
    CU_ASSERT_EQUAL_FATAL(linelog_open(path, &log, &err), STATUS_OK);
    for (int i = 0; i < count; i++)
        CU_ASSERT_EQUAL(linelog_append(log, false, &err, "%s", lines[i]), STATUS_OK);
    linelog_close(log);
}

static void new_journal_knows_nothing(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    int64_t offsets[2], t0;
    struct journal *journal = reopen(scratch_file(&scratch, "journal", path), 2);
    CU_ASSERT_FALSE(journal_first(journal, offsets));
    CU_ASSERT_FALSE(journal_ends(journal, offsets));
    CU_ASSERT_FALSE(journal_t0(journal, &t0));
    journal_close(journal);
    scratch_remove(&scratch);
}

static void what_is_written_is_there_after_opening_again(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    const int64_t first[2] = {3, INT64_MAX}, ends[2] = {10, 20}, later[2] = {11, 25};
    int64_t offsets[2] = {0}, t0 = 0;
    struct journal *journal = reopen(scratch_file(&scratch, "journal", path), 2);
    CU_ASSERT_EQUAL(journal_write_first(journal, first, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_t0(journal, -1767225600123, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_ends(journal, ends, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_ends(journal, later, &err), STATUS_OK);
    CU_ASSERT(journal_ends(journal, offsets) && offsets[1] == 25);
    journal_close(journal);
    journal = reopen(path, 2);
    CU_ASSERT(journal_first(journal, offsets));
    CU_ASSERT(offsets[0] == 3 && offsets[1] == INT64_MAX);
    CU_ASSERT(journal_t0(journal, &t0));
    CU_ASSERT_EQUAL(t0, -1767225600123);
    CU_ASSERT(journal_ends(journal, offsets));
    CU_ASSERT(offsets[0] == 11 && offsets[1] == 25);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void half_written_set_of_ends_does_not_count(void)
{
    static const char *const lines[] = {"first 0 0", "first 1 0", "t0 5",
                                        "end 0 7",   "end 1 8",   "end 0 9"};
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    int64_t offsets[2] = {0};
    write_raw(scratch_file(&scratch, "journal", path), lines, 6);
    struct journal *journal = reopen(path, 2);
    CU_ASSERT(journal_ends(journal, offsets));
    CU_ASSERT(offsets[0] == 7 && offsets[1] == 8);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void set_cut_off_by_a_crash_can_be_written_again(void)
{
    static const char *const lines[] = {"first 0 4"};
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    const int64_t first[2] = {5, 6};
    int64_t offsets[2] = {0};
    write_raw(scratch_file(&scratch, "journal", path), lines, 1);
    struct journal *journal = reopen(path, 2);
    CU_ASSERT_FALSE(journal_first(journal, offsets));
    CU_ASSERT_EQUAL(journal_write_first(journal, first, &err), STATUS_OK);
    journal_close(journal);
    journal = reopen(path, 2);
    CU_ASSERT(journal_first(journal, offsets));
    CU_ASSERT(offsets[0] == 5 && offsets[1] == 6);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void going_on_without_end_makes_ends_void(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    const int64_t first[1] = {0}, ends[1] = {10};
    int64_t offsets[1];
    struct journal *journal = reopen(scratch_file(&scratch, "journal", path), 1);
    CU_ASSERT_EQUAL(journal_write_first(journal, first, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_ends(journal, ends, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_open(journal, &err), STATUS_OK);
    for (int pass = 0; pass < 2; pass++) {
        CU_ASSERT_FALSE(journal_ends(journal, offsets));
        journal_close(journal);
        journal = reopen(path, 1);
    }
    CU_ASSERT_EQUAL(journal_write_ends(journal, ends, &err), STATUS_OK);
    CU_ASSERT(journal_ends(journal, offsets) && offsets[0] == 10);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void time_outs_are_there_again_in_their_order(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    char path[PATH_MAX];
    const struct journal_idle *idles;
    struct journal *journal = reopen(scratch_file(&scratch, "journal", path), 3);
    CU_ASSERT_EQUAL(journal_idles(journal, &idles), 0);
    struct journal_idle written[5];
    for (int i = 0; i < 5; i++)
        written[i] = (struct journal_idle){.partition = i % 3, .before = 10 * i, .to_ms = -7 + i};
    CU_ASSERT_EQUAL(journal_write_idles(journal, written, 2, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_idles(journal, written + 2, 3, &err), STATUS_OK);
    journal_close(journal);
    journal = reopen(path, 3);
    CU_ASSERT_EQUAL_FATAL(journal_idles(journal, &idles), 5);
    for (int i = 0; i < 5; i++)
        CU_ASSERT(idles[i].partition == i % 3 && idles[i].before == 10 * i &&
                  idles[i].to_ms == -7 + i);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void of_a_long_silence_the_last_time_out_is_told(void)
{
    static const char *const lines[] = {"idle 0 1 5 100", "idle 1 0 7 100", "idle 2 1 5 200",
                                        "idle 3 1 9 150", "idle 4 1 9 120", "idle 5 0 7 300"};
    static const struct journal_idle expected[] = {{1, 5, 200}, {0, 7, 300}, {1, 9, 150}};
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    const struct journal_idle *idles;
    write_raw(scratch_file(&scratch, "journal", path), lines, 6);
    struct journal *journal = reopen(path, 2);
    CU_ASSERT_EQUAL_FATAL(journal_idles(journal, &idles), 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(idles[i].partition == expected[i].partition &&
                  idles[i].before == expected[i].before && idles[i].to_ms == expected[i].to_ms);
    CU_ASSERT_EQUAL(journal_write_idles(journal, expected, 1, &err), STATUS_OK);
    journal_close(journal);
    journal = reopen(path, 2); /* the sequence went on from 6 */
    CU_ASSERT_EQUAL(journal_idles(journal, &idles), 4);
    journal_close(journal);
    scratch_remove(&scratch);
}

static bool same_gap(const struct journal_gap *one, const struct journal_gap *other)
{
    return one->partition == other->partition && one->from == other->from && one->to == other->to;
}

static void gaps_are_there_at_once_after_opening_again_and_for_those_who_only_look(void)
{
    static const struct journal_gap written[] = {{2, 0, 7}, {0, 5, INT64_MAX}};
    const int64_t first[3] = {0};
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct buffer listed = {0};
    const struct journal_gap *gaps;
    struct journal *journal = reopen(scratch_file(&scratch, "journal", path), 3);
    CU_ASSERT_EQUAL(journal_gaps(journal, &gaps), 0);
    CU_ASSERT_EQUAL(journal_write_first(journal, first, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_gaps(journal, written, 2, &err), STATUS_OK);
    for (int pass = 0; pass < 2; pass++) {
        CU_ASSERT_EQUAL_FATAL(journal_gaps(journal, &gaps), 2);
        CU_ASSERT(same_gap(&gaps[0], &written[0]) && same_gap(&gaps[1], &written[1]));
        journal_close(journal);
        journal = reopen(path, 3);
    }
    CU_ASSERT_EQUAL(journal_list_gaps(path, &listed, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(listed.size, sizeof written);
    gaps = (const void *)listed.data;
    CU_ASSERT(same_gap(&gaps[0], &written[0]) && same_gap(&gaps[1], &written[1]));
    buffer_release(&listed);
    journal_close(journal);
    scratch_remove(&scratch);
}

static void expect_refused(const char *const *lines, int count, int partitions)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    struct journal *journal = NULL;
    write_raw(scratch_file(&scratch, "journal", path), lines, count);
    CU_ASSERT_EQUAL(journal_open(path, partitions, &journal, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NULL(journal);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    journal_close(journal);
    scratch_remove(&scratch);
}

static void journal_of_another_number_of_partitions_is_refused(void)
{
    static const char *const lines[] = {"first 0 0", "first 1 0", "t0 5"};
    expect_refused(lines, 3, 3);
    expect_refused(lines, 3, 1);
}

static void line_that_means_nothing_is_refused(void)
{
    static const char *const unknown[] = {"tea 5"}, *const trailing[] = {"t0 5 6"};
    expect_refused(unknown, 1, 1);
    expect_refused(trailing, 1, 1);
}

static void time_out_out_of_sequence_or_of_no_partition_is_refused(void)
{
    const char *const skipped[] = {"idle 0 1 5 100", "idle 2 1 6 200"};
    const char *const beyond[] = {"idle 0 2 5 100"};
    const char *const longer[] = {"idle 0 1 5 100 7"};
    expect_refused(skipped, 2, 2);
    expect_refused(beyond, 1, 2);
    expect_refused(longer, 1, 2);
}

static void gap_of_no_partition_or_without_offsets_is_refused(void)
{
    static const char *const refused[] = {"gap 2 0 5",  "gap -1 0 5", "gap 0 5 5",
                                          "gap 0 -1 5", "gap 0 5",    "gap 0 1 5 9"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_refused(&refused[i], 1, 2);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(new_journal_knows_nothing),
        UNIT_TEST(what_is_written_is_there_after_opening_again),
        UNIT_TEST(half_written_set_of_ends_does_not_count),
        UNIT_TEST(set_cut_off_by_a_crash_can_be_written_again),
        UNIT_TEST(going_on_without_end_makes_ends_void),
        UNIT_TEST(time_outs_are_there_again_in_their_order),
        UNIT_TEST(of_a_long_silence_the_last_time_out_is_told),
        UNIT_TEST(time_out_out_of_sequence_or_of_no_partition_is_refused),
        UNIT_TEST(gaps_are_there_at_once_after_opening_again_and_for_those_who_only_look),
        UNIT_TEST(gap_of_no_partition_or_without_offsets_is_refused),
        UNIT_TEST(journal_of_another_number_of_partitions_is_refused),
        UNIT_TEST(line_that_means_nothing_is_refused),
    };
    return unit_run("journal", tests, UNIT_COUNT(tests));
}
