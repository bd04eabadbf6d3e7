/* What the user is told when records are too far ahead of their clock to be believed. */
#include <string.h>

#include "unit.h"

#include "window/windows_state.h"

static const struct windows_config config = {.partitions = 2,
                                             .gnx = 4,
                                             .gny = 1,
                                             .window_ms = 100,
                                             .horizon_windows = 50,
                                             .clock_sensors = 3,
                                             .clock_expiry = 20,
                                             .jump_ms = 4900,
                                             .max_gap_windows = 1000,
                                             .max_open_events = 1000,
                                             .span = 1,
                                             .snapshot_spacing = 1,
                                             .gen_scale = 1.0};
static const int64_t first[2];
static struct error err;

static enum status take(struct windows *windows, int64_t time_ms, int64_t sensor)
{
    struct record record = {.verdict = FATE_ON_TIME,
                            .partition = 1,
                            .offset = windows_ledger(windows, 1)->next_offset,
                            .has_time = true,
                            .time_ms = time_ms,
                            .cell = sensor,
                            .sensor = sensor};
    err.text[0] = '\0';
    return windows_take(windows, &record, &err);
}

static void as_many_records_in_doubt_as_expire_are_told_with_their_steps(void)
{
    struct windows *windows = windows_create(&config, first);
    char text[200];
    for (int64_t i = 1; i < 20; i++)
        CU_ASSERT_EQUAL(take(windows, 60000 * i, 0), STATUS_OK);
    CU_ASSERT_FALSE(windows_doubt(windows, false, text, sizeof text));
    CU_ASSERT_EQUAL(take(windows, 60000 * 20 + 7, 0), STATUS_OK);
    CU_ASSERT_EQUAL(windows_in_doubt(windows, 1), 20);
    CU_ASSERT_FATAL(windows_doubt(windows, false, text, sizeof text));
    CU_ASSERT_STRING_EQUAL(text, "partition 1: 20 records in doubt, steps of 60000 ms against "
                                 "jump_ms 4900; raise window_ms or horizon_windows");
    windows_destroy(windows);
}

static void a_clock_that_moves_ends_the_doubt(void)
{
    struct windows *windows = windows_create(&config, first);
    char text[200];
    for (int64_t i = 1; i <= 20; i++)
        CU_ASSERT_EQUAL(take(windows, 60000 * i, 0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 50, 1), STATUS_OK);
    CU_ASSERT_FALSE(windows_doubt(windows, false, text, sizeof text));
    CU_ASSERT_EQUAL(windows_in_doubt(windows, 1), 0);
    CU_ASSERT_TRUE(windows_doubt(windows, true, text, sizeof text));
    windows_destroy(windows);
}

static void at_the_end_one_record_in_doubt_is_told(void)
{
    struct windows *windows = windows_create(&config, first);
    char text[200];
    CU_ASSERT_FALSE(windows_doubt(windows, true, text, sizeof text));
    CU_ASSERT_EQUAL(take(windows, 60000, 0), STATUS_OK);
    CU_ASSERT_FALSE(windows_doubt(windows, false, text, sizeof text));
    CU_ASSERT_FATAL(windows_doubt(windows, true, text, sizeof text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "partition 1: 1 records in doubt, steps of 0 ms"));
    windows_finish(windows, 0, 0);
    windows_finish(windows, 1, 1);
    CU_ASSERT_TRUE(windows_exhausted(windows));
    CU_ASSERT_EQUAL(windows_open_window(windows), 0);
    windows_destroy(windows);
}

static enum status jump(const struct windows_config *with, int64_t gap_ms)
{
    struct windows *windows = windows_create(with, first);
    CU_ASSERT_EQUAL(take(windows, gap_ms, 0), STATUS_OK);
    enum status status = take(windows, gap_ms + 1, 1);
    windows_destroy(windows);
    return status;
}

static void a_gap_beyond_the_limit_is_refused_and_told_unless_there_is_none(void)
{
    struct windows_config unlimited = config;
    unlimited.max_gap_windows = 0;
    CU_ASSERT_EQUAL(jump(&config, 100000), STATUS_OK);
    CU_ASSERT_EQUAL(jump(&config, 100001), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "partition 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "from 0 ms to 100001 ms at offset 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--accept-gap"));
    CU_ASSERT_EQUAL(jump(&unlimited, INT64_MAX - 1), STATUS_OK);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(as_many_records_in_doubt_as_expire_are_told_with_their_steps),
        UNIT_TEST(a_clock_that_moves_ends_the_doubt),
        UNIT_TEST(at_the_end_one_record_in_doubt_is_told),
        UNIT_TEST(a_gap_beyond_the_limit_is_refused_and_told_unless_there_is_none),
    };
    return unit_run("doubt", tests, UNIT_COUNT(tests));
}
