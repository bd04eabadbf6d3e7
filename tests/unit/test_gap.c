/* Records that are gone: what a gap does to the ledger, and when. */
#include "unit.h"

#include "window/advance.h"
#include "window/gap.h"
#include "window/windows_state.h"

static const struct windows_config usual = {.partitions = 2,
                                            .gnx = 4,
                                            .gny = 1,
                                            .window_ms = 100,
                                            .horizon_windows = 3,
                                            .clock_sensors = 2,
                                            .clock_expiry = 1000,
                                            .jump_ms = 100000,
                                            .max_open_events = 1000,
                                            .estimate = ESTIMATE_MEAN,
                                            .span = 1,
                                            .gen_scale = 1.0,
                                            .snapshot_spacing = 1};

static struct windows *make(void)
{
    static const int64_t first[2];
    return windows_create(&usual, first);
}

static void take(struct windows *windows, int p, int64_t time_ms)
{
    struct error err;
    struct record record = {.verdict = FATE_ON_TIME,
                            .partition = p,
                            .offset = windows_ledger(windows, p)->next_offset,
                            .has_time = true,
                            .time_ms = time_ms,
                            .cell = 1,
                            .sensor = 1,
                            .rate = 1.0};
    CU_ASSERT_EQUAL(windows_take(windows, &record, &err), STATUS_OK);
}

static void close_open_window(struct windows *windows)
{
    struct closed_window closed;
    CU_ASSERT_FATAL(windows_can_close(windows));
    windows_close(windows, &closed);
}

static void expect_ledger(const struct windows *windows, int p, int64_t next, int64_t skipped,
                          int64_t lost)
{
    const struct ledger *ledger = windows_ledger(windows, p);
    int64_t sum = ledger->first_offset;
    for (int fate = 0; fate < FATE_COUNT; fate++)
        sum += ledger->fates[fate];
    CU_ASSERT_EQUAL(sum, ledger->next_offset);
    CU_ASSERT_EQUAL(ledger->next_offset, next);
    CU_ASSERT_EQUAL(ledger->fates[FATE_SKIPPED], skipped);
    CU_ASSERT_EQUAL(ledger->fates[FATE_LOST], lost);
}

static void offsets_of_a_gap_are_lost_and_those_before_it_skipped(void)
{
    struct windows *windows = make();
    take(windows, 0, 10);
    windows_add_gap(windows, 0, 5, 9);
    windows_pass_gaps(windows, 0, 4);
    expect_ledger(windows, 0, 1, 0, 0);
    windows_pass_gaps(windows, 0, 5);
    expect_ledger(windows, 0, 9, 4, 4);
    windows_pass_gaps(windows, 0, 20);
    expect_ledger(windows, 0, 9, 4, 4);
    expect_ledger(windows, 1, 0, 0, 0);
    windows_destroy(windows);
}

static void records_that_are_there_in_a_gap_count_for_nothing(void)
{
    struct error err;
    struct windows *windows = make();
    take(windows, 0, 10);
    windows_add_gap(windows, 0, 1, 4);
    windows_pass_gaps(windows, 0, 1);
    const struct record inside = {.verdict = FATE_UNDECODABLE, .offset = 2};
    CU_ASSERT_EQUAL(windows_take(windows, &inside, &err), STATUS_OK);
    expect_ledger(windows, 0, 4, 0, 3);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_UNDECODABLE], 0);
    windows_destroy(windows);
}

/* So that next[p] at a close is the same whether the gap was found then or is known already. */
static void a_gap_is_passed_only_while_its_partition_is_wanted(void)
{
    struct windows *windows = make();
    windows_add_gap(windows, 0, 1, 7);
    take(windows, 0, 150);
    CU_ASSERT_FALSE(windows_wants(windows, 0));
    windows_pass_gaps(windows, 0, 1);
    expect_ledger(windows, 0, 1, 0, 0);
    take(windows, 1, 150);
    close_open_window(windows);
    windows_pass_gaps(windows, 0, 1);
    expect_ledger(windows, 0, 7, 0, 6);
    windows_destroy(windows);
}

static void a_time_out_from_before_a_gap_takes_effect_before_it(void)
{
    struct windows *windows = make();
    take(windows, 0, 10);
    windows_add_advance(windows, 0, 3, 150); /* offsets 1 and 2 held nothing, then */
    windows_add_gap(windows, 0, 1, 9);
    windows_pass_gaps(windows, 0, 1);
    expect_ledger(windows, 0, 1, 0, 0);
    take(windows, 1, 150);
    close_open_window(windows);
    windows_pass_gaps(windows, 0, 1);
    expect_ledger(windows, 0, 9, 0, 8);
    windows_destroy(windows);
}

static void a_time_out_from_after_a_gap_takes_effect_behind_it(void)
{
    struct windows *windows = make();
    take(windows, 0, 10);
    windows_add_advance(windows, 0, 9, 150);
    windows_add_gap(windows, 0, 1, 9);
    windows_pass_gaps(windows, 0, 1);
    expect_ledger(windows, 0, 9, 0, 8);
    CU_ASSERT_FALSE(windows_wants(windows, 0));
    windows_destroy(windows);
}

static void reading_goes_on_behind_all_gaps_that_lie_there(void)
{
    struct windows *windows = make();
    windows_add_gap(windows, 0, 12, 20);
    windows_add_gap(windows, 0, 0, 5);
    windows_add_gap(windows, 0, 3, 9);
    windows_add_gap(windows, 1, 2, 9);
    CU_ASSERT_EQUAL(windows_resume_offset(windows, 0), 9);
    CU_ASSERT_EQUAL(windows_resume_offset(windows, 1), 0);
    windows_pass_gaps(windows, 0, 0);
    expect_ledger(windows, 0, 9, 0, 9);
    windows_pass_gaps(windows, 0, 12);
    expect_ledger(windows, 0, 20, 3, 17);
    windows_destroy(windows);
}

static void a_gap_told_again_after_a_restart_changes_nothing(void)
{
    struct error err = {""};
    struct buffer state = {0};
    struct windows *windows = make(), *again = make();
    windows_add_gap(windows, 0, 0, 5);
    windows_pass_gaps(windows, 0, 0);
    windows_save(windows, &state);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL(windows_load(again, &reader, &err), STATUS_OK);
    windows_add_gap(again, 0, 0, 5);
    windows_pass_gaps(again, 0, 5);
    expect_ledger(again, 0, 5, 0, 5);
    CU_ASSERT_EQUAL(windows_resume_offset(again, 0), 5);
    buffer_release(&state);
    windows_destroy(windows);
    windows_destroy(again);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(offsets_of_a_gap_are_lost_and_those_before_it_skipped),
        UNIT_TEST(records_that_are_there_in_a_gap_count_for_nothing),
        UNIT_TEST(a_gap_is_passed_only_while_its_partition_is_wanted),
        UNIT_TEST(a_time_out_from_before_a_gap_takes_effect_before_it),
        UNIT_TEST(a_time_out_from_after_a_gap_takes_effect_behind_it),
        UNIT_TEST(reading_goes_on_behind_all_gaps_that_lie_there),
        UNIT_TEST(a_gap_told_again_after_a_restart_changes_nothing),
    };
    return unit_run("gap", tests, UNIT_COUNT(tests));
}
