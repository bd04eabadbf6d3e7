/* Random partitions with skew, disorder, repeats, holes, garbage and late events, delivered in
 * random interleavings with restarts from saved states at random points: one outcome, whatever
 * happens.
 *
 * HEATSTREAM_SEEDS=n sets how many seeds are run, HEATSTREAM_SEED=s runs that one alone. */
#include "window_model.h"

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->bytes.size == b->bytes.size &&
           memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0;
}

static uint64_t seeds(uint64_t *first)
{
    const char *one = getenv("HEATSTREAM_SEED"), *many = getenv("HEATSTREAM_SEEDS");
    *first = one ? strtoull(one, NULL, 10) : 1;
    return one ? 1 : many ? strtoull(many, NULL, 10) : 500;
}

static void say_seed(uint64_t seed, bool good)
{
    if (!good)
        fprintf(stderr, "repeat with HEATSTREAM_SEED=%llu\n", (unsigned long long)seed);
}

static void every_interleaving_and_restart_has_one_outcome(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    int64_t windows = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, false);
        struct outcome plain = {0};
        run_scene(&scene, seed, false, &plain);
        for (uint64_t other = 1; other <= 4; other++) {
            struct outcome again = {0};
            run_scene(&scene, seed + 1000003 * other, other % 2 == 0, &again);
            say_seed(seed, same(&plain, &again));
            CU_ASSERT_FATAL(same(&plain, &again));
            buffer_release(&again.bytes);
        }
        windows += plain.windows;
        buffer_release(&plain.bytes);
    }
    CU_ASSERT(windows > (int64_t)count);
}

static void the_outcome_is_that_of_the_contract(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, false);
        struct outcome plain = {0}, model = {0};
        run_scene(&scene, seed, true, &plain);
        model_run(&scene, &model);
        say_seed(seed, same(&plain, &model));
        CU_ASSERT_FATAL(same(&plain, &model));
        buffer_release(&plain.bytes);
        buffer_release(&model.bytes);
    }
}

static int by_time(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* What a run tells of the field alone: no dead letters, no ledger, and means that do not depend on
 * which offset a repeated time has. */
static void run_for_heat(const struct scene *scene, struct outcome *outcome, int64_t *too_late)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct cursor cursor = {{0}, {0}};
    while (!windows_exhausted(windows)) {
        for (int p = 0; p < scene->config.partitions; p++)
            deliver(scene, windows, p, &cursor, 7);
        for (struct closed_window closed; windows_can_close(windows);) {
            windows_close(windows, &closed);
            buffer_append(&outcome->bytes, closed.heat,
                          (size_t)closed.heat_count * sizeof *closed.heat);
            buffer_put_i64(&outcome->bytes, closed.events);
        }
    }
    *too_late = 0;
    for (int p = 0; p < scene->config.partitions; p++)
        *too_late += windows_ledger(windows, p)->fates[FATE_TOO_LATE];
    windows_destroy(windows);
}

static void disorder_within_the_bound_equals_sorted_delivery(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, true);
        struct outcome jumbled = {0}, sorted = {0};
        int64_t too_late;
        run_for_heat(&scene, &jumbled, &too_late);
        CU_ASSERT_EQUAL(too_late, 0);
        for (int p = 0; p < scene.config.partitions; p++) {
            struct stream *stream = &scene.streams[p];
            int64_t offset = stream->count ? stream->records[0].offset : 0;
            qsort(stream->records, (size_t)stream->count, sizeof *stream->records, by_time);
            for (int i = 0; i < stream->count; i++)
                stream->records[i].offset = offset + i;
        }
        run_for_heat(&scene, &sorted, &too_late);
        say_seed(seed, same(&jumbled, &sorted));
        CU_ASSERT_FATAL(same(&jumbled, &sorted));
        buffer_release(&jumbled.bytes);
        buffer_release(&sorted.bytes);
    }
}

static void a_state_cut_or_changed_anywhere_never_crashes(void)
{
    static struct scene scene;
    static const int64_t from[MAX_PARTITIONS];
    make_scene(&scene, 8, false);
    scene.config.span = 3;
    scene.config.hold = 4;
    struct windows *windows = windows_create(&scene.config, from);
    struct cursor cursor = {{0}, {0}};
    struct outcome outcome = {0};
    for (int round = 0; round < 60; round++) {
        for (int p = 0; p < scene.config.partitions; p++)
            deliver(&scene, windows, p, &cursor, 2);
        while (windows_can_close(windows) && outcome.windows < 5)
            close_one(&scene, windows, &outcome);
    }
    CU_ASSERT_EQUAL(outcome.windows, 5);
    buffer_release(&outcome.bytes);
    struct buffer state = {0};
    windows_save(windows, &state);
    windows_destroy(windows);
    for (size_t size = 0; size < state.size; size++) {
        struct error err;
        struct windows *copy = windows_create(&scene.config, from);
        struct buffer_reader reader = {.data = state.data, .size = size};
        CU_ASSERT_EQUAL(windows_load(copy, &reader, &err), STATUS_BAD_DATA);
        windows_destroy(copy);
        copy = windows_create(&scene.config, from);
        state.data[size] ^= 0x40;
        reader = (struct buffer_reader){.data = state.data, .size = state.size};
        if (windows_load(copy, &reader, &err) != STATUS_OK)
            CU_ASSERT(strlen(err.text) > 0);
        state.data[size] ^= 0x40;
        windows_destroy(copy);
    }
    buffer_release(&state);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_interleaving_and_restart_has_one_outcome),
        UNIT_TEST(the_outcome_is_that_of_the_contract),
        UNIT_TEST(disorder_within_the_bound_equals_sorted_delivery),
        UNIT_TEST(a_state_cut_or_changed_anywhere_never_crashes),
    };
    return unit_run("windows_simulation", tests, UNIT_COUNT(tests));
}
