/* The fields of Avro events: every type a time, a cell, a rate and an identifier may have. */
#include "avro_fixture.h"

#define EVENT_WITH_TIME(type) FIXTURE_TYPES(type, "'double'")
#define EVENT_WITH_VALUE(type) FIXTURE_TYPES("'long'", type)
#define EVENT_WITH_ID(type)                                                                        \
    FIXTURE_RECORD("{'name': 'time', 'type': 'long'}, {'name': 'id', 'type': " type                \
                   "}, {'name': 'gen', 'type': 'double'}")

struct instant {
    int64_t written, time_ms;
};

static void check_times(const char *schema, const struct avro_fields *fields,
                        const struct instant *cases, size_t count)
{
    struct decoder *decoder = fixture_decoder(schema, fields);
    for (size_t i = 0; i < count; i++) {
        struct buffer body = {0};
        put_whole(&body, cases[i].written);
        put_rest(&body);
        struct record record = fixture_decode(decoder, &body);
        CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
        CU_ASSERT_EQUAL(record.time_ms, cases[i].time_ms);
        buffer_release(&body);
    }
    decoder_destroy(decoder);
}

#define LOGICAL(type, logical) "{'type': '" type "', 'logicalType': '" logical "'}"
#define CHECK_TIMES(schema, fields, ...)                                                           \
    check_times(schema, fields, (const struct instant[]){__VA_ARGS__},                             \
                sizeof((const struct instant[]){__VA_ARGS__}) / sizeof(struct instant))

static void times_are_in_the_unit_of_the_schema(void)
{
    CHECK_TIMES(EVENT_WITH_TIME("'long'"), &fixture_usual, {INT64_MIN, INT64_MIN},
                {INT64_MAX, INT64_MAX}, {-1, -1});
    CHECK_TIMES(EVENT_WITH_TIME("'int'"), &fixture_usual, {INT32_MIN, INT32_MIN},
                {INT32_MAX, INT32_MAX});
    CHECK_TIMES(EVENT_WITH_TIME(LOGICAL("long", "timestamp-millis")), &fixture_usual, {7, 7});
    CHECK_TIMES(EVENT_WITH_TIME(LOGICAL("long", "timestamp-micros")), &fixture_usual, {7999, 7},
                {-1, -1}, {-1000, -1}, {-1001, -2}, {INT64_MIN, -9223372036854776});
    CHECK_TIMES(EVENT_WITH_TIME(LOGICAL("long", "timestamp-nanos")), &fixture_usual, {7999999, 7},
                {-1, -1}, {-1000000, -1}, {INT64_MAX, 9223372036854});
}

static void the_decks_unit_overrides_the_schemas(void)
{
    struct avro_fields fields = fixture_usual;
    fields.unit_of_schema = false;
    fields.time_unit = TIME_MS;
    CHECK_TIMES(EVENT_WITH_TIME(LOGICAL("long", "timestamp-micros")), &fields, {1999, 1999});
    fields.time_unit = TIME_NS;
    CHECK_TIMES(EVENT_WITH_TIME(LOGICAL("long", "date")), &fields, {1999999, 1});
    fields.time_unit = TIME_S;
    CHECK_TIMES(EVENT_WITH_TIME("'int'"), &fields, {-3, -3000}, {INT32_MAX, 2147483647000});
    CHECK_TIMES(EVENT_WITH_TIME("'long'"), &fields, {-9223372036854775, -9223372036854775000});
    struct decoder *decoder = fixture_decoder(EVENT_WITH_TIME("'long'"), &fields);
    struct buffer body = {0};
    put_whole(&body, 9223372036854776);
    put_rest(&body);
    CU_ASSERT_EQUAL(fixture_decode(decoder, &body).verdict, FATE_UNDECODABLE);
    buffer_release(&body);
    decoder_destroy(decoder);
}

static void texts_are_instants_where_the_deck_says_so(void)
{
    struct avro_fields fields = fixture_usual;
    fields.unit_of_schema = false;
    fields.time_unit = TIME_ISO8601;
    struct decoder *decoder = fixture_decoder(EVENT_WITH_TIME("'string'"), &fields);
    static const char *const texts[] = {"1970-01-01T00:00:00.077999Z", "1970-01-01T00:00:00.077",
                                        "", "1970-01-01T00:00:00.077Zx"};
    for (int i = 0; i < 4; i++) {
        struct buffer body = {0};
        put_text(&body, texts[i]);
        put_rest(&body);
        struct record record = fixture_decode(decoder, &body);
        CU_ASSERT_EQUAL(is_the_event(&record), i == 0);
        CU_ASSERT_EQUAL(record.verdict, i == 0 ? FATE_ON_TIME : FATE_UNDECODABLE);
        buffer_release(&body);
    }
    decoder_destroy(decoder);
}

static void check_value(const char *schema, const char *hex, enum fate verdict, double rate)
{
    struct decoder *decoder = fixture_decoder(schema, &fixture_usual);
    struct buffer body = {0};
    struct record record;
    put_hex(&body, "9a 01 06 08");
    put_hex(&body, hex);
    record = fixture_decode(decoder, &body);
    CU_ASSERT_EQUAL(record.verdict, verdict);
    CU_ASSERT(verdict != FATE_ON_TIME || record.rate == rate);
    buffer_release(&body);
    decoder_destroy(decoder);
}

static void rates_are_of_any_type_of_number(void)
{
    check_value(EVENT_WITH_VALUE("'double'"), "9a 99 99 99 99 99 b9 3f", FATE_ON_TIME, 0.1);
    check_value(EVENT_WITH_VALUE("'float'"), "cd cc cc 3d", FATE_ON_TIME, (double)0.1f);
    check_value(EVENT_WITH_VALUE("'int'"), "07", FATE_ON_TIME, -4.0);
    check_value(EVENT_WITH_VALUE("'long'"), "82 80 80 80 80 80 80 80 80 01", FATE_OUT_OF_RANGE, 0);
    check_value(EVENT_WITH_VALUE("'long'"), "82 80 80 80 20", FATE_ON_TIME, 4294967297.0);
    check_value(EVENT_WITH_VALUE("['int', 'double']"), "00 02", FATE_ON_TIME, 1.0);
    check_value(EVENT_WITH_VALUE("['int', 'double']"), "02 00 00 00 00 00 00 f8 3f", FATE_ON_TIME,
                1.5);
    check_value(EVENT_WITH_VALUE("'float'"), "00 00 c0 7f", FATE_NOT_FINITE, 0);
    check_value(EVENT_WITH_VALUE("'float'"), "00 00 80 ff", FATE_NOT_FINITE, 0);
    check_value(EVENT_WITH_VALUE("'double'"), "00 00 00 00 00 00 f0 7f", FATE_NOT_FINITE, 0);
    check_value(EVENT_WITH_VALUE("'double'"), "00 00 00 00 00 00 f0 7e", FATE_OUT_OF_RANGE, 0);
}

static void a_cell_outside_of_the_grid_is_out_of_range(void)
{
    static const char *const schema = FIXTURE_RECORD(
        "{'name': 'time', 'type': 'long'}, {'name': 'gridX', 'type': 'long'}, {'name': "
        "'gridY', 'type': 'long'}, {'name': 'gen', 'type': 'int'}");
    static const char *const outside[] = {"9a 01 50 00 00", "9a 01 00 3c 00", "9a 01 01 00 00",
                                          "9a 01 80 80 80 80 80 80 80 80 80 01 00 00",
                                          "9a 01 fe ff ff ff ff ff ff ff ff 01 00 00"};
    struct decoder *decoder = fixture_decoder(schema, &fixture_usual);
    struct record record;
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        CU_ASSERT_EQUAL(fixture_decode_hex(decoder, outside[i], false, &record), FATE_OUT_OF_RANGE);
        CU_ASSERT(record.has_time && record.time_ms == 77);
    }
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "9a 01 4e 3a 00", false, &record), FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.cell, FIXTURE_GNX * FIXTURE_GNY - 1);
    decoder_destroy(decoder);
}

static struct decoder *decoder_of_sensors(const char *schema)
{
    static const struct avro_fields fields = {
        .time = "time", .id = "id", .value = "gen", .unit_of_schema = true};
    static const char table[] = "id,x,y,gain,offset\nrack7,3,4,0.5,1\n-7,1,2,1,0\n"
                                "9223372036854775807,0,0,1,0\n,1,1,1,1\n";
    struct sensors *sensors;
    CU_ASSERT_EQUAL_FATAL(sensors_parse("t", (const uint8_t *)table, strlen(table) - 9, FIXTURE_GNX,
                                        FIXTURE_GNY, &sensors, &fixture_error),
                          STATUS_OK);
    return decoder_create(&(struct decoder_config){.format = EVENT_AVRO,
                                                   .avro = fixture_plan(schema, &fields),
                                                   .sensors = sensors,
                                                   .field_id = "id",
                                                   .gnx = FIXTURE_GNX,
                                                   .gny = FIXTURE_GNY,
                                                   .gen_limit = 1e12});
}

static void sensors_are_found_by_text_or_number(void)
{
    struct record record;
    struct decoder *decoder =
        decoder_of_sensors(EVENT_WITH_ID("['string', 'long', 'int', 'null']"));
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "02 00 0a 72 61 63 6b 37 00 00 00 00 00 00 f8 3f",
                                       false, &record),
                    FATE_ON_TIME);
    CU_ASSERT(record.sensor == 0 && record.cell == 3 * FIXTURE_GNY + 4 && record.rate == 1.75);
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "02 02 0d 00 00 00 00 00 00 f8 3f", false, &record),
                    FATE_ON_TIME);
    CU_ASSERT(record.sensor == 1 && record.cell == FIXTURE_GNY + 2 && record.rate == 1.5);
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "02 04 0d 00 00 00 00 00 00 f8 3f", false, &record),
                    FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.sensor, 1);
    CU_ASSERT_EQUAL(
        fixture_decode_hex(decoder, "02 02 fe ff ff ff ff ff ff ff ff 01 00 00 00 00 00 00 f8 3f",
                           false, &record),
        FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.sensor, 2);
    static const char *const unknown[] = {"02 00 00", "02 00 08 72 61 63 6b",
                                          "02 00 0c 72 61 63 6b 37 00", "02 02 0e",
                                          "02 02 ff ff ff ff ff ff ff ff ff 01"};
    char hex[256];
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        snprintf(hex, sizeof hex, "%s 00 00 00 00 00 00 f8 3f", unknown[i]);
        CU_ASSERT_EQUAL(fixture_decode_hex(decoder, hex, false, &record), FATE_UNKNOWN_SENSOR);
        CU_ASSERT(record.has_time && record.time_ms == 1);
    }
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "02 06 00 00 00 00 00 00 f8 3f", false, &record),
                    FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(times_are_in_the_unit_of_the_schema),
        UNIT_TEST(the_decks_unit_overrides_the_schemas),
        UNIT_TEST(texts_are_instants_where_the_deck_says_so),
        UNIT_TEST(rates_are_of_any_type_of_number),
        UNIT_TEST(a_cell_outside_of_the_grid_is_out_of_range),
        UNIT_TEST(sensors_are_found_by_text_or_number),
    };
    return unit_run("decoder_avro_fields", tests, UNIT_COUNT(tests));
}
