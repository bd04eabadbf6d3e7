#include "run/deck_sources.h"

#include <string.h>

bool deck_is_embedded(const struct deck *deck)
{
    return deck->stream.source == DECK_SOURCE_KAFKA &&
           strcmp(deck->stream.brokers, "embedded") == 0;
}

bool deck_is_generated(const struct deck *deck)
{
    return deck->stream.source == DECK_SOURCE_SYNTHETIC || deck_is_embedded(deck);
}

struct generator_config generator_of_deck(const struct deck *deck, const struct event_avro *avro)
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
        .avro = avro,
    };
}

struct kafka_config kafka_of_deck(const struct deck *deck)
{
    return (struct kafka_config){
        .brokers = deck->stream.brokers,
        .topic = deck->stream.topic,
        .properties = (const char *const *)deck->stream.rdkafka.items,
        .property_pairs = deck->stream.rdkafka.count / 2,
        .token_file = deck->stream.oauth_token_file,
        .token_command = deck->stream.oauth_token_command,
    };
}

static enum status changed(const struct deck *deck, const char *key, const char *path,
                           struct error *err)
{
    return deck_error(deck, key, err, "%s has changed since the deck was read", path);
}

enum status sensors_of_deck(const struct deck *deck, struct sensors **sensors, struct error *err)
{
    struct sensors *loaded = NULL;
    const char *path = deck->stream.sensors;
    if (path)
        TRY(sensors_load(path, deck->grid.nx, deck->grid.ny, &loaded, err));
    if (path && strcmp(sensors_digest(loaded), deck->stream.sensors_digest) != 0) {
        sensors_destroy(loaded);
        return changed(deck, "stream.sensors", path, err);
    }
    *sensors = loaded;
    return STATUS_OK;
}

enum event_format format_of_deck(const struct deck *deck)
{
    static const enum event_format same[] = {[DECK_FORMAT_JSON] = EVENT_JSON,
                                             [DECK_FORMAT_BINARY] = EVENT_BINARY,
                                             [DECK_FORMAT_CSV] = EVENT_CSV,
                                             [DECK_FORMAT_AVRO] = EVENT_AVRO,
                                             [DECK_FORMAT_CONFLUENT_AVRO] = EVENT_CONFLUENT_AVRO};
    return same[deck->stream.format];
}

enum time_unit time_unit_of_deck(const struct deck *deck)
{
    static const enum time_unit same[] = {
        [DECK_TIME_AUTO] = TIME_MS, [DECK_TIME_MS] = TIME_MS, [DECK_TIME_S] = TIME_S,
        [DECK_TIME_US] = TIME_US,   [DECK_TIME_NS] = TIME_NS, [DECK_TIME_ISO8601] = TIME_ISO8601};
    return same[deck->stream.time_unit];
}

struct decoder_config decoding_of_deck(const struct deck *deck)
{
    return (struct decoder_config){
        .format = format_of_deck(deck),
        .field_time = deck->stream.field_time,
        .field_x = deck->stream.field_x,
        .field_y = deck->stream.field_y,
        .field_value = deck->stream.field_value,
        .gnx = deck->grid.nx,
        .gny = deck->grid.ny,
        .gen_limit = deck->stream.gen_limit,
        .time_unit = time_unit_of_deck(deck),
        .field_id = deck->stream.field_id,
        .avro_schema_id = deck->stream.schema_id,
        .csv_columns = (const char *const *)deck->stream.csv_columns.items,
        .csv_column_count = deck->stream.csv_columns.count,
    };
}

struct avro_fields avro_fields_of_deck(const struct deck *deck)
{
    return (struct avro_fields){
        .time = deck->stream.field_time,
        .value = deck->stream.field_value,
        .x = deck->stream.field_x,
        .y = deck->stream.field_y,
        .id = deck->stream.sensors ? deck->stream.field_id : NULL,
        .time_unit = time_unit_of_deck(deck),
        .unit_of_schema = deck->stream.time_unit == DECK_TIME_AUTO,
    };
}

enum status avro_plan_of_deck(const struct deck *deck, struct avro_plan **plan, struct error *err)
{
    const char *path = deck->stream.schema;
    struct avro_schema *schema;
    *plan = NULL;
    if (!event_format_is_avro(format_of_deck(deck)))
        return STATUS_OK;
    TRY(avro_schema_load(path, &schema, err));
    struct avro_fields fields = avro_fields_of_deck(deck);
    enum status status = strcmp(avro_schema_digest(schema), deck->stream.schema_digest) == 0
                             ? avro_plan_create(schema, &fields, plan, err)
                             : changed(deck, "stream.schema", path, err);
    avro_schema_destroy(schema);
    return status;
}

enum status event_avro_of_deck(const struct deck *deck, struct event_avro **event,
                               struct error *err)
{
    struct avro_plan *plan;
    bool plain = deck->stream.format == DECK_FORMAT_AVRO;
    *event = NULL;
    if (deck->gen.csv)
        return deck_error(deck, "gen.csv", err,
                          "only `heatstream gen` sends these rows; a run reads such a file by "
                          "itself, with stream.source: file and stream.files");
    TRY(avro_plan_of_deck(deck, &plan, err));
    if (!plan)
        return STATUS_OK;
    enum status status = event_avro_create(plan, deck->stream.schema,
                                           plain ? EVENT_AVRO_PLAIN : deck->stream.schema_id,
                                           deck->gen.value, event, err);
    avro_plan_destroy(plan);
    return status;
}
