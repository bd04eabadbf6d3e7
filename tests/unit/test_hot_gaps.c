/* The hot cells of the generator are the same whatever vectors find them. */
#include <math.h>
#include <string.h>

#include "generated.h"
#include "splitmix.h"
#include "wire/chance.h"
#include "wire/hot_gaps.h"

enum { BATCHES = 300, LONGEST = 5000 };

/* One cell after another, in plain conversions: what the vectors must give. */
static double plain_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
    double m, series = 0;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp0) {
        m *= 0.5;
        exponent++;
    }
    double s = (m - 1) / (m + 1), z = s * s;
    for (int odd = 21; odd >= 3; odd -= 2)
        series = (series + 1.0 / odd) * z;
    return (double)exponent * 0x1.62e42fefa39efp-1 + 2 * (s + s * series);
}

static int64_t plain_next(const struct hot_gaps *gaps, int64_t x, int64_t y)
{
    uint64_t counter = y < 0 ? ~(uint64_t)x : (uint64_t)(x * gaps->ny + y);
    uint64_t bits = chance_hash(chance_hash(gaps->step_key, counter), CHANCE_OF_HEAT);
    double gap = plain_log(((double)(bits >> 12) + 0.5) * 0x1p-52) * gaps->scale;
    return gap >= (double)(gaps->ny - y - 1) ? gaps->ny : y + 1 + (int64_t)gap;
}

static struct hot_gaps random_gaps(uint64_t *dice)
{
    double chance = ldexp(1 + roll(dice, 1000) / 1000.0, -4 - (int)roll(dice, 40));
    return (struct hot_gaps){.step_key = next_random(dice),
                             .first = roll(dice, 2) ? roll(dice, 5000) : INT32_MAX - 100,
                             .ny = roll(dice, 8) ? 1 + roll(dice, LONGEST) : INT32_MAX,
                             .scale = 1 / plain_log(1 - chance)};
}

/* Of the first rows of each column; how many differ from those of the plain way. */
static int count_wrong(hot_gaps_follow *follow, const struct hot_gaps *gaps, int64_t *found)
{
    int64_t y[HOT_GAPS_ABREAST], expected[HOT_GAPS_ABREAST];
    int wrong = 0;
    bool more = true;
    for (int i = 0; i < HOT_GAPS_ABREAST; i++)
        y[i] = expected[i] = -1;
    for (int row = 0; row < LONGEST && more; row++) {
        bool expect_more = false;
        more = follow(gaps, y);
        for (int i = 0; i < HOT_GAPS_ABREAST; i++) {
            if (expected[i] < gaps->ny)
                expected[i] = plain_next(gaps, gaps->first + i, expected[i]);
            wrong += y[i] != expected[i];
            *found += expected[i] < gaps->ny;
            expect_more |= expected[i] < gaps->ny;
        }
        wrong += more != expect_more;
    }
    return wrong;
}

static void every_width_of_vectors_finds_the_same_cells(void)
{
    hot_gaps_follow *follow;
    int position = 0;
    for (; (follow = hot_gaps_way(position)); position++) {
        uint64_t dice = 5;
        int wrong = 0;
        int64_t found = 0;
        for (int batch = 0; batch < BATCHES; batch++) {
            const struct hot_gaps gaps = random_gaps(&dice);
            wrong += count_wrong(follow, &gaps, &found);
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(found > 1000000);
    }
    CU_ASSERT(position > 0);
}

/* The events must not depend on machine, compiler or version. */
static void sparse_events_of_a_seed_are_pinned(void)
{
    struct generator_config config = generated_usual();
    config.gny = 4099;
    config.probability = 0.01;
    config.zeros = false;
    struct events events = generated_make(&config);
    uint64_t hash = 0;
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        uint64_t word = (uint64_t)event->time_ms * 31 + (uint64_t)event->x * 4099 +
                        (uint64_t)event->y + (uint64_t)event->offset;
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
    }
    CU_ASSERT_EQUAL(events.count, 26264);
    CU_ASSERT_EQUAL(hash, UINT64_C(0xfb6049afb4fe4f56));
    free(events.items);
}

/* 1 - probability is 1 in double. */
static void heat_next_to_never_is_none(void)
{
    struct generator_config config = generated_usual();
    config.gny = 1000;
    config.zeros = false;
    config.probability = 1e-17;
    CU_ASSERT_EQUAL(generator_count(&config, 0), 0);
    config.probability = 4.9e-324;
    CU_ASSERT_EQUAL(generator_count(&config, 0), 0);
}

static void what_is_counted_is_what_is_told(void)
{
    static const double probabilities[] = {0, 0.001, 0.1, 0.2};
    for (int i = 0; i < 4; i++) {
        struct generator_config config = generated_usual();
        config.gny = 900;
        config.probability = probabilities[i];
        config.zeros = false;
        int64_t counted = 0;
        for (int p = 0; p < config.partitions; p++)
            counted += generator_count(&config, p);
        struct events events = generated_make(&config);
        CU_ASSERT_EQUAL(events.count, counted);
        free(events.items);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_width_of_vectors_finds_the_same_cells),
        UNIT_TEST(sparse_events_of_a_seed_are_pinned),
        UNIT_TEST(heat_next_to_never_is_none),
        UNIT_TEST(what_is_counted_is_what_is_told),
    };
    return unit_run("hot_gaps", tests, UNIT_COUNT(tests));
}
