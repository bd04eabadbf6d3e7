#include "clock_table.h"
#include "splitmix.h"
#include "unit.h"

#include "window/clock.h"

static int64_t after(const int64_t (*heard)[2], int count, int sensors, int64_t expiry)
{
    struct clock *clock = clock_create(sensors, expiry, 1000);
    for (int i = 0; i < count; i++)
        (void)clock_hear(clock, heard[i][0], heard[i][1]);
    int64_t time_ms = clock_time_ms(clock);
    clock_destroy(clock);
    return time_ms;
}

#define AFTER(sensors, expiry, ...)                                                                \
    after((const int64_t[][2])__VA_ARGS__, (int)(sizeof((int64_t[][2])__VA_ARGS__) / 16), sensors, \
          expiry)

static void one_or_two_sensors_are_believed(void)
{
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 5000}}), 5000);
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 5000}, {2, 9000}}), 9000);
}

static void the_clock_never_runs_back(void)
{
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 500}}), 1000);
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 5000}, {1, 2000}}), 5000);
}

static void among_three_sensors_a_wrong_one_moves_nothing(void)
{
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 1100}, {2, 1100}, {3, 999999}}), 1100);
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 1100}, {2, 1100}, {3, 999999}, {3, 9999999}}), 1100);
    CU_ASSERT_EQUAL(AFTER(3, 1000, {{1, 1100}, {2, 1100}, {3, 999999}, {1, 1300}}), 1300);
}

static void five_sensors_need_three_to_agree(void)
{
    CU_ASSERT_EQUAL(
        AFTER(3, 1000,
              {{1, 1100}, {2, 1100}, {3, 1100}, {4, 1100}, {5, 1100}, {1, 3000}, {2, 4000}}),
        1100);
    CU_ASSERT_EQUAL(AFTER(3, 1000,
                          {{1, 1100},
                           {2, 1100},
                           {3, 1100},
                           {4, 1100},
                           {5, 1100},
                           {1, 3000},
                           {2, 4000},
                           {3, 2000}}),
                    2000);
}

static void saved_and_loaded(struct clock **clock, int sensors, int64_t expiry)
{
    struct buffer state = {0};
    struct error err;
    clock_save(*clock, &state);
    struct clock *copy = clock_create(sensors, expiry, 0);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL_FATAL(clock_load(copy, &reader, &err), STATUS_OK);
    CU_ASSERT_EQUAL(reader.position, state.size);
    clock_destroy(*clock);
    *clock = copy;
    buffer_release(&state);
}

static void few_sensors_kept_give_the_clock_of_a_table_of_all(void)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        uint64_t random = seed;
        int sensors = 2 + (int)(next_random(&random) % 3);
        int64_t expiry = 3 + (int64_t)(next_random(&random) % 30);
        struct clock *clock = clock_create(sensors, expiry, 0);
        struct clock_table table = {0};
        for (int i = 0; i < 400; i++) {
            int sensor = (int)(next_random(&random) % (2 + seed % (CLOCK_TABLE_SENSORS - 1)));
            int64_t time_ms = i * 10 + (int64_t)(next_random(&random) % 400) - 200;
            if (next_random(&random) % 16 == 0)
                time_ms += (int64_t)(next_random(&random) % 5000);
            int64_t before_ms = clock_time_ms(clock);
            bool moved = clock_hear(clock, sensor, time_ms);
            CU_ASSERT_EQUAL_FATAL(moved, clock_time_ms(clock) != before_ms);
            clock_table_hear(&table, sensors, expiry, sensor, time_ms);
            if (clock_time_ms(clock) != table.mx_ms)
                fprintf(stderr, "seed %d record %d\n", (int)seed, i);
            CU_ASSERT_EQUAL_FATAL(clock_time_ms(clock), table.mx_ms);
            if (next_random(&random) % 64 == 0)
                saved_and_loaded(&clock, sensors, expiry);
        }
        clock_destroy(clock);
    }
}

static void a_state_cut_anywhere_is_refused(void)
{
    struct clock *clock = clock_create(3, 1000, 0);
    for (int i = 0; i < 20; i++)
        (void)clock_hear(clock, i % 7, i * 100);
    struct buffer state = {0};
    clock_save(clock, &state);
    for (size_t size = 0; size < state.size; size++) {
        struct error err;
        struct clock *copy = clock_create(3, 1000, 0);
        struct buffer_reader reader = {.data = state.data, .size = size};
        CU_ASSERT_EQUAL(clock_load(copy, &reader, &err), STATUS_BAD_DATA);
        clock_destroy(copy);
    }
    buffer_release(&state);
    clock_destroy(clock);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(one_or_two_sensors_are_believed),
        UNIT_TEST(the_clock_never_runs_back),
        UNIT_TEST(among_three_sensors_a_wrong_one_moves_nothing),
        UNIT_TEST(five_sensors_need_three_to_agree),
        UNIT_TEST(few_sensors_kept_give_the_clock_of_a_table_of_all),
        UNIT_TEST(a_state_cut_anywhere_is_refused),
    };
    return unit_run("clock", tests, UNIT_COUNT(tests));
}
