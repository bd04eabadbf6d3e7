/* What must hold of Avro schemas and bodies for any bytes at all; abort() where it does not. */
#ifndef HEATSTREAM_TESTS_FUZZ_AVRO_CHECKS_H
#define HEATSTREAM_TESTS_FUZZ_AVRO_CHECKS_H

#include "checks.h"
#include "wire/event_avro.h"
#include "wire/generator.h"

/* Every kind of type, a list and a tree that contain themselves, and fields at all depths. */
static const char check_schema_text[] =
    "{\"type\":\"record\",\"name\":\"h.Event\",\"fields\":[{\"name\":\"more\","
    "\"type\":[\"null\",\"boolean\",\"int\",\"long\",\"float\",\"double\",\"bytes\",\"string\","
    "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3},{\"type\":\"enum\",\"name\":\"K\","
    "\"symbols\":[\"A\",\"B\"]},{\"type\":\"array\",\"items\":\"Event\"},{\"type\":\"map\","
    "\"values\":[\"null\",\"F\"]},{\"type\":\"record\",\"name\":\"L\","
    "\"fields\":[{\"name\":\"n\",\"type\":[\"L\",\"null\"]}]}]},{\"name\":\"nothing\","
    "\"type\":{\"type\":\"array\",\"items\":\"null\"}},{\"name\":\"at\","
    "\"type\":[{\"type\":\"record\",\"name\":\"At\",\"fields\":[{\"name\":\"time\","
    "\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},{\"name\":\"id\","
    "\"type\":[\"string\",\"int\"]},{\"name\":\"gridX\",\"type\":\"int\"}]},\"null\"]},"
    "{\"name\":\"gridY\",\"type\":[\"long\",\"int\"]},{\"name\":\"gen\",\"type\":[\"double\","
    "\"float\",\"int\"]}]}";

static const struct avro_fields check_cell_fields = {
    .time = "at.time", .x = "at.gridX", .y = "gridY", .value = "gen", .unit_of_schema = true};
static const struct avro_fields check_id_fields = {
    .time = "at.time", .id = "at.id", .value = "gen", .time_unit = TIME_S};

static inline struct avro_plan *check_plan(const char *text, const struct avro_fields *fields)
{
    struct avro_schema *schema;
    struct avro_plan *plan;
    struct error err;
    check_that(avro_schema_parse("t", (const uint8_t *)text, strlen(text), &schema, &err) ==
               STATUS_OK);
    check_that(avro_plan_create(schema, fields, &plan, &err) == STATUS_OK);
    avro_schema_destroy(schema);
    return plan;
}

static inline struct decoder *check_avro_decoder(struct avro_plan *plan, enum event_format format,
                                                 bool by_id)
{
    struct decoder_config config = check_config(format, TIME_MS);
    config.avro = plan;
    config.avro_schema_id = 0x01020304;
    if (by_id)
        config.sensors = check_table();
    return decoder_create(&config);
}

/* What is an event is none with a byte more or less. */
static inline struct record check_body(const struct decoder *decoder, const uint8_t *data,
                                       size_t size)
{
    static struct buffer longer;
    struct record record = check_decode(decoder, NULL, 0, data, size);
    if (record.verdict == FATE_UNDECODABLE)
        return record;
    buffer_clear(&longer);
    buffer_append(&longer, data, size);
    buffer_put_u8(&longer, 0);
    check_that(check_decode(decoder, NULL, 0, longer.data, longer.size).verdict ==
               FATE_UNDECODABLE);
    check_that(check_decode(decoder, NULL, 0, data, size - 1).verdict == FATE_UNDECODABLE);
    return record;
}

/* The Confluent form is the plain one behind its five bytes, and nothing behind others. */
static inline void check_avro(const uint8_t *data, size_t size)
{
    static struct decoder *plain, *named, *confluent;
    static struct buffer framed;
    static const uint8_t prefix[] = {0, 1, 2, 3, 4};
    if (!plain) {
        plain = check_avro_decoder(check_plan(check_schema_text, &check_cell_fields), EVENT_AVRO,
                                   false);
        named =
            check_avro_decoder(check_plan(check_schema_text, &check_id_fields), EVENT_AVRO, true);
        confluent = check_avro_decoder(check_plan(check_schema_text, &check_cell_fields),
                                       EVENT_CONFLUENT_AVRO, false);
    }
    struct record record = check_body(plain, data, size);
    check_body(named, data, size);
    buffer_clear(&framed);
    buffer_append(&framed, prefix, sizeof prefix);
    buffer_append(&framed, data, size);
    struct record same = check_body(confluent, framed.data, framed.size);
    check_that(check_equal(&record, &same));
    framed.data[4]++;
    check_that(check_body(confluent, framed.data, framed.size).verdict == FATE_UNDECODABLE);
    check_body(confluent, data, size);
}

/* What is written by a plan is read by it. */
static inline void check_written(const struct avro_plan *plan, const struct decoder *decoder)
{
    static struct buffer body;
    struct generated event = {.time_ms = -77, .x = 3, .y = 15, .value = 2};
    struct event_avro *writer;
    struct error err;
    if (event_avro_create(plan, "t", EVENT_AVRO_PLAIN, 2, &writer, &err) != STATUS_OK) {
        check_that(strncmp(err.text, "t: ", 3) == 0);
        return;
    }
    buffer_clear(&body);
    event_avro_put(writer, &event, &body);
    struct record record = check_body(decoder, body.data, body.size);
    check_that(record.verdict == FATE_ON_TIME && record.time_ms == -77 && record.rate == 2);
    check_that(record.cell == 3 * CHECK_GRID + 15);
    event_avro_destroy(writer);
}

static inline void check_fields(const struct avro_schema *schema, const struct avro_fields *fields,
                                const uint8_t *body, size_t size)
{
    struct avro_plan *plan, *again;
    struct error err;
    if (avro_plan_create(schema, fields, &plan, &err) != STATUS_OK) {
        check_that(strncmp(err.text, "t: ", 3) == 0);
        return;
    }
    check_that(avro_plan_create(schema, fields, &again, &err) == STATUS_OK);
    struct decoder *decoder = check_avro_decoder(plan, EVENT_AVRO, fields->id != NULL);
    check_body(decoder, body, size);
    check_written(again, decoder);
    avro_plan_destroy(again);
    decoder_destroy(decoder);
}

/* A schema to the first byte 0, or to the end, then a body. */
static inline void check_avro_schema(const uint8_t *data, size_t size)
{
    static const struct avro_fields flat = {
        .time = "time", .x = "gridX", .y = "gridY", .value = "gen", .unit_of_schema = true};
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t text_size = end ? (size_t)(end - data) : size;
    const uint8_t *body = end ? end + 1 : data + size;
    struct avro_schema *schema;
    struct error err;
    if (avro_schema_parse("t", data, text_size, &schema, &err) != STATUS_OK) {
        check_that(strncmp(err.text, "t:", 2) == 0);
        return;
    }
    check_fields(schema, &flat, body, size - (size_t)(body - data));
    check_fields(schema, &check_cell_fields, body, size - (size_t)(body - data));
    check_fields(schema, &check_id_fields, body, size - (size_t)(body - data));
    avro_schema_destroy(schema);
}

#endif
