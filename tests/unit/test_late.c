/* What becomes of events that come when their window has closed, told step by step. */
#include <string.h>

#include "unit.h"

#include "window/replay.h"
#include "window/windows_state.h"

enum { CELLS = 4, MAX_TOLD = 32 };

static const struct windows_config usual = {.partitions = 1,
                                            .gnx = CELLS,
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
                                            .snapshot_spacing = 2};

static struct error err;

static struct windows *make(const struct windows_config *config)
{
    static const int64_t first[2];
    return windows_create(config, first);
}

static enum status take(struct windows *windows, int p, int64_t time_ms, int64_t cell, double rate)
{
    struct record record = {.verdict = FATE_ON_TIME,
                            .partition = p,
                            .offset = windows_ledger(windows, p)->next_offset,
                            .has_time = true,
                            .time_ms = time_ms,
                            .cell = cell,
                            .sensor = cell,
                            .rate = rate};
    return windows_take(windows, &record, &err);
}

struct told {
    struct closed_window closed;
    double rates[CELLS];
};

/* Everything that can be closed. */
static int close_all(struct windows *windows, struct told *told)
{
    int count = 0;
    for (; windows_can_close(windows); count++) {
        CU_ASSERT_FATAL(count < MAX_TOLD);
        windows_close(windows, &told[count].closed);
        memset(told[count].rates, 0, sizeof told[count].rates);
        for (int64_t i = 0; i < told[count].closed.heat_count; i++)
            told[count].rates[told[count].closed.heat[i].cell] = told[count].closed.heat[i].rate;
    }
    return count;
}

/* Cell 0 speaks in the middle of windows 0 .. 4, so that 4 is the open one. */
static struct windows *make_with_window_4_open(const struct windows_config *config)
{
    struct told told[MAX_TOLD];
    struct windows *windows = make(config);
    for (int64_t w = 0; w <= 4; w++) {
        for (int p = 0; p < config->partitions; p++)
            CU_ASSERT_EQUAL(take(windows, p, 100 * w + 50, 0, 1.0), STATUS_OK);
        CU_ASSERT_EQUAL(close_all(windows, told), w > 0);
    }
    CU_ASSERT_EQUAL_FATAL(windows_open_window(windows), 4);
    return windows;
}

static void expect(const struct told *told, enum close_kind kind, int64_t window, int64_t revision)
{
    CU_ASSERT_EQUAL(told->closed.kind, kind);
    CU_ASSERT_EQUAL(told->closed.window, window);
    CU_ASSERT_EQUAL(told->closed.revision, revision);
}

static void late_events_are_applied_when_the_open_window_closes(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 360, 1, 7.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 210, 0, 3.0), STATUS_OK);
    CU_ASSERT_FALSE(windows_can_close(windows));
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 3);
    expect(&told[0], CLOSE_REVISED, 2, 1);
    expect(&told[1], CLOSE_REVISED, 3, 1);
    expect(&told[2], CLOSE_NEW, 4, 0);
    CU_ASSERT_EQUAL(told[0].rates[0], 2.0); /* the mean of 1 and 3 */
    CU_ASSERT_EQUAL(told[0].closed.events, 2);
    CU_ASSERT_EQUAL(told[0].closed.late, 1);
    CU_ASSERT_EQUAL(told[1].rates[1], 7.0);
    CU_ASSERT_EQUAL(told[1].closed.missing, CELLS - 2);
    CU_ASSERT_EQUAL(told[2].closed.late, 0);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_LATE], 2);
    windows_destroy(windows);
}

static void a_correction_begins_at_the_snapshot_before_the_first_changed_window(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(windows_first_replayable(windows), 0);
    CU_ASSERT_EQUAL(take(windows, 0, 150, 2, 5.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 5);
    expect(&told[0], CLOSE_REPLAY, 0, 0);
    for (int w = 1; w <= 3; w++)
        expect(&told[w], CLOSE_REVISED, w, 1);
    expect(&told[4], CLOSE_NEW, 4, 0);
    CU_ASSERT_EQUAL(told[0].rates[2], 0.0);
    CU_ASSERT_EQUAL(told[1].rates[2], 5.0);
    CU_ASSERT_EQUAL(windows_first_replayable(windows), 2);
    windows_destroy(windows);
}

static void every_close_that_corrects_publishes_once_more(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    for (int64_t k = 4; k < 7; k++) {
        CU_ASSERT_EQUAL(take(windows, 0, 350, 1, 5.0), STATUS_OK);
        CU_ASSERT_EQUAL(take(windows, 0, 351, 1, 5.0), STATUS_OK);
        CU_ASSERT_EQUAL(take(windows, 0, 100 * k + 150, 0, 1.0), STATUS_OK);
        int count = close_all(windows, told);
        CU_ASSERT_FATAL(count > 1);
        for (int i = 0; i < count - 1; i++)
            if (told[i].closed.window == 3)
                expect(&told[i], CLOSE_REVISED, 3, k - 3);
        expect(&told[count - 1], CLOSE_NEW, k, 0);
    }
    windows_destroy(windows);
}

static void an_event_on_the_horizon_is_late_and_one_before_it_too_late(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    CU_ASSERT_EQUAL(take(windows, 0, 100, 1, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_LATE], 1);
    CU_ASSERT_EQUAL(take(windows, 0, 99, 1, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_LATE], 1);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_TOO_LATE], 1);
    windows_destroy(windows);
}

static void a_late_duplicate_touches_nothing(void)
{
    struct windows_config config = usual;
    config.dedup = true;
    struct windows *windows = make_with_window_4_open(&config);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 250, 0, 9.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 1);
    expect(&told[0], CLOSE_NEW, 4, 0);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_LATE], 0);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_DUPLICATE], 1);
    windows_destroy(windows);
}

static void without_dedup_a_repeated_event_counts_twice(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 250, 0, 9.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 3);
    CU_ASSERT_EQUAL(told[0].rates[0], 5.0);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_DUPLICATE], 0);
    windows_destroy(windows);
}

static void the_lowest_partition_and_offset_counts_also_in_hindsight(void)
{
    struct windows_config config = usual;
    config.dedup = true;
    config.partitions = 2;
    struct windows *windows = make_with_window_4_open(&config);
    struct told told[MAX_TOLD];
    const struct ledger *second = windows_ledger(windows, 1);
    CU_ASSERT_EQUAL(second->fates[FATE_DUPLICATE], 4); /* cell 0 spoke in both */
    CU_ASSERT_EQUAL(take(windows, 1, 260, 1, 8.0), STATUS_OK);
    for (int p = 0; p < 2; p++)
        CU_ASSERT_EQUAL(take(windows, p, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 3);
    CU_ASSERT_EQUAL(told[0].rates[1], 8.0);
    CU_ASSERT_EQUAL(second->fates[FATE_LATE], 1);
    CU_ASSERT_EQUAL(take(windows, 0, 260, 1, 6.0), STATUS_OK);
    for (int p = 0; p < 2; p++)
        CU_ASSERT_EQUAL(take(windows, p, 650, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 4);
    expect(&told[0], CLOSE_REVISED, 2, 2);
    CU_ASSERT_EQUAL(told[0].rates[1], 6.0);
    CU_ASSERT_EQUAL(told[0].closed.late, 1);
    CU_ASSERT_EQUAL(second->fates[FATE_LATE], 0);
    CU_ASSERT_EQUAL(windows_ledger(windows, 0)->fates[FATE_LATE], 1);
    windows_destroy(windows);
}

static void a_bounded_run_goes_on_to_the_close_at_which_a_late_event_is_due(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 501, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(close_all(windows, told), 1);
    windows_finish(windows, 0, windows_ledger(windows, 0)->next_offset);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 1); /* window 5 has an event */
    CU_ASSERT(told[0].closed.provisional);
    CU_ASSERT(windows_exhausted(windows));
    windows_destroy(windows);

    windows = make_with_window_4_open(&usual);
    CU_ASSERT_EQUAL(take(windows, 0, 399, 1, 1.0), STATUS_OK);
    windows_finish(windows, 0, windows_ledger(windows, 0)->next_offset);
    CU_ASSERT_FALSE(windows_exhausted(windows));
    CU_ASSERT(windows_next_is_provisional(windows));
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 3);
    expect(&told[0], CLOSE_REPLAY, 2, 0);
    CU_ASSERT_FALSE(told[0].closed.provisional); /* as its row says */
    expect(&told[1], CLOSE_REVISED, 3, 1);
    CU_ASSERT(told[1].closed.provisional);
    CU_ASSERT(told[1].closed.complete);
    expect(&told[2], CLOSE_NEW, 4, 0);
    CU_ASSERT(told[2].closed.provisional);
    CU_ASSERT_FALSE(told[2].closed.complete);
    CU_ASSERT(windows_exhausted(windows));
    windows_destroy(windows);
}

static void a_revised_window_keeps_the_dead_letters_of_its_first_close(void)
{
    struct windows *windows = make_with_window_4_open(&usual);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 10, 1, 1.0), STATUS_OK); /* too late */
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 1);
    CU_ASSERT_EQUAL(told[0].closed.dead, 1);
    CU_ASSERT_EQUAL(take(windows, 0, 420, 1, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 650, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 2);
    expect(&told[0], CLOSE_REVISED, 4, 1);
    CU_ASSERT_EQUAL(told[0].closed.dead, 1);
    CU_ASSERT_EQUAL(told[1].closed.dead, 0);
    windows_destroy(windows);
}

/* A partition that sends nothing but late events stops the run, one that is corrected does not. */
static void late_events_that_wait_count_as_open_ones(void)
{
    struct windows_config config = usual;
    config.max_open_events = 3; /* one is in window 4 already */
    struct windows *windows = make_with_window_4_open(&config);
    struct told told[MAX_TOLD];
    for (int64_t w = 4; w < 40; w++) {
        CU_ASSERT_EQUAL(take(windows, 0, 100 * w - 20, 1, 1.0), STATUS_OK);
        CU_ASSERT_EQUAL(take(windows, 0, 100 * w + 150, 0, 1.0), STATUS_OK);
        CU_ASSERT(close_all(windows, told) > 1);
    }
    CU_ASSERT_EQUAL(take(windows, 0, 3980, 1, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 3981, 1, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 3982, 1, 1.0), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "partition 0: more than stream.max_open_events = 3"));
    windows_destroy(windows);
}

static void a_held_rate_that_a_late_event_changes_is_changed_in_all_windows_it_reaches(void)
{
    struct windows_config config = usual;
    config.hold = 1;
    struct windows *windows = make_with_window_4_open(&config);
    struct told told[MAX_TOLD];
    CU_ASSERT_EQUAL(take(windows, 0, 150, 3, 5.0), STATUS_OK);
    CU_ASSERT_EQUAL(take(windows, 0, 550, 0, 1.0), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(close_all(windows, told), 5);
    static const double expected[] = {0.0, 5.0, 5.0, 0.0, 0.0};
    for (int w = 0; w < 5; w++)
        CU_ASSERT_EQUAL(told[w].rates[3], expected[w]);
    windows_destroy(windows);
}

/* The closed windows would fit: they are kept for held rates instead. */
static void a_saved_late_event_beyond_the_horizon_is_refused(void)
{
    struct windows_config config = usual;
    config.snapshot_spacing = 1;
    struct windows *windows = make_with_window_4_open(&config);
    CU_ASSERT_EQUAL(take(windows, 0, 150, 3, 5.0), STATUS_OK);
    struct buffer state = {0};
    windows_save(windows, &state);
    windows_destroy(windows);
    for (int shorter = 0; shorter < 2; shorter++) {
        config.horizon_windows = usual.horizon_windows - shorter;
        config.hold = shorter;
        windows = make(&config);
        struct buffer_reader reader = {.data = state.data, .size = state.size};
        CU_ASSERT_EQUAL(windows_load(windows, &reader, &err),
                        shorter ? STATUS_BAD_DATA : STATUS_OK);
        windows_destroy(windows);
    }
    CU_ASSERT_STRING_EQUAL(err.text,
                           "a saved late event of window 1 is beyond the horizon of window 4");
    buffer_release(&state);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(late_events_are_applied_when_the_open_window_closes),
        UNIT_TEST(a_correction_begins_at_the_snapshot_before_the_first_changed_window),
        UNIT_TEST(every_close_that_corrects_publishes_once_more),
        UNIT_TEST(an_event_on_the_horizon_is_late_and_one_before_it_too_late),
        UNIT_TEST(a_late_duplicate_touches_nothing),
        UNIT_TEST(without_dedup_a_repeated_event_counts_twice),
        UNIT_TEST(the_lowest_partition_and_offset_counts_also_in_hindsight),
        UNIT_TEST(a_bounded_run_goes_on_to_the_close_at_which_a_late_event_is_due),
        UNIT_TEST(a_revised_window_keeps_the_dead_letters_of_its_first_close),
        UNIT_TEST(late_events_that_wait_count_as_open_ones),
        UNIT_TEST(a_held_rate_that_a_late_event_changes_is_changed_in_all_windows_it_reaches),
        UNIT_TEST(a_saved_late_event_beyond_the_horizon_is_refused),
    };
    return unit_run("late", tests, UNIT_COUNT(tests));
}
