/* Random partitions with skew, disorder, repeats, holes, garbage and late events, delivered in
 * random interleavings with restarts from saved states at random points: one outcome, whatever
 * happens.
 *
 * HEATSTREAM_SEEDS=n sets how many seeds are run, HEATSTREAM_SEED=s runs that one alone. */
#include "window_model_close.h"

static bool same(const struct outcome *a, const struct outcome *b)
{
    return same_bytes(&a->bytes, &b->bytes) && a->states == b->states;
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

/* Two in three with everything that can go wrong. */
static enum mood mood_of(uint64_t seed)
{
    return seed % 3 == 0 ? LATE : WILD;
}

static void every_interleaving_and_restart_has_one_outcome(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    int64_t windows = 0, revised = 0, restarts_with_late = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, mood_of(seed));
        struct outcome plain = {0};
        run_scene(&scene, seed, false, &plain);
        for (uint64_t other = 1; other <= 4; other++) {
            struct outcome again = {0};
            run_scene(&scene, seed + 1000003 * other, other % 2 == 0, &again);
            say_seed(seed, same(&plain, &again));
            CU_ASSERT_FATAL(same(&plain, &again));
            restarts_with_late += again.restarts_with_late;
            outcome_release(&again);
        }
        windows += plain.windows;
        revised += plain.revised;
        outcome_release(&plain);
    }
    CU_ASSERT(windows > (int64_t)count);
    CU_ASSERT(count == 1 || revised > windows / 10);
    CU_ASSERT(count == 1 || restarts_with_late > (int64_t)count / 10);
}

static void the_outcome_is_that_of_the_contract(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, mood_of(seed));
        struct outcome plain = {0}, model = {0};
        run_scene(&scene, seed, true, &plain);
        model_run(&scene, &model);
        say_seed(seed, same_bytes(&plain.bytes, &model.bytes));
        CU_ASSERT_FATAL(same_bytes(&plain.bytes, &model.bytes));
        outcome_release(&plain);
        outcome_release(&model);
    }
}

static int by_time(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void sort_streams(struct scene *scene)
{
    for (int p = 0; p < scene->config.partitions; p++) {
        struct stream *stream = &scene->streams[p];
        int64_t offset = stream->count ? stream->records[0].offset : 0;
        qsort(stream->records, (size_t)stream->count, sizeof *stream->records, by_time);
        for (int i = 0; i < stream->count; i++)
            stream->records[i].offset = offset + i;
    }
}

/* The final frames alone; true when no record was lost to its time. */
static bool run_for_frames(const struct scene *scene, struct outcome *outcome)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct cursor cursor = {{0}, {0}};
    while (!windows_exhausted(windows)) {
        for (int p = 0; p < scene->config.partitions; p++)
            deliver(scene, windows, p, &cursor, 7);
        while (windows_can_close(windows))
            close_one(scene, windows, outcome);
    }
    int64_t lost = sum_of_fate(scene, windows, FATE_TOO_LATE) +
                   sum_of_fate(scene, windows, FATE_FUTURE) +
                   sum_of_fate(scene, windows, FATE_CANDIDATE);
    windows_destroy(windows);
    return lost == 0;
}

static bool same_frames(const struct outcome *a, const struct outcome *b)
{
    if (a->windows != b->windows)
        return false;
    for (int64_t w = 0; w < a->windows; w++)
        if (a->frames[w].closed.events != b->frames[w].closed.events ||
            a->frames[w].closed.missing != b->frames[w].closed.missing ||
            !same_bytes(&a->frames[w].heat, &b->frames[w].heat))
            return false;
    return true;
}

/* True when the two deliveries had to agree. */
static bool compare_with_sorted(struct scene *scene, uint64_t seed, struct outcome *jumbled)
{
    struct outcome sorted = {0};
    bool kept = run_for_frames(scene, jumbled);
    sort_streams(scene);
    bool comparable = run_for_frames(scene, &sorted) && kept;
    bool good = !comparable || same_frames(jumbled, &sorted);
    say_seed(seed, good);
    CU_ASSERT_FATAL(good);
    outcome_release(&sorted);
    return comparable;
}

static void disorder_within_the_bound_ends_as_sorted_delivery(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first);
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, TAME);
        struct outcome jumbled = {0};
        CU_ASSERT(compare_with_sorted(&scene, seed, &jumbled));
        CU_ASSERT_EQUAL(jumbled.revised, 0);
        outcome_release(&jumbled);
    }
}

static void late_delivery_within_the_horizon_ends_as_sorted_delivery(void)
{
    static struct scene scene;
    uint64_t first, count = seeds(&first), compared = 0;
    int64_t revised = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        make_scene(&scene, seed, LATE);
        for (int p = 0; p < scene.config.partitions; p++)
            scene.streams[p].timeouts = 0;
        struct outcome jumbled = {0};
        compared += compare_with_sorted(&scene, seed, &jumbled);
        revised += jumbled.revised;
        outcome_release(&jumbled);
    }
    fprintf(stderr, "compared %d of %d, revised %d\n", (int)compared, (int)count, (int)revised);
    CU_ASSERT(count == 1 || (10 * compared > count && revised > 10 * (int64_t)count));
}

static void a_state_cut_or_changed_anywhere_never_crashes(void)
{
    static struct scene scene;
    static const int64_t from[MAX_PARTITIONS];
    make_scene(&scene, 8, WILD);
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
    outcome_release(&outcome);
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
        UNIT_TEST(disorder_within_the_bound_ends_as_sorted_delivery),
        UNIT_TEST(late_delivery_within_the_horizon_ends_as_sorted_delivery),
        UNIT_TEST(a_state_cut_or_changed_anywhere_never_crashes),
    };
    return unit_run("windows_simulation", tests, UNIT_COUNT(tests));
}
