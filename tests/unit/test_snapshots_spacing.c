#include "solve/snapshots.h"

#include "unit.h"

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static int64_t bytes_at(int horizon, int spacing, int64_t cells)
{
    return (int64_t)snapshots_count(horizon, spacing) * 8 * cells;
}

static void the_spacing_is_the_least_that_fits_memory_and_time(void)
{
    enum { CELLS = 1000 };
    int wrong = 0;
    for (int horizon = 1; horizon <= 70; horizon++)
        for (int64_t memory = 0; memory <= 8 * CELLS * 12; memory += 1999) {
            int spacing = 1;
            while (spacing < horizon &&
                   (spacing < divide_up(horizon, 8) || bytes_at(horizon, spacing, CELLS) > memory))
                spacing++;
            wrong += snapshots_spacing(horizon, CELLS, memory) != spacing;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void memory_for_exactly_so_many_snapshots_is_enough_for_them(void)
{
    CU_ASSERT_EQUAL(snapshots_spacing(50, 1000, 9 * 8000), 7);
    CU_ASSERT_EQUAL(snapshots_spacing(50, 1000, 9 * 8000 - 1), 8);
    CU_ASSERT_EQUAL(snapshots_spacing(50, 1000, 8 * 8000 - 1), 9);
    CU_ASSERT_EQUAL(snapshots_spacing(50, 1000, 3 * 8000), 25);
    CU_ASSERT_EQUAL(snapshots_spacing(50, 1000, 3 * 8000 - 1), 50);
}

static void two_snapshots_are_held_even_where_memory_does_not_suffice(void)
{
    CU_ASSERT_EQUAL(snapshots_spacing(50, INT64_C(1000000000000), 0), 50);
    CU_ASSERT_EQUAL(snapshots_spacing(50, INT64_C(1000000000000), 1), 50);
    CU_ASSERT_EQUAL(snapshots_count(50, 50), 2);
}

static void no_memory_is_too_much_and_no_horizon_too_long(void)
{
    CU_ASSERT_EQUAL(snapshots_spacing(1000000, 1, INT64_MAX), 125000);
    CU_ASSERT_EQUAL(snapshots_spacing(INT32_MAX - 1, 1, INT64_MAX), 268435456);
    CU_ASSERT_EQUAL(snapshots_spacing(1, 1, INT64_MAX), 1);
}

/* The first windows to be stepped again that may be asked for once window k-1 is done, its own
 * successor included, which is held already. */
static int count_wanted(int horizon, int spacing, int open)
{
    int lowest = open < horizon ? 0 : (open - horizon) / spacing;
    return open / spacing - lowest + 1;
}

static void as_many_are_held_as_can_be_asked_for_and_no_more(void)
{
    int wrong = 0;
    for (int horizon = 1; horizon <= 40; horizon++)
        for (int spacing = 1; spacing <= horizon + 2; spacing++) {
            int most = 0;
            for (int open = 0; open <= 3 * horizon + spacing; open++) {
                int wanted = count_wanted(horizon, spacing, open);
                most = wanted > most ? wanted : most;
            }
            wrong += snapshots_count(horizon, spacing) != most;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(the_spacing_is_the_least_that_fits_memory_and_time),
        UNIT_TEST(memory_for_exactly_so_many_snapshots_is_enough_for_them),
        UNIT_TEST(two_snapshots_are_held_even_where_memory_does_not_suffice),
        UNIT_TEST(no_memory_is_too_much_and_no_horizon_too_long),
        UNIT_TEST(as_many_are_held_as_can_be_asked_for_and_no_more),
    };
    return unit_run("snapshots spacing", tests, UNIT_COUNT(tests));
}
