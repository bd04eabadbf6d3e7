/* What the generator leaves to chance has the distribution asked for. */
#include <math.h>

#include "generated.h"

/* |k - n*p| below five standard deviations: a right generator fails once in two million seeds, and
 * the seed is fixed. */
static bool is_likely(int64_t k, int64_t n, double p)
{
    return fabs((double)k - (double)n * p) < 5 * sqrt((double)n * p * (1 - p));
}

static int64_t count_hot(const struct events *events)
{
    int64_t hot = 0;
    for (int64_t i = 0; i < events->count; i++)
        hot += events->items[i].value != 0;
    return hot;
}

static void probability_is_met_dense_and_sparse(void)
{
    static const double probabilities[] = {0.01, 0.1, 0.124, 0.126, 0.5, 0.9};
    for (int i = 0; i < 6; i++) {
        struct generator_config config = generated_usual();
        config.steps = 1000;
        config.gny = 40;
        config.probability = probabilities[i];
        struct events events = generated_make(&config);
        CU_ASSERT(is_likely(count_hot(&events), events.count, probabilities[i]));
        free(events.items);
    }
}

/* Every cell by itself: no row or column may be preferred by the gaps of a sparse field. */
static void every_cell_is_hot_equally_often(void)
{
    struct generator_config config = generated_usual();
    config.steps = 20000;
    config.probability = 0.08;
    config.zeros = false;
    struct events events = generated_make(&config);
    int64_t hot[13][7] = {0};
    for (int64_t i = 0; i < events.count; i++)
        hot[events.items[i].x][events.items[i].y]++;
    for (int x = 0; x < 13; x++)
        for (int y = 0; y < 7; y++)
            CU_ASSERT(is_likely(hot[x][y], 20000, 0.08));
    free(events.items);
}

static void dropout_and_duplicates_have_their_rates(void)
{
    struct generator_config config = generated_usual();
    config.steps = 1000;
    int64_t sent = config.steps * 13 * 7;
    config.dropout = 0.1;
    struct events events = generated_make(&config);
    CU_ASSERT(is_likely(sent - events.count, sent, 0.1));
    free(events.items);
    config.dropout = 0;
    config.duplicates = 0.05;
    events = generated_make(&config);
    CU_ASSERT(is_likely(events.count - sent, sent, 0.05));
    int64_t twins = 0;
    for (int64_t i = 1; i < events.count; i++)
        twins += events.items[i].time_ms == events.items[i - 1].time_ms &&
                 events.items[i].x == events.items[i - 1].x &&
                 events.items[i].y == events.items[i - 1].y;
    CU_ASSERT_EQUAL(twins, events.count - sent);
    free(events.items);
}

/* Mean and standard deviation within five standard errors; the largest of 91000 normal numbers lies
 * between 3.7 and 6.5 standard deviations but once in a million. */
static void jitter_is_normal(void)
{
    struct generator_config config = generated_usual();
    config.steps = 1000;
    config.jitter_ms = 1000;
    struct events events = generated_make(&config);
    double n = (double)events.count, sum = 0, squares = 0, largest = 0;
    int64_t inside = 0;
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        double jitter = (double)(event->time_ms - (config.start_ms + event->step * 100));
        sum += jitter;
        squares += jitter * jitter;
        inside += fabs(jitter) < 674.49;
        largest = fmax(largest, fabs(jitter));
    }
    CU_ASSERT(fabs(sum / n) < 5 * 1000 / sqrt(n));
    CU_ASSERT(fabs(sqrt(squares / n) - 1000) < 5 * 1000 / sqrt(2 * n));
    CU_ASSERT(is_likely(inside, events.count, 0.5));
    CU_ASSERT(largest > 3700 && largest < 6500);
    free(events.items);
}

/* The delay is seen in whole steps: P(delay >= k steps) = exp(-k*step/mean). */
static void delay_is_exponential(void)
{
    struct generator_config config = generated_usual();
    config.steps = 2000;
    config.delay_ms = 150;
    struct events events = generated_make(&config);
    int64_t beyond[5] = {0};
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        int64_t delay = event->step - (event->time_ms - config.start_ms) / 100;
        CU_ASSERT_FATAL(delay >= 0);
        for (int64_t k = 1; k < 5 && k <= delay; k++)
            beyond[k]++;
    }
    CU_ASSERT_EQUAL(events.count, 2000 * 13 * 7);
    for (int k = 1; k < 5; k++)
        CU_ASSERT(is_likely(beyond[k], events.count, exp(-k * 100 / 150.0)));
    free(events.items);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(probability_is_met_dense_and_sparse),
        UNIT_TEST(every_cell_is_hot_equally_often),
        UNIT_TEST(dropout_and_duplicates_have_their_rates),
        UNIT_TEST(jitter_is_normal),
        UNIT_TEST(delay_is_exponential),
    };
    return unit_run("generator_chance", tests, UNIT_COUNT(tests));
}
