/* Random partitions with skew, disorder, repeats, holes, garbage and late events, delivered in
 * random interleavings with restarts from saved states at random points: one outcome, whatever
 * happens.
 *
 * HEATSTREAM_SEEDS=n sets how many seeds are run, HEATSTREAM_SEED=s runs that one alone. */
#include <string.h>

#include "clock_table.h"
#include "unit.h"

#include "base/arith.h"
#include "window/windows_state.h"

enum { NX = 5, NY = 3, MAX_PARTITIONS = 5, MAX_RECORDS = 400 };

struct stream {
    struct record records[MAX_RECORDS];
    int count;
    int64_t end;
};

struct scene {
    struct windows_config config;
    struct stream streams[MAX_PARTITIONS];
};

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t below(uint64_t *random, int64_t limit)
{
    return (int64_t)(next_random(random) % (uint64_t)limit);
}

static const uint8_t payload[] = "raw bytes of the record";

static struct record random_record(uint64_t *random, const struct windows_config *config,
                                   int64_t now_ms, bool tame)
{
    struct record record = {.verdict = FATE_ON_TIME, .has_time = true, .value = payload};
    record.value_size = 1 + (size_t)below(random, sizeof payload - 1);
    record.cell = below(random, NX * NY);
    record.sensor = record.cell;
    record.time_ms = now_ms - below(random, config->disorder_ms + 1);
    record.rate = (double)below(random, 1000) / 7.0 - 20.0;
    if (tame)
        return record;
    if (below(random, 12) == 0)
        record.time_ms -= below(random, 40 * config->window_ms);
    if (below(random, 30) == 0)
        record.time_ms += below(random, 10 * config->window_ms);
    if (below(random, 15) == 0)
        record.verdict = below(random, 2) ? FATE_UNDECODABLE : FATE_OUT_OF_RANGE;
    return record;
}

static void make_stream(struct stream *stream, uint64_t *random,
                        const struct windows_config *config, int partition, bool tame)
{
    int64_t now_ms = config->t0_ms + config->disorder_ms + below(random, 300);
    int64_t offset = below(random, 50), pace_ms = 1 + below(random, 30);
    stream->count = (int)below(random, MAX_RECORDS);
    for (int i = 0; i < stream->count; i++) {
        now_ms += below(random, pace_ms + 1);
        offset += !tame && below(random, 20) == 0 ? 1 + below(random, 5) : 1;
        stream->records[i] = random_record(random, config, now_ms, tame);
        stream->records[i].partition = partition;
        stream->records[i].offset = offset;
    }
    stream->end = offset + 1 + (tame ? 0 : below(random, 3));
}

static void make_scene(struct scene *scene, uint64_t seed, bool tame)
{
    uint64_t random = seed;
    scene->config = (struct windows_config){
        .partitions = 1 + (int)below(&random, MAX_PARTITIONS),
        .gnx = NX,
        .gny = NY,
        .t0_ms = below(&random, 2000) - 1000,
        .window_ms = 1 + below(&random, 100),
        .disorder_ms = below(&random, 200),
        .horizon_windows = 2,
        .clock_sensors = 2 + (int)below(&random, 3),
        .clock_expiry = 20 + below(&random, 100),
        .max_open_events = 100000,
        .gen_scale = 1.0 + (double)below(&random, 3),
    };
    for (int p = 0; p < scene->config.partitions; p++)
        make_stream(&scene->streams[p], &random, &scene->config, p, tame);
}

/* Everything a run tells, as bytes: two runs agree when these agree. */
struct outcome {
    struct buffer bytes;
    int64_t windows;
};

static void tell_letters(struct windows *windows, struct buffer *out)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    int64_t count = windows_dead_letters(windows, &letters, &bytes);
    buffer_put_i64(out, count);
    for (int64_t i = 0; i < count; i++) {
        buffer_put_i64(out, letters[i].partition);
        buffer_put_i64(out, letters[i].offset);
        buffer_put_i64(out, (int64_t)letters[i].reason);
        buffer_put_bytes(out, bytes + letters[i].value_at, (size_t)letters[i].value_bytes);
    }
    windows_clear_dead_letters(windows);
}

static void tell_ledgers(const struct scene *scene, const struct windows *windows,
                         struct buffer *out)
{
    for (int p = 0; p < scene->config.partitions; p++) {
        const struct ledger *ledger = windows_ledger(windows, p);
        int64_t sum = ledger->first_offset;
        for (int fate = 0; fate < FATE_COUNT; fate++) {
            sum += ledger->fates[fate];
            buffer_put_i64(out, ledger->fates[fate]);
        }
        CU_ASSERT_EQUAL(sum, ledger->next_offset);
    }
}

static void close_one(const struct scene *scene, struct windows *windows, struct outcome *outcome)
{
    struct closed_window closed;
    windows_close(windows, &closed);
    buffer_put_i64(&outcome->bytes, closed.window);
    buffer_put_i64(&outcome->bytes, closed.provisional + 2 * closed.complete);
    buffer_append(&outcome->bytes, closed.heat, (size_t)closed.heat_count * sizeof *closed.heat);
    buffer_put_i64(&outcome->bytes, closed.events);
    buffer_put_i64(&outcome->bytes, closed.missing);
    buffer_put_i64(&outcome->bytes, closed.dead);
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    outcome->windows++;
}

static struct windows *restarted(const struct scene *scene, struct windows *windows)
{
    static const int64_t from[MAX_PARTITIONS];
    struct buffer state = {0}, again = {0};
    struct error err;
    windows_save(windows, &state);
    windows_destroy(windows);
    windows = windows_create(&scene->config, from);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL_FATAL(windows_load(windows, &reader, &err), STATUS_OK);
    windows_save(windows, &again);
    CU_ASSERT_EQUAL(state.size, again.size);
    CU_ASSERT(state.size == again.size && memcmp(state.data, again.data, state.size) == 0);
    buffer_release(&state);
    buffer_release(&again);
    return windows;
}

/* Delivers from one partition until it is refused more, its batch is over, or it ends. */
static void deliver(const struct scene *scene, struct windows *windows, int p, int *position,
                    int64_t batch)
{
    struct error err;
    const struct stream *stream = &scene->streams[p];
    while (batch-- > 0 && windows_wants(windows, p)) {
        if (*position == stream->count) {
            windows_finish(windows, p, stream->end);
            return;
        }
        CU_ASSERT_EQUAL_FATAL(windows_take(windows, &stream->records[(*position)++], &err),
                              STATUS_OK);
    }
}

static void run_scene(const struct scene *scene, uint64_t seed, bool restarts,
                      struct outcome *outcome)
{
    static const int64_t from[MAX_PARTITIONS];
    struct windows *windows = windows_create(&scene->config, from);
    int position[MAX_PARTITIONS] = {0};
    uint64_t random = seed;
    while (!windows_exhausted(windows)) {
        int p = (int)below(&random, scene->config.partitions);
        deliver(scene, windows, p, &position[p], 1 + below(&random, 1 + below(&random, 50)));
        if (restarts && below(&random, 40) == 0) {
            windows = restarted(scene, windows);
            for (int q = 0; q < scene->config.partitions; q++)
                position[q] = (int)below(&random, position[q] + 1);
        }
        while (windows_can_close(windows))
            close_one(scene, windows, outcome);
    }
    tell_letters(windows, &outcome->bytes);
    tell_ledgers(scene, windows, &outcome->bytes);
    windows_destroy(windows);
}

/* The contract read aloud: partition after partition while its clock has not passed k, tables of
 * everything, no reuse of any code under test but floor_div(). */
struct model_event {
    struct record record;
    int64_t window;
};

struct model {
    struct clock_table clocks[MAX_PARTITIONS];
    int position[MAX_PARTITIONS];
    bool finished[MAX_PARTITIONS];
    int64_t next[MAX_PARTITIONS], fates[MAX_PARTITIONS][FATE_COUNT];
    struct model_event events[MAX_PARTITIONS * MAX_RECORDS];
    int event_count;
    struct model_event letters[MAX_PARTITIONS * MAX_RECORDS]; /* window: the reason */
    int letter_count;
    bool provisional;
};

static int64_t model_passed(const struct scene *scene, const struct model *model, int p)
{
    const struct windows_config *config = &scene->config;
    return floor_div((__int128)model->clocks[p].mx_ms - config->t0_ms - config->disorder_ms,
                     config->window_ms);
}

static void model_refuse(struct model *model, const struct record *record, enum fate reason)
{
    model->fates[record->partition][reason]++;
    model->letters[model->letter_count++] =
        (struct model_event){.record = *record, .window = (int64_t)reason};
}

static void model_take(const struct scene *scene, struct model *model, const struct record *record,
                       int64_t k)
{
    const struct windows_config *config = &scene->config;
    int p = record->partition;
    model->fates[p][FATE_SKIPPED] += record->offset - model->next[p];
    model->next[p] = record->offset + 1;
    if (record->verdict != FATE_ON_TIME || record->time_ms < config->t0_ms) {
        model_refuse(model, record,
                     record->verdict != FATE_ON_TIME ? record->verdict : FATE_BEFORE_START);
        return;
    }
    int64_t window = floor_div((__int128)record->time_ms - config->t0_ms, config->window_ms);
    if (window >= k) {
        model->fates[p][FATE_ON_TIME]++;
        model->events[model->event_count++] = (struct model_event){*record, window};
    } else {
        model_refuse(model, record, FATE_TOO_LATE);
    }
    clock_table_hear(&model->clocks[p], config->clock_sensors, config->clock_expiry,
                     (int)record->sensor, record->time_ms);
}

static void model_drain(const struct scene *scene, struct model *model, int64_t k)
{
    for (int p = 0; p < scene->config.partitions; p++) {
        const struct stream *stream = &scene->streams[p];
        while (!model->finished[p] && model_passed(scene, model, p) <= k) {
            if (model->position[p] < stream->count) {
                model_take(scene, model, &stream->records[model->position[p]++], k);
                continue;
            }
            model->finished[p] = true;
            model->fates[p][FATE_SKIPPED] += stream->end - model->next[p];
            model->next[p] = stream->end;
        }
    }
}

static bool earlier(const struct record *a, const struct record *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    return a->partition != b->partition ? a->partition < b->partition : a->offset < b->offset;
}

/* Sums the events of one cell in order, choosing the next by search. */
static int64_t model_mean(const struct model *model, int64_t window, int64_t cell, double *mean)
{
    const struct record *last = NULL;
    double sum = 0.0;
    int64_t count = 0;
    for (;;) {
        const struct record *next = NULL;
        for (int i = 0; i < model->event_count; i++) {
            const struct record *record = &model->events[i].record;
            if (model->events[i].window != window || record->cell != cell)
                continue;
            if ((!last || earlier(last, record)) && (!next || earlier(record, next)))
                next = record;
        }
        if (!next)
            break;
        sum += next->rate;
        count++;
        last = next;
    }
    *mean = count ? sum / (double)count : 0.0;
    return count;
}

static void model_tell_letters(struct model *model, struct buffer *out)
{
    buffer_put_i64(out, model->letter_count);
    for (int p = 0; p < MAX_PARTITIONS; p++)
        for (int i = 0; i < model->letter_count; i++) {
            const struct record *record = &model->letters[i].record;
            if (record->partition != p)
                continue;
            buffer_put_i64(out, p);
            buffer_put_i64(out, record->offset);
            buffer_put_i64(out, model->letters[i].window);
            buffer_put_bytes(out, record->value, record->value_size);
        }
    model->letter_count = 0;
}

static void model_tell_ledgers(const struct scene *scene, const struct model *model,
                               struct buffer *out)
{
    for (int p = 0; p < scene->config.partitions; p++)
        for (int fate = 0; fate < FATE_COUNT; fate++)
            buffer_put_i64(out, model->fates[p][fate]);
}

static void model_close(const struct scene *scene, struct model *model, int64_t k,
                        struct outcome *outcome)
{
    bool complete = true;
    for (int p = 0; p < scene->config.partitions; p++)
        complete = complete && model_passed(scene, model, p) > k;
    model->provisional = model->provisional || !complete;
    buffer_put_i64(&outcome->bytes, k);
    buffer_put_i64(&outcome->bytes, model->provisional + 2 * complete);
    int64_t events = 0, missing = 0;
    for (int64_t cell = 0; cell < NX * NY; cell++) {
        struct heat heat = {.cell = cell};
        int64_t count = model_mean(model, k, cell, &heat.rate);
        heat.rate *= scene->config.gen_scale;
        events += count;
        missing += count == 0;
        if (heat.rate != 0.0)
            buffer_append(&outcome->bytes, &heat, sizeof heat);
    }
    buffer_put_i64(&outcome->bytes, events);
    buffer_put_i64(&outcome->bytes, missing);
    buffer_put_i64(&outcome->bytes, model->letter_count);
    model_tell_letters(model, &outcome->bytes);
    model_tell_ledgers(scene, model, &outcome->bytes);
    outcome->windows++;
}

static bool model_closes(const struct scene *scene, const struct model *model, int64_t k)
{
    bool all_finished = true, event_left = false;
    for (int p = 0; p < scene->config.partitions; p++)
        all_finished = all_finished && model->finished[p];
    for (int i = 0; i < model->event_count; i++)
        event_left = event_left || model->events[i].window >= k;
    return !all_finished || event_left;
}

static void model_run(const struct scene *scene, struct outcome *outcome)
{
    static struct model model;
    memset(&model, 0, sizeof model);
    for (int p = 0; p < scene->config.partitions; p++)
        model.clocks[p].mx_ms = scene->config.t0_ms + scene->config.disorder_ms;
    int64_t k = 0;
    for (model_drain(scene, &model, k); model_closes(scene, &model, k);
         model_drain(scene, &model, k))
        model_close(scene, &model, k++, outcome);
    model_tell_letters(&model, &outcome->bytes);
    model_tell_ledgers(scene, &model, &outcome->bytes);
}

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
    int position[MAX_PARTITIONS] = {0};
    while (!windows_exhausted(windows)) {
        for (int p = 0; p < scene->config.partitions; p++)
            deliver(scene, windows, p, &position[p], 7);
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
    make_scene(&scene, 7, false);
    struct windows *windows = windows_create(&scene.config, from);
    int position[MAX_PARTITIONS] = {0};
    for (int p = 0; p < scene.config.partitions; p++)
        deliver(&scene, windows, p, &position[p], 60);
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
