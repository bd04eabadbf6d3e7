#include "window/rates.h"

#include <string.h>

#include "event_sets.h"
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
            .partition = (int32_t)below(3),
            .offset = 1000 * w + i,
            .cell = below(CELLS),
            .rate = below(5) ? (double)(below(2000) - 1000) / 7.0 : 0.0};
}

static struct rates_result feed(struct rates *rates, const struct random_window *window, int64_t w)
{
    struct event_set set = sorted_set_of(window->events, window->count, CELLS);
    struct rates_result result = rates_next(rates, w, w * WINDOW_MS + WINDOW_MS / 2, &set);
    event_set_release(&set);
    return result;
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
            struct rates_result result = feed(rates, &window, w);
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

static void a_rate_needs_only_the_windows_that_hold_and_span_reach(void)
{
    static struct random_window windows[WINDOWS];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        struct rates_config config = random_config();
        struct rates *all = rates_create(&config), *few = rates_create(&config);
        for (int64_t w = 0; w < 5; w++) { /* to be forgotten */
            make_window(&windows[0], w, 8);
            (void)feed(few, &windows[0], w);
        }
        rates_forget(few);
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

static const struct random_window silence;

static void an_estimate_of_zero_is_held_too(void)
{
    struct rates_config config = plain;
    config.hold = 2;
    struct rates *rates = rates_create(&config);
    struct random_window some = {.events = {{.time_ms = 1, .cell = 3, .rate = 5.0}}, .count = 1};
    struct random_window zero = {.events = {{.time_ms = 101, .cell = 3}}, .count = 1};
    struct rates_result result = feed(rates, &some, 0);
    CU_ASSERT_EQUAL(rate_of(&result, 3), 5.0);
    result = feed(rates, &zero, 1);
    CU_ASSERT_EQUAL(result.heat_count, 0);
    result = feed(rates, &silence, 2);
    CU_ASSERT_EQUAL(result.heat_count, 0);
    rates_destroy(rates);
}

static void held_rates_end_after_n_windows_and_are_not_heard(void)
{
    struct rates_config config = plain;
    config.hold = 2;
    config.gen_scale = 2.0;
    struct rates *rates = rates_create(&config);
    struct random_window spoken = {.events = {{.time_ms = 1, .cell = 3, .rate = 5.0}}, .count = 1};
    static const double expected[] = {10.0, 10.0, 10.0, 0.0};
    for (int64_t w = 0; w < 4; w++) {
        struct rates_result result = feed(rates, w == 0 ? &spoken : &silence, w);
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
    struct random_window spoken = {.events = {{.time_ms = 1, .cell = 3, .rate = 6.0}}, .count = 1};
    static const double expected[] = {2.0, 4.0, 4.0, 2.0, 0.0};
    for (int64_t w = 0; w < 5; w++) {
        struct rates_result result = feed(rates, w == 0 ? &spoken : &silence, w);
        CU_ASSERT_EQUAL(rate_of(&result, 3), expected[w]);
    }
    rates_destroy(rates);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_rate_is_the_models_to_the_last_bit),
        UNIT_TEST(a_rate_needs_only_the_windows_that_hold_and_span_reach),
        UNIT_TEST(an_estimate_of_zero_is_held_too),
        UNIT_TEST(held_rates_end_after_n_windows_and_are_not_heard),
        UNIT_TEST(windows_before_the_first_count_zero_in_a_span),
    };
    return unit_run("rates", tests, UNIT_COUNT(tests));
}
