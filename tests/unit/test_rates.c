#include "window/rates.h"

#include <string.h>

#include "rate_model.h"
#include "unit.h"

enum { CELLS = 7, MAX_EVENTS = 60, WINDOWS = 40, WINDOW_MS = 100 };

static const struct rates_config plain = {
    .cells = CELLS, .estimate = ESTIMATE_MEAN, .span = 1, .gen_scale = 1.0};

static uint64_t random_state;

static int64_t below(int64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((random_state >> 33) % (uint64_t)limit);
}

static double rate_of(const struct rates_result *result, int64_t cell)
{
    for (int64_t i = 0; i < result->heat_count; i++)
        if (result->heat[i].cell == cell)
            return result->heat[i].rate;
    return 0.0;
}

/* A random window for the rates, and for the model, which gets it in another order. */
struct random_window {
    struct event events[MAX_EVENTS];
    int count;
};

static void make_window(struct random_window *window, int64_t w, int most)
{
    window->count = (int)below(most + 1);
    for (int i = 0; i < window->count; i++)
        window->events[i] = (struct event){
            .time_ms = w * WINDOW_MS + (below(3) ? below(WINDOW_MS) : 40 + 10 * below(3)),
            .partition = below(3),
            .offset = 1000 * w + i,
            .cell = below(CELLS),
            .rate = below(5) ? (double)(below(2000) - 1000) / 7.0 : 0.0};
}

static void model_window(const struct random_window *window, int64_t w, int64_t cell,
                         enum rate_model_kind kind, struct rate_model_window *told)
{
    struct rate_model_event events[MAX_EVENTS];
    int count = 0;
    for (int i = window->count - 1; i >= 0; i--)
        if (window->events[i].cell == cell)
            events[count++] = (struct rate_model_event){.time_ms = window->events[i].time_ms,
                                                        .partition = window->events[i].partition,
                                                        .offset = window->events[i].offset,
                                                        .rate = window->events[i].rate};
    *told = (struct rate_model_window){.heard = count > 0};
    if (count > 0)
        told->estimate = rate_model_estimate(kind, events, count, w * WINDOW_MS + WINDOW_MS / 2);
}

static struct rates_config random_config(void)
{
    struct rates_config config = plain;
    config.estimate = (enum estimate)below(5);
    config.span = below(3) ? 1 + (int)below(6) : 1;
    config.hold = below(2) ? below(8) : 0;
    config.gen_scale = below(2) ? 0.7 : 1.0;
    return config;
}

static void every_rate_is_the_models_to_the_last_bit(void)
{
    static struct rate_model_window told[CELLS][WINDOWS];
    for (uint64_t seed = 1; seed <= 600; seed++) {
        random_state = seed;
        struct rates_config config = random_config();
        struct rates *rates = rates_create(&config);
        int most = (int)(1 + below(MAX_EVENTS));
        for (int64_t w = 0; w < WINDOWS; w++) {
            struct random_window window;
            make_window(&window, w, most);
            for (int64_t cell = 0; cell < CELLS; cell++)
                model_window(&window, w, cell, (enum rate_model_kind)config.estimate,
                             &told[cell][w]);
            struct rates_result result =
                rates_next(rates, w, w * WINDOW_MS + WINDOW_MS / 2, window.events, window.count);
            int64_t heard = 0;
            for (int64_t cell = 0; cell < CELLS; cell++) {
                double model =
                    rate_model_rate(told[cell], w, config.span, config.hold, config.gen_scale);
                heard += told[cell][w].heard;
                CU_ASSERT_EQUAL_FATAL(rate_of(&result, cell), model);
            }
            CU_ASSERT_EQUAL(result.cells_heard, heard);
            for (int64_t i = 0; i < result.heat_count; i++) {
                CU_ASSERT(result.heat[i].rate != 0.0);
                CU_ASSERT(i == 0 || result.heat[i].cell > result.heat[i - 1].cell);
            }
        }
        rates_destroy(rates);
    }
}

static bool same_heat(const struct rates_result *a, const struct rates_result *b)
{
    if (a->heat_count == 0)
        return b->heat_count == 0;
    return a->heat_count == b->heat_count &&
           memcmp(a->heat, b->heat, (size_t)a->heat_count * sizeof *a->heat) == 0;
}

static struct rates_result feed(struct rates *rates, const struct random_window *window, int64_t w)
{
    struct event copy[MAX_EVENTS];
    memcpy(copy, window->events, sizeof copy);
    return rates_next(rates, w, w * WINDOW_MS + WINDOW_MS / 2, copy, window->count);
}

static void a_rate_needs_only_the_windows_that_hold_and_span_reach(void)
{
    static struct random_window windows[WINDOWS];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        struct rates_config config = random_config();
        struct rates *all = rates_create(&config), *few = rates_create(&config);
        int64_t judged = 20 + below(WINDOWS - 20), from = judged - config.hold - config.span + 1;
        for (int64_t w = 0; w < WINDOWS; w++) {
            make_window(&windows[w], w, 8);
            struct rates_result whole = feed(all, &windows[w], w);
            if (w < from)
                continue;
            struct rates_result part = feed(few, &windows[w], w);
            if (w >= judged)
                CU_ASSERT_FATAL(same_heat(&whole, &part));
        }
        rates_destroy(all);
        rates_destroy(few);
    }
}

static void an_estimate_of_zero_is_held_too(void)
{
    struct rates_config config = plain;
    config.hold = 2;
    struct rates *rates = rates_create(&config);
    struct event some = {.time_ms = 1, .cell = 3, .rate = 5.0}, zero = {.time_ms = 101, .cell = 3};
    struct rates_result result = rates_next(rates, 0, 50, &some, 1);
    CU_ASSERT_EQUAL(rate_of(&result, 3), 5.0);
    result = rates_next(rates, 1, 150, &zero, 1);
    CU_ASSERT_EQUAL(result.heat_count, 0);
    result = rates_next(rates, 2, 250, NULL, 0);
    CU_ASSERT_EQUAL(result.heat_count, 0);
    rates_destroy(rates);
}

static void held_rates_end_after_n_windows_and_are_not_heard(void)
{
    struct rates_config config = plain;
    config.hold = 2;
    config.gen_scale = 2.0;
    struct rates *rates = rates_create(&config);
    struct event event = {.time_ms = 1, .cell = 3, .rate = 5.0};
    static const double expected[] = {10.0, 10.0, 10.0, 0.0};
    for (int64_t w = 0; w < 4; w++) {
        struct rates_result result = rates_next(rates, w, 100 * w + 50, &event, w == 0);
        CU_ASSERT_EQUAL(rate_of(&result, 3), expected[w]);
        CU_ASSERT_EQUAL(result.cells_heard, w == 0);
    }
    rates_destroy(rates);
}

static void windows_before_the_first_count_zero_in_a_span(void)
{
    struct rates_config config = plain;
    config.span = 3;
    config.hold = 1;
    struct rates *rates = rates_create(&config);
    struct event event = {.time_ms = 1, .cell = 3, .rate = 6.0};
    static const double expected[] = {2.0, 4.0, 4.0, 2.0, 0.0};
    for (int64_t w = 0; w < 5; w++) {
        struct rates_result result = rates_next(rates, w, 100 * w + 50, &event, w == 0);
        CU_ASSERT_EQUAL(rate_of(&result, 3), expected[w]);
    }
    rates_destroy(rates);
}

/* Saves in the middle, loads, and goes on both ways. */
static void a_saved_history_goes_on_with_the_same_bits(void)
{
    static struct random_window window;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        struct rates_config config = random_config();
        struct rates *rates = rates_create(&config), *loaded = rates_create(&config);
        int64_t cut = below(WINDOWS);
        struct buffer state = {0}, again = {0};
        for (int64_t w = 0; w < WINDOWS; w++) {
            make_window(&window, w, 8);
            if (w == cut) {
                struct error err;
                rates_save(rates, &state);
                struct buffer_reader reader = {.data = state.data, .size = state.size};
                CU_ASSERT_EQUAL_FATAL(rates_load(loaded, &reader, w, &err), STATUS_OK);
                CU_ASSERT_EQUAL(reader.position, state.size);
                rates_save(loaded, &again);
                CU_ASSERT(state.size == again.size &&
                          memcmp(state.data, again.data, state.size) == 0);
            }
            struct rates_result plainly = feed(rates, &window, w);
            if (w < cut)
                continue;
            struct rates_result resumed = feed(loaded, &window, w);
            CU_ASSERT_FATAL(same_heat(&plainly, &resumed));
        }
        buffer_release(&state);
        buffer_release(&again);
        rates_destroy(rates);
        rates_destroy(loaded);
    }
}

static enum status load(const struct rates_config *config, const struct buffer *state, size_t size,
                        int64_t next_window)
{
    struct error err;
    struct rates *rates = rates_create(config);
    struct buffer_reader reader = {.data = state->data, .size = size};
    enum status status = rates_load(rates, &reader, next_window, &err);
    rates_destroy(rates);
    return status;
}

/* Puts a number into a saved field, tries to load, and puts the old one back. */
static enum status load_with(const struct rates_config *config, struct buffer *state,
                             size_t at_byte, int64_t value)
{
    int64_t before;
    memcpy(&before, state->data + at_byte, 8);
    memcpy(state->data + at_byte, &value, 8);
    enum status status = load(config, state, state->size, 2);
    memcpy(state->data + at_byte, &before, 8);
    return status;
}

static void a_history_that_cannot_be_is_refused(void)
{
    struct rates_config config = plain;
    config.span = 2;
    config.hold = 3;
    struct rates *rates = rates_create(&config);
    struct event events[] = {{.time_ms = 1, .cell = 3, .rate = 6.0},
                             {.time_ms = 1, .cell = 5, .rate = 7.0}};
    (void)rates_next(rates, 0, 50, events, 2);
    (void)rates_next(rates, 1, 150, NULL, 0);
    struct buffer state = {0};
    rates_save(rates, &state);
    rates_destroy(rates);
    /* count 2, (cell, window, rate) twice; past 1, count 2, (cell, rate) twice */
    CU_ASSERT_EQUAL_FATAL(state.size, 8 + 48 + 8 + 8 + 32);
    CU_ASSERT_EQUAL(load(&config, &state, state.size, 2), STATUS_OK);
    for (size_t size = 0; size < state.size; size++)
        CU_ASSERT_EQUAL(load(&config, &state, size, 2), STATUS_BAD_DATA);
    static const struct {
        size_t at_byte;
        int64_t value;
    } hostile[] = {{0, 1},      {0, INT64_MAX}, {8, -1}, {8, 5},  {8, CELLS}, {16, -1}, {16, 2},
                   {32, CELLS}, {32, 3},        {56, 0}, {56, 2}, {56, -1},   {64, -1}, {64, 3},
                   {72, -1},    {72, 5},        {80, 0}, {88, 3}, {88, CELLS}};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        CU_ASSERT_EQUAL(load_with(&config, &state, hostile[i].at_byte, hostile[i].value),
                        STATUS_BAD_DATA);
    CU_ASSERT_EQUAL(load(&config, &state, state.size, 5), STATUS_BAD_DATA);
    config.hold = 0;
    CU_ASSERT_EQUAL(load(&config, &state, state.size, 2), STATUS_BAD_DATA);
    buffer_release(&state);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_rate_is_the_models_to_the_last_bit),
        UNIT_TEST(a_rate_needs_only_the_windows_that_hold_and_span_reach),
        UNIT_TEST(an_estimate_of_zero_is_held_too),
        UNIT_TEST(held_rates_end_after_n_windows_and_are_not_heard),
        UNIT_TEST(windows_before_the_first_count_zero_in_a_span),
        UNIT_TEST(a_saved_history_goes_on_with_the_same_bits),
        UNIT_TEST(a_history_that_cannot_be_is_refused),
    };
    return unit_run("rates", tests, UNIT_COUNT(tests));
}
