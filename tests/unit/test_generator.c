#include <string.h>

#include "generated.h"

static struct generator_config stormy(void)
{
    struct generator_config config = generated_usual();
    config.jitter_ms = 40;
    config.delay_ms = 150;
    config.dropout = 0.1;
    config.duplicates = 0.2;
    return config;
}

static bool same_event(const struct generated *a, const struct generated *b)
{
    return a->partition == b->partition && a->offset == b->offset && a->time_ms == b->time_ms &&
           a->x == b->x && a->y == b->y && a->value == b->value && a->step == b->step;
}

static bool same_events(const struct events *a, const struct events *b)
{
    if (a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++)
        if (!same_event(&a->items[i], &b->items[i]))
            return false;
    return true;
}

static void same_configuration_gives_the_same_events(void)
{
    struct generator_config config = stormy();
    struct events a = generated_make(&config), b = generated_make(&config);
    CU_ASSERT(a.count > 4000);
    CU_ASSERT(same_events(&a, &b));
    free(b.items);
    config.seed++;
    b = generated_make(&config);
    CU_ASSERT_FALSE(same_events(&a, &b));
    free(a.items);
    free(b.items);
}

/* The events must not depend on machine, compiler or version. */
static void events_of_a_seed_are_pinned(void)
{
    struct generator_config config = stormy();
    struct events events = generated_make(&config);
    uint64_t hash = 0;
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        uint64_t word = (uint64_t)event->time_ms * 31 + (uint64_t)event->x * 7 +
                        (uint64_t)event->y * 3 + (uint64_t)event->step + (event->value > 0);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
    }
    CU_ASSERT_EQUAL(events.count, 5001);
    CU_ASSERT_EQUAL(hash, UINT64_C(0x320949f2265f84dc));
    free(events.items);
}

static int count_part_differences(const struct generator_config *config)
{
    struct events whole = generated_make(config);
    int different = 0;
    for (int p = 0; p < config->partitions; p++) {
        struct events part = generated_take(generator_create_part(config, p));
        int64_t at = 0;
        for (int64_t i = 0; i < whole.count; i++)
            if (whole.items[i].partition == p)
                different += at >= part.count || !same_event(&whole.items[i], &part.items[at++]);
        different += at != part.count || at == 0;
        different += generator_count(config, p) != part.count;
        free(part.items);
    }
    free(whole.items);
    return different;
}

static void partition_made_alone_equals_that_of_the_whole(void)
{
    struct generator_config config = stormy();
    CU_ASSERT_EQUAL(count_part_differences(&config), 0);
    config.partition_by_key = true;
    CU_ASSERT_EQUAL(count_part_differences(&config), 0);
    config.zeros = false;
    config.probability = 0.05;
    CU_ASSERT_EQUAL(count_part_differences(&config), 0);
    config = generated_usual();
    CU_ASSERT_EQUAL(count_part_differences(&config), 0);
    config.partition_by_key = true;
    CU_ASSERT_EQUAL(count_part_differences(&config), 0);
}

static int count_skip_differences(const struct generator_config *config)
{
    struct events part = generated_take(generator_create_part(config, 2));
    int different = 0;
    for (int64_t skipped = 0; skipped <= part.count; skipped += 37) {
        struct generator *generator = generator_create_part(config, 2);
        generator_skip(generator, skipped);
        struct events rest = generated_take(generator);
        struct events expected = {part.items + skipped, part.count - skipped};
        different += !same_events(&rest, &expected);
        free(rest.items);
    }
    free(part.items);
    return different;
}

static void skipped_events_leave_the_others_as_they_were(void)
{
    struct generator_config config = generated_usual();
    CU_ASSERT_EQUAL(count_skip_differences(&config), 0);
    config.partition_by_key = true;
    CU_ASSERT_EQUAL(count_skip_differences(&config), 0);
    config = stormy();
    CU_ASSERT_EQUAL(count_skip_differences(&config), 0);
    config.delay_ms = 0;
    CU_ASSERT_EQUAL(count_skip_differences(&config), 0);
}

static void offsets_are_dense_and_steps_do_not_fall(void)
{
    struct generator_config config = stormy();
    struct events events = generated_make(&config);
    int64_t next[4] = {0}, step = 0;
    int wrong = 0;
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        wrong += event->offset != next[event->partition]++;
        wrong += event->step < step;
        wrong += event->partition != event->x * 4 / 13;
        step = event->step;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(events.items);
}

static void without_chance_every_sensor_speaks_once_a_step(void)
{
    struct generator_config config = generated_usual();
    struct events events = generated_make(&config);
    int seen[50][13][7] = {0}, wrong = 0;
    CU_ASSERT_EQUAL(events.count, 50 * 13 * 7);
    for (int64_t i = 0; i < events.count; i++) {
        const struct generated *event = &events.items[i];
        wrong += event->time_ms != 1700000000000 + event->step * 100;
        wrong += event->value != 0 && event->value != 2.5;
        wrong += seen[event->step][event->x][event->y]++ != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(events.items);
}

static void silent_sensors_leave_the_same_hot_events(void)
{
    static const double probabilities[] = {0.02, 0.3, 1};
    for (int i = 0; i < 3; i++) {
        struct generator_config config = generated_usual();
        config.probability = probabilities[i];
        struct events all = generated_make(&config);
        config.zeros = false;
        struct events hot = generated_make(&config);
        int64_t at = 0;
        int wrong = 0;
        for (int64_t j = 0; j < all.count; j++)
            if (all.items[j].value != 0) {
                struct generated expected = all.items[j];
                expected.offset = hot.items[at].offset;
                wrong += at >= hot.count || !same_event(&expected, &hot.items[at++]);
            }
        CU_ASSERT(at == hot.count && at > 0);
        CU_ASSERT_EQUAL(wrong, 0);
        free(all.items);
        free(hot.items);
    }
}

static void delays_of_many_steps_keep_every_event(void)
{
    struct generator_config config = generated_usual();
    config.step_ms = 1;
    config.delay_ms = 5000;
    struct events events = generated_make(&config);
    int64_t step = 0;
    CU_ASSERT_EQUAL(events.count, 50 * 13 * 7);
    for (int64_t i = 0; i < events.count; i++) {
        CU_ASSERT_FATAL(events.items[i].step >= step);
        step = events.items[i].step;
    }
    CU_ASSERT(step > 20000);
    free(events.items);
}

/* Events that are due at the same time leave in the order of their making. */
static void delays_too_short_to_tell_keep_the_order(void)
{
    static const int64_t sizes[] = {3,
                                    13}; /* few events a step are sorted in another way than many */
    for (int i = 0; i < 2; i++) {
        struct generator_config config = generated_usual();
        config.gnx = config.partitions = (int)sizes[i];
        struct events at_once = generated_make(&config);
        config.delay_ms = 1e-9;
        struct events delayed = generated_make(&config);
        CU_ASSERT(same_events(&at_once, &delayed));
        free(at_once.items);
        free(delayed.items);
    }
}

static void sensors_that_never_speak_end_the_stream(void)
{
    struct generator_config config = generated_usual();
    struct generated event;
    config.steps = 0;
    CU_ASSERT_EQUAL(generator_count(&config, 0), INT64_MAX);
    config.zeros = false;
    config.probability = 0;
    CU_ASSERT_EQUAL(generator_count(&config, 0), 0);
    struct generator *generator = generator_create(&config);
    CU_ASSERT_FALSE(generator_next(generator, &event));
    generator_destroy(generator);
    config.probability = 1;
    config.partitions = 20; /* more than columns: some have none */
    int64_t empty = 0;
    for (int p = 0; p < 20; p++)
        empty += generator_count(&config, p) == 0;
    CU_ASSERT_EQUAL(empty, 7);
}

static void time_that_leaves_int64_stays_at_its_end(void)
{
    struct generator_config config = generated_usual();
    config.start_ms = INT64_MAX - 150;
    struct events events = generated_make(&config);
    CU_ASSERT_EQUAL(events.items[events.count - 1].time_ms, INT64_MAX);
    free(events.items);
}

static bool encodes_as(const struct generator_config *config, const struct generated *event,
                       const char *expected)
{
    struct buffer key = {0}, value = {0};
    struct generator *generator = generator_create(config);
    generator_encode(generator, event, EVENT_JSON, &key, &value);
    bool equal = key.size == 0 && value.size == strlen(expected) &&
                 memcmp(value.data, expected, value.size) == 0;
    if (!equal)
        fprintf(stderr, "%.*s\n", (int)value.size, (const char *)value.data);
    buffer_release(&key);
    buffer_release(&value);
    generator_destroy(generator);
    return equal;
}

static void json_text_is_the_shortest_and_names_are_the_decks(void)
{
    struct generator_config config = generated_usual();
    config.value = 0.1;
    struct generated event = {.time_ms = -5, .x = 12, .y = 0, .value = 0.1};
    CU_ASSERT(encodes_as(&config, &event, "{\"time\":-5,\"gridX\":12,\"gridY\":0,\"gen\":0.1}"));
    event.value = 0;
    CU_ASSERT(encodes_as(&config, &event, "{\"time\":-5,\"gridX\":12,\"gridY\":0,\"gen\":0.0}"));
    event.value = 1.0 / 3;
    event.time_ms = INT64_MIN;
    config.field_time = "t\"\n";
    config.field_value = "\\";
    CU_ASSERT(encodes_as(&config, &event,
                         "{\"t\\\"\\u000a\":-9223372036854775808,\"gridX\":12,\"gridY\":0,"
                         "\"\\\\\":0.3333333333333333}"));
}

static void binary_is_big_endian(void)
{
    static const uint8_t expected_key[] = {0, 0, 0, 1, 0, 0, 1, 2};
    static const uint8_t expected[] = {0, 0, 0, 0, 0, 0, 1, 0, 0xBF, 0xF8, 0, 0, 0, 0, 0, 0};
    struct generator_config config = generated_usual();
    struct generated event = {.time_ms = 256, .x = 1, .y = 258, .value = -1.5};
    struct buffer key = {0}, value = {0};
    struct generator *generator = generator_create(&config);
    generator_encode(generator, &event, EVENT_BINARY, &key, &value);
    CU_ASSERT(key.size == 8 && memcmp(key.data, expected_key, 8) == 0);
    CU_ASSERT(value.size == 16 && memcmp(value.data, expected, 16) == 0);
    buffer_release(&key);
    buffer_release(&value);
    generator_destroy(generator);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(same_configuration_gives_the_same_events),
        UNIT_TEST(events_of_a_seed_are_pinned),
        UNIT_TEST(partition_made_alone_equals_that_of_the_whole),
        UNIT_TEST(skipped_events_leave_the_others_as_they_were),
        UNIT_TEST(offsets_are_dense_and_steps_do_not_fall),
        UNIT_TEST(without_chance_every_sensor_speaks_once_a_step),
        UNIT_TEST(silent_sensors_leave_the_same_hot_events),
        UNIT_TEST(delays_of_many_steps_keep_every_event),
        UNIT_TEST(delays_too_short_to_tell_keep_the_order),
        UNIT_TEST(sensors_that_never_speak_end_the_stream),
        UNIT_TEST(time_that_leaves_int64_stays_at_its_end),
        UNIT_TEST(json_text_is_the_shortest_and_names_are_the_decks),
        UNIT_TEST(binary_is_big_endian),
    };
    return unit_run("generator", tests, UNIT_COUNT(tests));
}
