#include "deck/timestep.h"

#include "deck/timestamp.h"
#include "unit.h"

static void tau_is_the_window_divided_by_its_steps(void)
{
    CU_ASSERT_DOUBLE_EQUAL(timestep_tau_s(100, 1), 0.1, 0);
    CU_ASSERT_DOUBLE_EQUAL(timestep_tau_s(100, 3), 100 / 1000.0 / 3, 0);
}

static void stability_sums_both_directions(void)
{
    CU_ASSERT_DOUBLE_EQUAL(timestep_stability(2, 0.5, 1, 0.25), 2 * 0.25 / 0.25 + 2 * 0.25, 0);
}

static bool is_stable(double k, double dx, double dy, int64_t window_ms, int64_t n)
{
    return timestep_stability(k, dx, dy, timestep_tau_s(window_ms, n)) <= 0.5;
}

/* Awkward conductivities, so that rounding decides at the edge now and then. */
static void least_substeps_are_stable_and_one_fewer_is_not(void)
{
    int more_than_one = 0;
    for (int i = 1; i <= 2000; i++) {
        double k = i * 0.1 / 3, dx = 0.1 + (i % 7) * 0.05, dy = 0.3 + (i % 5) * 0.07;
        int64_t window_ms = 1 + i * 37 % 1000;
        int64_t n = timestep_least_substeps(k, dx, dy, window_ms);
        CU_ASSERT(n >= 1 && is_stable(k, dx, dy, window_ms, n));
        CU_ASSERT(n == 1 || !is_stable(k, dx, dy, window_ms, n - 1));
        more_than_one += n > 1;
    }
    CU_ASSERT(more_than_one > 1000);
}

static void exactly_one_half_is_stable(void)
{
    CU_ASSERT_EQUAL(timestep_least_substeps(1, 1, 1, 250), 1);
    CU_ASSERT_EQUAL(timestep_least_substeps(1, 1, 1, 251), 2);
}

static void without_conduction_one_step_is_enough(void)
{
    CU_ASSERT_EQUAL(timestep_least_substeps(0, 1e-3, 1e-3, 86400000), 1);
}

static void hopeless_cases_give_zero(void)
{
    CU_ASSERT_EQUAL(timestep_least_substeps(1e300, 1e-3, 1, 100), 0);
    CU_ASSERT_EQUAL(timestep_least_substeps(1, 1e-200, 1, 100), 0);
    CU_ASSERT_EQUAL(timestep_least_substeps(0, 1e-200, 1, 100), 0); /* 0/0 */
}

static void instants_become_milliseconds(void)
{
    static const struct {
        const char *text;
        int64_t time_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-01T00:00:00Z", 1767225600000},
        {"2026-01-01T01:30:00+01:30", 1767225600000},
        {"2025-12-31T19:00:00-05:00", 1767225600000},
        {"2024-02-29T12:00:00.5Z", 1709208000500},
        {"2000-02-29T00:00:00.123999999Z", 951782400123},
        {"1969-12-31T23:59:59.9999Z", -1},
        {"1969-12-31T23:59:59.0009Z", -1000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"0000-02-29T00:00:00Z", -62162121600000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t time_ms = 7;
        CU_ASSERT_TRUE(timestamp_parse(cases[i].text, &time_ms));
        CU_ASSERT_EQUAL(time_ms, cases[i].time_ms);
    }
}

static void what_is_no_instant_is_refused(void)
{
    static const char *const cases[] = {
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.0123456789Z",
        "2026-01-01T00:00:00z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00Zx",
        "-026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t time_ms = 7;
        CU_ASSERT_FALSE(timestamp_parse(cases[i], &time_ms));
        CU_ASSERT_EQUAL(time_ms, 7);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(tau_is_the_window_divided_by_its_steps),
        UNIT_TEST(stability_sums_both_directions),
        UNIT_TEST(least_substeps_are_stable_and_one_fewer_is_not),
        UNIT_TEST(exactly_one_half_is_stable),
        UNIT_TEST(without_conduction_one_step_is_enough),
        UNIT_TEST(hopeless_cases_give_zero),
        UNIT_TEST(instants_become_milliseconds),
        UNIT_TEST(what_is_no_instant_is_refused),
    };
    return unit_run("timestep", tests, UNIT_COUNT(tests));
}
