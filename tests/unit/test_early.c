/* Looking at the open window: it tells what the close will, and changes nothing. */
#include "window/early.h"

#include "window_run.h"

enum { SEEDS = 300 };

/* A run that looks again and again, and what its last look before each close said. */
static void run_looking(const struct scene *scene, uint64_t seed, struct outcome *outcome,
                        int64_t *compared)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct early *early = early_create(windows);
    struct early_window seen;
    struct cursor cursor = {{0}, {0}};
    uint64_t random = seed;
    while (!windows_exhausted(windows)) {
        int p = (int)below(&random, scene->config.partitions);
        deliver(scene, windows, p, &cursor, 1 + below(&random, 1 + below(&random, 50)));
        early_look(early, &seen);
        while (windows_can_close(windows)) {
            early_look(early, &seen);
            CU_ASSERT_EQUAL_FATAL(seen.clocks_passed, seen.clocks);
            struct buffer heat = {0};
            buffer_append(&heat, seen.heat, (size_t)seen.heat_count * sizeof *seen.heat);
            int64_t revised = outcome->revised;
            close_one(scene, windows, outcome);
            const struct frame *frame = &outcome->frames[seen.window];
            CU_ASSERT_EQUAL_FATAL(seen.end_ms, frame->closed.end_ms);
            CU_ASSERT_EQUAL_FATAL(seen.events, frame->closed.events);
            CU_ASSERT_EQUAL_FATAL(seen.missing, frame->closed.missing);
            if (outcome->revised == revised) {
                CU_ASSERT_FATAL(same_bytes(&heat, &frame->heat));
                ++*compared;
            }
            buffer_release(&heat);
        }
    }
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    early_destroy(early);
    windows_destroy(windows);
}

static void a_look_tells_what_the_close_tells_and_changes_nothing(void)
{
    static struct scene scene;
    int64_t compared = 0, windows = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        make_scene(&scene, seed, seed % 3 == 0 ? LATE : WILD);
        struct outcome plain = {0}, looking = {0};
        run_scene(&scene, seed, false, &plain);
        run_looking(&scene, seed, &looking, &compared);
        bool same = same_bytes(&plain.bytes, &looking.bytes) && plain.states == looking.states;
        if (!same)
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        CU_ASSERT_FATAL(same);
        windows += plain.windows;
        outcome_release(&plain);
        outcome_release(&looking);
    }
    CU_ASSERT(compared > windows / 2 && windows > 5 * SEEDS);
}

static struct windows *two_partitions(void)
{
    static const int64_t from[2];
    return windows_create(&(struct windows_config){.partitions = 2,
                                                   .gnx = 3,
                                                   .gny = 1,
                                                   .window_ms = 10,
                                                   .horizon_windows = 10,
                                                   .clock_sensors = 2,
                                                   .clock_expiry = 20,
                                                   .jump_ms = 1000,
                                                   .max_open_events = 100,
                                                   .estimate = ESTIMATE_MEAN,
                                                   .span = 1,
                                                   .gen_scale = 2.0,
                                                   .snapshot_spacing = 1},
                          from);
}

static void take(struct windows *windows, int partition, int64_t offset, int64_t time_ms,
                 double rate)
{
    struct error err;
    const struct record record = {.partition = partition,
                                  .offset = offset,
                                  .verdict = FATE_ON_TIME,
                                  .has_time = true,
                                  .time_ms = time_ms,
                                  .cell = partition,
                                  .sensor = partition,
                                  .rate = rate};
    CU_ASSERT_EQUAL(windows_take(windows, &record, &err), STATUS_OK);
}

static void completeness_counts_the_clocks_that_have_passed(void)
{
    struct windows *windows = two_partitions();
    struct early *early = early_create(windows);
    struct early_window seen;
    early_look(early, &seen);
    CU_ASSERT(seen.window == 0 && seen.end_ms == 10 && seen.clocks == 2);
    CU_ASSERT(seen.clocks_passed == 0 && seen.events == 0 && seen.missing == 3);
    CU_ASSERT_EQUAL(seen.heat_count, 0);
    take(windows, 0, 0, 3, 1.0);
    take(windows, 0, 1, 4, 2.0);
    take(windows, 0, 2, 25, 9.0); /* of a later window: passes the clock, is not in the picture */
    early_look(early, &seen);
    CU_ASSERT(seen.clocks_passed == 1 && seen.events == 2 && seen.missing == 2);
    CU_ASSERT_EQUAL_FATAL(seen.heat_count, 1);
    CU_ASSERT(seen.heat[0].cell == 0 && seen.heat[0].rate == 3.0);
    windows_finish(windows, 1, 0);
    early_look(early, &seen);
    CU_ASSERT_EQUAL(seen.clocks_passed, 2);
    early_destroy(early);
    windows_destroy(windows);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_look_tells_what_the_close_tells_and_changes_nothing),
        UNIT_TEST(completeness_counts_the_clocks_that_have_passed),
    };
    return unit_run("early", tests, UNIT_COUNT(tests));
}
