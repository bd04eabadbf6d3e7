#include "run/deck_sources.h"

#include <string.h>

bool deck_is_embedded(const struct deck *deck)
{
    return deck->stream.source == DECK_SOURCE_KAFKA &&
           strcmp(deck->stream.brokers, "embedded") == 0;
}

struct generator_config generator_of_deck(const struct deck *deck)
{
    return (struct generator_config){
        .gnx = deck->grid.nx,
        .gny = deck->grid.ny,
        .partitions = (int)deck->gen.partitions,
        .partition_by_key = deck->gen.partition_by == DECK_BY_KEY,
        .seed = (uint64_t)deck->gen.seed,
        .start_ms = deck->gen.start_ms,
        .step_ms = deck->gen.step_ms,
        .steps = deck->gen.steps,
        .probability = deck->gen.probability,
        .value = deck->gen.value,
        .zeros = deck->gen.zeros,
        .jitter_ms = deck->gen.jitter_ms,
        .delay_ms = deck->gen.delay_ms,
        .dropout = deck->gen.dropout,
        .duplicates = deck->gen.duplicates,
        .field_time = deck->stream.field_time,
        .field_x = deck->stream.field_x,
        .field_y = deck->stream.field_y,
        .field_value = deck->stream.field_value,
    };
}

struct kafka_config kafka_of_deck(const struct deck *deck)
{
    return (struct kafka_config){
        .brokers = deck->stream.brokers,
        .topic = deck->stream.topic,
        .properties = (const char *const *)deck->stream.rdkafka.items,
        .property_pairs = deck->stream.rdkafka.count / 2,
    };
}

enum status sensors_of_deck(const struct deck *deck, struct sensors **sensors, struct error *err)
{
    struct sensors *loaded = NULL;
    const char *path = deck->stream.sensors;
    if (path)
        TRY(sensors_load(path, deck->grid.nx, deck->grid.ny, &loaded, err));
    if (path && strcmp(sensors_digest(loaded), deck->stream.sensors_digest) != 0) {
        sensors_destroy(loaded);
        return deck_error(deck, "stream.sensors", err, "%s has changed since the deck was read",
                          path);
    }
    *sensors = loaded;
    return STATUS_OK;
}
