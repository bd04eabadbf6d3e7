#include "window/estimate.h"

#include <math.h>

#include "event_sets.h"
#include "unit.h"

#include "window/rates.h"

/* The estimate of one cell's events in the window [0, 100), middle 50, given in any order. */
static double estimate(enum estimate kind, const struct event *events, int64_t count)
{
    const struct rates_config config = {.cells = 7, .estimate = kind, .span = 1, .gen_scale = 1.0};
    struct rates *rates = rates_create(&config);
    struct event_set set = sorted_set_of(events, count, config.cells);
    struct rates_result result = rates_next(rates, 0, 50, &set);
    double rate = result.heat_count ? result.heat->rate : 0.0;
    event_set_release(&set);
    rates_destroy(rates);
    return rate;
}

static struct event at(int64_t time_ms, double rate)
{
    return (struct event){.time_ms = time_ms, .cell = 3, .rate = rate};
}

static void mean_and_sum_add_up_in_order_of_time(void)
{
    /* In order of arrival it would be 1. */
    const struct event events[] = {at(9, -1e16), at(1, 1e16), at(2, 1.0)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_SUM, events, 3), 0.0);
    CU_ASSERT_EQUAL(estimate(ESTIMATE_MEAN, events, 3), 0.0);
    const struct event other[] = {at(9, 3.0), at(2, 1.5), at(1, -0.5)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_SUM, other, 3), 4.0);
    CU_ASSERT_EQUAL(estimate(ESTIMATE_MEAN, other, 3), 4.0 / 3);
}

static void last_is_by_time_then_partition_then_offset(void)
{
    struct event events[] = {at(80, 4.0), at(80, 5.0), at(80, 6.0), at(10, 7.0)};
    events[0].partition = 2;
    events[0].offset = 1;
    events[1].partition = 1;
    events[1].offset = 9;
    events[2].partition = 2;
    events[2].offset = 0;
    CU_ASSERT_EQUAL(estimate(ESTIMATE_LAST, events, 4), 4.0);
}

static void linear_passes_through_the_nearest_on_each_side(void)
{
    const struct event events[] = {at(90, 100.0), at(40, 2.0), at(80, 10.0), at(0, -50.0)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_LINEAR, events, 4), 2.0 + 8.0 * 0.25);
}

static void an_event_on_the_middle_counts_as_left(void)
{
    const struct event events[] = {at(50, 3.0), at(40, 2.0), at(60, 4.5)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_LINEAR, events, 3), 3.0);
    const struct event first[] = {at(50, 3.0), at(51, 4.5)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_LINEAR, first, 2), 3.0);
    /* On the right it would leave one event on the left, and cubic would fall to linear. */
    const struct event four[] = {at(20, 1.0), at(50, 3.0), at(60, 2.0), at(70, -7.0)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_CUBIC, four, 4), 3.0);
    const struct event right[] = {at(51, 8.0), at(60, 2.0)};
    CU_ASSERT_EQUAL(estimate(ESTIMATE_LINEAR, right, 2), 8.0);
}

static void all_on_one_side_the_nearest_counts(void)
{
    const struct event left[] = {at(40, 2.0), at(10, 9.0), at(45, 3.5)};
    const struct event right[] = {at(90, 2.0), at(60, 9.0), at(95, 3.5)};
    for (int kind = ESTIMATE_LINEAR; kind <= ESTIMATE_CUBIC; kind++) {
        CU_ASSERT_EQUAL(estimate((enum estimate)kind, left, 3), 3.5);
        CU_ASSERT_EQUAL(estimate((enum estimate)kind, right, 3), 9.0);
    }
}

static void of_equal_times_the_last_counts_and_is_one_point(void)
{
    struct event events[] = {at(40, 1.0), at(40, 2.0), at(60, 5.0), at(60, 8.0)};
    for (int i = 0; i < 4; i++)
        events[i].offset = 3 - i;
    for (int kind = ESTIMATE_LINEAR; kind <= ESTIMATE_CUBIC; kind++)
        CU_ASSERT_EQUAL(estimate((enum estimate)kind, events, 4), 1.0 + 4.0 * 0.5);
}

static double curve(int64_t time_ms)
{
    double t = (double)time_ms / 16;
    return ((2 * t - 3) * t + 5) * t - 7;
}

static void cubic_is_exact_on_a_cubic(void)
{
    struct event events[6];
    static const int64_t times[] = {2, 18, 34, 66, 82, 98};
    for (int i = 0; i < 6; i++)
        events[i] = at(times[i], curve(times[i]));
    /* Sixteenths of small integers; what is left is the rounding of four products. */
    CU_ASSERT_DOUBLE_EQUAL(estimate(ESTIMATE_CUBIC, events, 6), curve(50), 1e-13);
    CU_ASSERT(fabs(estimate(ESTIMATE_LINEAR, events, 6) - curve(50)) > 1);
}

static void cubic_with_too_few_is_linear(void)
{
    const struct event events[] = {at(10, 1.0), at(40, 2.0), at(60, 4.0), at(90, 50.0)};
    double linear = 3.0;
    CU_ASSERT_EQUAL(estimate(ESTIMATE_CUBIC, events, 3), linear);
    CU_ASSERT_EQUAL(estimate(ESTIMATE_CUBIC, events + 1, 3), linear);
    CU_ASSERT_EQUAL(estimate(ESTIMATE_CUBIC, events + 1, 2), linear);
    CU_ASSERT_NOT_EQUAL(estimate(ESTIMATE_CUBIC, events, 4), linear);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(mean_and_sum_add_up_in_order_of_time),
        UNIT_TEST(last_is_by_time_then_partition_then_offset),
        UNIT_TEST(linear_passes_through_the_nearest_on_each_side),
        UNIT_TEST(an_event_on_the_middle_counts_as_left),
        UNIT_TEST(all_on_one_side_the_nearest_counts),
        UNIT_TEST(of_equal_times_the_last_counts_and_is_one_point),
        UNIT_TEST(cubic_is_exact_on_a_cubic),
        UNIT_TEST(cubic_with_too_few_is_linear),
    };
    return unit_run("estimate", tests, UNIT_COUNT(tests));
}
