/* Generated events as Avro: what is written is read back, in any schema that can hold it. */
#include <math.h>

#include "avro_fixture.h"
#include "wire/event_avro.h"
#include "wire/generator.h"

static struct event_avro *writer_of(const char *schema, const struct avro_fields *fields,
                                    int64_t schema_id, double value)
{
    struct event_avro *event = NULL;
    struct avro_plan *plan = fixture_plan(schema, fields);
    if (!plan)
        fprintf(stderr, "refused: %s\n", fixture_error.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    enum status status =
        event_avro_create(plan, "event.avsc", schema_id, value, &event, &fixture_error);
    CU_ASSERT(status == STATUS_OK || status == STATUS_BAD_DECK);
    CU_ASSERT_EQUAL(status == STATUS_OK, event != NULL);
    avro_plan_destroy(plan);
    return event;
}

static void check_round_trip(const char *schema, const struct avro_fields *fields)
{
    static const struct generated events[] = {
        {.time_ms = 0, .x = 0, .y = 0, .value = 0},
        {.time_ms = -1, .x = 39, .y = 29, .value = 2.5},
        {.time_ms = 1767225600123, .x = 7, .y = 0, .value = 2.5},
        {.time_ms = -9223372036854775, .x = 1, .y = 2, .value = 0}};
    struct event_avro *event = writer_of(schema, fields, EVENT_AVRO_PLAIN, 2.5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    struct decoder *decoder = fixture_decoder(schema, fields);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct buffer body = {0};
        event_avro_put(event, &events[i], &body);
        struct record record = fixture_decode(decoder, &body);
        CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
        CU_ASSERT_EQUAL(record.time_ms, events[i].time_ms);
        CU_ASSERT_EQUAL(record.cell, events[i].x * FIXTURE_GNY + events[i].y);
        CU_ASSERT_EQUAL(record.rate, events[i].value);
        buffer_release(&body);
    }
    decoder_destroy(decoder);
    event_avro_destroy(event);
}

static void what_is_written_is_read_back(void)
{
    static const char *const schemas[] = {
        FIXTURE_PLAIN,
        FIXTURE_RECORD(
            "{'name': 'gen', 'type': ['null', 'float']}, {'name': 'gridY', 'type': 'long'}, "
            "{'name': 'gridX', 'type': ['string', 'long', 'int']}, {'name': 'time', 'type': "
            "{'type': 'long', 'logicalType': 'timestamp-micros'}}"),
        FIXTURE_WITH("['string', 'null']"),
        FIXTURE_WITH("['double', 'string']"),
        FIXTURE_WITH("['null', 'Event']"),
        FIXTURE_WITH("{'type': 'array', 'items': 'Event'}"),
        FIXTURE_WITH("{'type': 'map', 'values': 'Event'}"),
        FIXTURE_WITH("{'type': 'fixed', 'name': 'F', 'size': 4000}"),
        FIXTURE_WITH("{'type': 'enum', 'name': 'K', 'symbols': ['A', 'B']}"),
        FIXTURE_WITH(
            "{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': 'float'}, {'name': "
            "'b', 'type': 'boolean'}, {'name': 'c', 'type': 'double'}, {'name': 'd', 'type': "
            "'bytes'}, {'name': 'e', 'type': 'int'}]}"),
    };
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        check_round_trip(schemas[i], &fixture_usual);
}

static void fields_inside_of_records_and_unions_are_written(void)
{
    static const struct avro_fields deep = {
        .time = "in.time", .x = "in.x", .y = "in.y", .value = "gen", .unit_of_schema = true};
    check_round_trip(
        FIXTURE_RECORD(
            "{'name': 'in', 'type': ['null', {'type': 'record', 'name': 'Half', 'fields': "
            "[{'name': 'time', 'type': 'long'}]}, {'type': 'record', 'name': 'Whole', 'fields': "
            "[{'name': 'y', 'type': 'int'}, {'name': 'time', 'type': 'long'}, {'name': 'x', "
            "'type': 'int'}]}]}, {'name': 'gen', 'type': 'double'}"),
        &deep);
}

static void the_bytes_are_those_of_the_specification(void)
{
    static const uint8_t expected[] = {0, 1, 2, 3, 4, 0x9a, 0x01, 6,   8,
                                       0, 0, 0, 0, 0, 0,    0xF8, 0x3F};
    struct event_avro *event = writer_of(FIXTURE_PLAIN, &fixture_usual, 0x01020304, 1.5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    struct buffer body = {0};
    event_avro_put(event, &(struct generated){.time_ms = 77, .x = 3, .y = 4, .value = 1.5}, &body);
    CU_ASSERT(body.size == sizeof expected && memcmp(body.data, expected, body.size) == 0);
    buffer_release(&body);
    event_avro_destroy(event);
}

static void check_refused(const char *schema, const struct avro_fields *fields, double value,
                          const char *said)
{
    char expected[512];
    struct event_avro *event = writer_of(schema, fields, EVENT_AVRO_PLAIN, value);
    snprintf(expected, sizeof expected, "event.avsc: events cannot be generated: %s", said);
    CU_ASSERT_PTR_NULL(event);
    CU_ASSERT_STRING_EQUAL(fixture_error.text, expected);
    event_avro_destroy(event);
}

#define VALUE(type) FIXTURE_TYPES("'long'", type)

static void a_value_its_type_cannot_hold_is_refused(void)
{
    const char *of_float = "the type float of the value does not hold 0.1 exactly";
    check_refused(VALUE("'float'"), &fixture_usual, 0.1, of_float);
    check_refused(VALUE("'float'"), &fixture_usual, 1e300,
                  "the type float of the value does not hold 1e+300 exactly");
    check_refused(VALUE("'int'"), &fixture_usual, 0.5,
                  "the type int of the value does not hold 0.5 exactly");
    check_refused(VALUE("'int'"), &fixture_usual, 2147483648.0,
                  "the type int of the value does not hold 2147483648 exactly");
    check_refused(VALUE("'long'"), &fixture_usual, 9223372036854775808.0,
                  "the type long of the value does not hold 9.223372036854776e+18 exactly");
    static const struct {
        const char *type;
        double value;
    } held[] = {{"'int'", -2147483648.0},
                {"'long'", -9223372036854775808.0},
                {"'float'", 0.25},
                {"'double'", 0.1}};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        char schema[512];
        snprintf(schema, sizeof schema, VALUE("%s"), held[i].type);
        struct event_avro *event =
            writer_of(schema, &fixture_usual, EVENT_AVRO_PLAIN, held[i].value);
        CU_ASSERT_PTR_NOT_NULL(event);
        event_avro_destroy(event);
    }
}

static void an_event_that_cannot_be_written_is_refused(void)
{
    static const struct avro_fields named = {
        .time = "time", .id = "gridX", .value = "gen", .unit_of_schema = true};
    static const struct avro_fields deep = {
        .time = "in.time", .x = "in.x", .y = "in.y", .value = "gen", .unit_of_schema = true};
    check_refused(FIXTURE_PLAIN, &named, 1, "they name cells, not sensors");
    check_refused(FIXTURE_RECORD(
                      "{'name': 'time', 'type': 'int'}, {'name': 'gridX', 'type': 'int'}, {'name': "
                      "'gridY', 'type': 'int'}, {'name': 'gen', 'type': 'double'}"),
                  &fixture_usual, 1, "their times are longs in ms or us");
    check_refused(FIXTURE_WITH("'Event'"), &fixture_usual, 1,
                  "a record contains itself without an end");
    check_refused(FIXTURE_WITH("{'type': 'fixed', 'name': 'F', 'size': 4097}"), &fixture_usual, 1,
                  "an event takes more than 4 KiB");
    check_refused(FIXTURE_WITH("{'type': 'fixed', 'name': 'F', 'size': 9223372036854775807}"),
                  &fixture_usual, 1, "an event takes more than 4 KiB");
    check_refused(
        FIXTURE_RECORD(
            "{'name': 'in', 'type': [{'type': 'record', 'name': 'A', 'fields': [{'name': 'time', "
            "'type': 'long'}]}, {'type': 'record', 'name': 'B', 'fields': [{'name': 'x', 'type': "
            "'int'}, {'name': 'y', 'type': 'int'}]}]}, {'name': 'gen', 'type': 'double'}"),
        &deep, 1, "no branch of a union has all the fields the others have");
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_is_written_is_read_back),
        UNIT_TEST(fields_inside_of_records_and_unions_are_written),
        UNIT_TEST(the_bytes_are_those_of_the_specification),
        UNIT_TEST(a_value_its_type_cannot_hold_is_refused),
        UNIT_TEST(an_event_that_cannot_be_written_is_refused),
    };
    return unit_run("event_avro", tests, UNIT_COUNT(tests));
}
