/* Random partitions with skew, disorder, repeats, holes, garbage, broken clocks, silence and late
 * events, delivered in random batches and interleavings with restarts from saved states at random
 * points: one outcome, whatever happens, and that of the contract.
 *
 * SIMULATION_SEEDS=n sets how many seeds are run, SIMULATION_SEED=s runs that one alone. */
#include "window_model_close.h"

static bool same(const struct outcome *a, const struct outcome *b)
{
    return same_bytes(&a->bytes, &b->bytes) && a->states == b->states;
}

/* The seeds of a test, one after the other. */
struct seeds {
    uint64_t first, seed, end;
};

static const char *program;
static uint64_t at_work; /* the seed of a test that was left by a fatal assertion */

static void say_how_to_repeat(void)
{
    if (at_work)
        fprintf(stderr, "repeat with: SIMULATION_SEED=%llu %s\n", (unsigned long long)at_work,
                program);
    at_work = 0;
}

static struct seeds all_seeds(void)
{
    say_how_to_repeat();
    const char *one = getenv("SIMULATION_SEED"), *many = getenv("SIMULATION_SEEDS");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : 500;
    return (struct seeds){.first = first, .seed = first - 1, .end = first + count};
}

static bool next_seed(struct seeds *seeds)
{
    at_work = ++seeds->seed < seeds->end ? seeds->seed : 0;
    return at_work > 0;
}

/* What holds for many seeds need not for a few. */
static bool are_many(const struct seeds *seeds)
{
    return seeds->end - seeds->first >= 100;
}

/* Two in three with everything that can go wrong. */
static enum mood mood_of(uint64_t seed)
{
    return seed % 3 == 0 ? LATE : WILD;
}

static void every_interleaving_and_restart_has_one_outcome(void)
{
    static struct scene scene;
    struct seeds seeds = all_seeds();
    int64_t windows = 0, revised = 0, restarts_with_late = 0;
    while (next_seed(&seeds)) {
        uint64_t seed = seeds.seed;
        make_scene(&scene, seed, mood_of(seed));
        struct outcome plain = {0};
        run_scene(&scene, seed, false, &plain);
        for (uint64_t other = 1; other <= 4; other++) {
            struct outcome again = {0};
            run_scene(&scene, seed + 1000003 * other, other % 2 == 0, &again);
            CU_ASSERT_FATAL(same(&plain, &again));
            restarts_with_late += again.restarts_with_late;
            outcome_release(&again);
        }
        windows += plain.windows;
        revised += plain.revised;
        outcome_release(&plain);
    }
    int64_t count = (int64_t)(seeds.end - seeds.first);
    CU_ASSERT(!are_many(&seeds) || windows > 10 * count);
    CU_ASSERT(!are_many(&seeds) || revised > windows / 10);
    CU_ASSERT(!are_many(&seeds) || restarts_with_late > count / 2);
}

static void the_outcome_is_that_of_the_contract(void)
{
    static struct scene scene;
    struct seeds seeds = all_seeds();
    while (next_seed(&seeds)) {
        uint64_t seed = seeds.seed;
        make_scene(&scene, seed, mood_of(seed));
        struct outcome plain = {0}, model = {0};
        run_scene(&scene, seed, true, &plain);
        model_run(&scene, &model);
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
static bool compare_with_sorted(struct scene *scene, struct outcome *jumbled)
{
    struct outcome sorted = {0};
    bool kept = run_for_frames(scene, jumbled);
    sort_streams(scene);
    bool comparable = run_for_frames(scene, &sorted) && kept;
    CU_ASSERT_FATAL(!comparable || same_frames(jumbled, &sorted));
    outcome_release(&sorted);
    return comparable;
}

static void disorder_within_the_bound_ends_as_sorted_delivery(void)
{
    static struct scene scene;
    struct seeds seeds = all_seeds();
    while (next_seed(&seeds)) {
        uint64_t seed = seeds.seed;
        make_scene(&scene, seed, TAME);
        struct outcome jumbled = {0};
        CU_ASSERT_FATAL(compare_with_sorted(&scene, &jumbled));
        CU_ASSERT_EQUAL_FATAL(jumbled.revised, 0);
        outcome_release(&jumbled);
    }
}

static void late_delivery_within_the_horizon_ends_as_sorted_delivery(void)
{
    static struct scene scene;
    struct seeds seeds = all_seeds();
    int64_t compared = 0;
    int64_t revised = 0;
    while (next_seed(&seeds)) {
        uint64_t seed = seeds.seed;
        make_scene(&scene, seed, LATE);
        for (int p = 0; p < scene.config.partitions; p++)
            scene.streams[p].timeouts = 0;
        struct outcome jumbled = {0};
        compared += compare_with_sorted(&scene, &jumbled);
        revised += jumbled.revised;
        outcome_release(&jumbled);
    }
    int64_t count = (int64_t)(seeds.end - seeds.first);
    CU_ASSERT(!are_many(&seeds) || (10 * compared > 8 * count && revised > 10 * count));
}

/* A state with late events that wait and windows that were revised. */
static void save_amid_late_events(const struct scene *scene, struct buffer *state)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    struct cursor cursor = {{0}, {0}};
    struct outcome outcome = {0};
    int64_t late = 0;
    while (outcome.revised == 0 || sum_of_fate(scene, windows, FATE_LATE) <= late) {
        CU_ASSERT_FALSE_FATAL(windows_exhausted(windows));
        for (int p = 0; p < scene->config.partitions; p++)
            deliver(scene, windows, p, &cursor, 2);
        while (windows_can_close(windows)) {
            close_one(scene, windows, &outcome);
            late = sum_of_fate(scene, windows, FATE_LATE);
        }
    }
    outcome_release(&outcome);
    windows_save(windows, state);
    windows_destroy(windows);
}

/* And goes on a little, if that was a state. */
static enum status load_from(const struct scene *scene, const struct buffer *state, size_t size)
{
    static const int64_t from[MAX_PARTITIONS];
    struct error err = {.text = ""};
    struct windows *windows = windows_create(&scene->config, from);
    struct buffer_reader reader = {.data = state->data, .size = size};
    enum status status = windows_load(windows, &reader, &err);
    CU_ASSERT(status == STATUS_OK || strlen(err.text) > 0);
    struct closed_window closed;
    for (int i = 0; i < 20 && status == STATUS_OK && windows_can_close(windows); i++)
        windows_close(windows, &closed);
    windows_destroy(windows);
    return status;
}

static void a_state_cut_or_changed_anywhere_never_crashes(void)
{
    static struct scene scene;
    say_how_to_repeat();
    make_scene(&scene, 3, LATE);
    scene.config.span = 3;
    scene.config.hold = 4;
    scene.config.dedup = true;
    struct buffer state = {0};
    save_amid_late_events(&scene, &state);
    CU_ASSERT_EQUAL(load_from(&scene, &state, state.size), STATUS_OK);
    for (size_t size = 0; size < state.size; size++) {
        CU_ASSERT_EQUAL(load_from(&scene, &state, size), STATUS_BAD_DATA);
        for (int bit = 0; bit < 8; bit += 3) {
            state.data[size] ^= (uint8_t)(1 << bit);
            (void)load_from(&scene, &state, state.size);
            state.data[size] ^= (uint8_t)(1 << bit);
        }
    }
    buffer_release(&state);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_interleaving_and_restart_has_one_outcome),
        UNIT_TEST(the_outcome_is_that_of_the_contract),
        UNIT_TEST(disorder_within_the_bound_ends_as_sorted_delivery),
        UNIT_TEST(late_delivery_within_the_horizon_ends_as_sorted_delivery),
        UNIT_TEST(a_state_cut_or_changed_anywhere_never_crashes),
    };
    program = argc > 0 ? argv[0] : "";
    int status = unit_run("windows_simulation", tests, UNIT_COUNT(tests));
    say_how_to_repeat();
    return status;
}
