/* A generator's configuration and all its events, for the tests of the generator. */
#ifndef HEATSTREAM_TESTS_GENERATED_H
#define HEATSTREAM_TESTS_GENERATED_H

#include "unit.h"
#include "wire/generator.h"

static inline struct generator_config generated_usual(void)
{
    return (struct generator_config){.gnx = 13,
                                     .gny = 7,
                                     .partitions = 4,
                                     .seed = 42,
                                     .start_ms = 1700000000000,
                                     .step_ms = 100,
                                     .steps = 50,
                                     .probability = 0.3,
                                     .value = 2.5,
                                     .zeros = true};
}

struct events {
    struct generated *items;
    int64_t count;
};

static inline struct events generated_take(struct generator *generator)
{
    struct events events = {0};
    int64_t capacity = 0;
    struct generated event;
    while (generator_next(generator, &event)) {
        if (events.count == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            events.items = realloc(events.items, (size_t)capacity * sizeof event);
        }
        events.items[events.count++] = event;
    }
    generator_destroy(generator);
    return events;
}

static inline struct events generated_make(const struct generator_config *config)
{
    return generated_take(generator_create(config));
}

#endif
