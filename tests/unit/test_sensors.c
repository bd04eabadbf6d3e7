/* The sensor table, and events that name a sensor. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "decoding.h"
#include "scratch.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static struct error failure;

static struct sensors *parse(const char *text)
{
    struct sensors *sensors = NULL;
    failure.text[0] = '\0';
    enum status status =
        sensors_parse("table.csv", (const uint8_t *)text, strlen(text), 10, 20, &sensors, &failure);
    CU_ASSERT(status == STATUS_OK || status == STATUS_BAD_DECK);
    CU_ASSERT_EQUAL(status == STATUS_OK, sensors != NULL);
    return sensors;
}

static struct sensors *parse_good(const char *text)
{
    struct sensors *sensors = parse(text);
    if (!sensors)
        fprintf(stderr, "refused: %s\n", failure.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sensors);
    return sensors;
}

static int64_t find(const struct sensors *sensors, const char *id)
{
    return sensors_find(sensors, (const uint8_t *)id, strlen(id));
}

static void a_row_is_a_sensor_with_its_cell_gain_and_offset(void)
{
    struct sensors *sensors = parse_good("offset,id,y,x,gain\r\n"
                                         "-1.5,rack7,19,9,0.25\r\n"
                                         "1e-3,\"a \"\"b\"\", c\",0,0,-2\n"
                                         "0,\xC3\xA9\xF0\x9D\x84\x9E,3,2,1");
    CU_ASSERT_EQUAL(sensors_count(sensors), 3);
    CU_ASSERT_EQUAL(sensors_longest_id(sensors), 8);
    CU_ASSERT_EQUAL(find(sensors, "rack7"), 0);
    CU_ASSERT_EQUAL(find(sensors, "a \"b\", c"), 1);
    CU_ASSERT_EQUAL(find(sensors, "\xC3\xA9\xF0\x9D\x84\x9E"), 2);
    CU_ASSERT_EQUAL(find(sensors, "rack"), -1);
    CU_ASSERT_EQUAL(find(sensors, "rack77"), -1);
    CU_ASSERT_EQUAL(find(sensors, ""), -1);
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->cell, 9 * 20 + 19);
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->gain, 0.25);
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->offset, -1.5);
    CU_ASSERT_EQUAL(sensors_at(sensors, 1)->cell, 0);
    CU_ASSERT_EQUAL(sensors_at(sensors, 1)->gain, -2.0);
    CU_ASSERT_EQUAL(sensors_at(sensors, 2)->cell, 43);
    sensors_destroy(sensors);
}

static void gain_is_one_and_offset_zero_where_no_column_says_so(void)
{
    struct sensors *sensors = parse_good("\xEF\xBB\xBFid,x,y\n7,1,2\n8,1,2");
    CU_ASSERT_EQUAL(find(sensors, "7"), 0);
    CU_ASSERT_EQUAL(find(sensors, "8"), 1);
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->cell, sensors_at(sensors, 1)->cell);
    CU_ASSERT_EQUAL(sensors_at(sensors, 1)->gain, 1.0);
    CU_ASSERT_EQUAL(sensors_at(sensors, 1)->offset, 0.0);
    sensors_destroy(sensors);
    sensors = parse_good("id,x,y,offset\n7,1,2,4");
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->gain, 1.0);
    CU_ASSERT_EQUAL(sensors_at(sensors, 0)->offset, 4.0);
    sensors_destroy(sensors);
}

static void mistakes_name_file_and_line(void)
{
    static const char *const cases[][2] = {
        {"", "1: the file is empty; a sensor table begins with a row of names: id,x,y or "
             "id,x,y,gain,offset"},
        {"id,x,y", "2: no sensor follows the row of names"},
        {"\nid,x,y\n", "1: an empty line"},
        {"id,x\na,1\n", "1: the column `y` is missing; a sensor table begins with a row of names: "
                        "id,x,y or id,x,y,gain,offset"},
        {"rack7,1,2\n", "1: unknown column `rack7`; known are id, x, y, gain, offset"},
        {"id,x,y,ofset\na,1,2,3\n", "1: unknown column `ofset`; known are id, x, y, gain, offset"},
        {"id,x,y,x\na,1,2,3\n", "1: the column `x` is there twice"},
        {"id,x,y,\na,1,2,3\n", "1: unknown column ``; known are id, x, y, gain, offset"},
        {"id,x,\"y\na,1,2,3\n", "1: a quote is out of place"},
        {"id,x,y\na,1,2\n\nb,1,2\n", "3: an empty line"},
        {"id,x,y\na,1,2\nb,1\n", "3: 2 cells, but the header has 3"},
        {"id,x,y\na,1,2,3\n", "2: 4 cells, but the header has 3"},
        {"id,x,y\n,1,2\n", "2: the id is empty"},
        {"id,x,y\na,1.0,2\n", "2: x: `1.0` is not a whole number"},
        {"id,x,y\na,,2\n", "2: x: `` is not a whole number"},
        {"id,x,y\na, 1,2\n", "2: x: ` 1` is not a whole number"},
        {"id,x,y\na,1,2e0\n", "2: y: `2e0` is not a whole number"},
        {"id,x,y\na,1,9223372036854775808\n", "2: y: `9223372036854775808` is not a whole number"},
        {"id,x,y\na,10,2\n", "2: x = 10 is outside the grid: 0 to 9"},
        {"id,x,y\na,9,20\n", "2: y = 20 is outside the grid: 0 to 19"},
        {"id,x,y\na,-1,2\n", "2: x = -1 is outside the grid: 0 to 9"},
        {"id,x,y,gain\na,1,2,\n", "2: gain: `` is not a number"},
        {"id,x,y,gain\na,1,2,1;5\n", "2: gain: `1;5` is not a number"},
        {"id,x,y,gain\na,1,2,nan\n", "2: gain: `nan` is not a number"},
        {"id,x,y,offset\na,1,2,1e309\n", "2: offset = 1e309 is beyond what a double can hold"},
        {"id,x,y\na,1,2\nb,1,2\na,3,4\n", "4: the sensor `a` is already on line 2"},
        {"id,x,y\n\"a\",1,2\na,1,2\n", "3: the sensor `a` is already on line 2"},
        {"id,x,y\na\"b,1,2\n", "2: a quote is out of place"},
        {"id,x,y\n\xFF,1,2\n", "2: the text is not UTF-8"},
        {"id,x,y\na,1,2\n\xC3", "3: the text is not UTF-8"},
        {"id,x,y\n\xED\xA0\x80,1,2\n", "2: the text is not UTF-8"},
    };
    char expected[512];
    for (int i = 0; i < COUNT(cases); i++) {
        struct sensors *sensors = parse(cases[i][0]);
        CU_ASSERT_PTR_NULL(sensors);
        snprintf(expected, sizeof expected, "table.csv:%s", cases[i][1]);
        CU_ASSERT_STRING_EQUAL(failure.text, expected);
        if (strcmp(failure.text, expected) != 0)
            fprintf(stderr, "  %s\n  %s\n", failure.text, expected);
        sensors_destroy(sensors);
    }
}

static void a_large_table_is_found_row_by_row(void)
{
    enum { ROWS = 200000 };
    struct buffer text = {0};
    char id[32];
    buffer_printf(&text, "id,x,y\n");
    for (int i = 0; i < ROWS; i++)
        buffer_printf(&text, "sensor-%d,%d,%d\n", i * 7, i % 10, i % 20);
    struct sensors *sensors;
    CU_ASSERT_EQUAL_FATAL(sensors_parse("large", text.data, text.size, 10, 20, &sensors, &failure),
                          STATUS_OK);
    int wrong = 0;
    for (int i = 0; i < ROWS; i++) {
        snprintf(id, sizeof id, "sensor-%d", i * 7);
        wrong += find(sensors, id) != i;
        snprintf(id, sizeof id, "sensor-%d", i * 7 + 1);
        wrong += find(sensors, id) != -1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sensors_destroy(sensors);
    buffer_release(&text);
}

static void a_table_is_its_bytes(void)
{
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    const char *text = "id,x,y\na,1,2\n";
    FILE *file = fopen(scratch_file(&scratch, "table.csv", path), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    struct sensors *loaded = NULL, *parsed = parse_good(text), *other = parse_good("id,x,y\nb,1,2");
    CU_ASSERT_EQUAL_FATAL(sensors_load(path, 10, 20, &loaded, &failure), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(sensors_digest(loaded), sensors_digest(parsed));
    CU_ASSERT_STRING_NOT_EQUAL(sensors_digest(loaded), sensors_digest(other));
    CU_ASSERT_EQUAL(strlen(sensors_digest(loaded)), 32);
    sensors_destroy(loaded);
    sensors_destroy(parsed);
    sensors_destroy(other);
    scratch_remove(&scratch);
    CU_ASSERT_EQUAL(sensors_load(path, 10, 20, &loaded, &failure), STATUS_NO_INPUT);
}

static struct decoder *make_decoder(enum event_format format, const char *table)
{
    return decoder_create(&(struct decoder_config){.format = format,
                                                   .field_time = "ts",
                                                   .field_id = "sensor",
                                                   .field_x = "unused",
                                                   .field_y = "unused",
                                                   .field_value = "reading.watts",
                                                   .time_unit = TIME_ISO8601,
                                                   .sensors = parse_good(table),
                                                   .gnx = 10,
                                                   .gny = 20,
                                                   .gen_limit = 1e12});
}

static struct record decode_reading(struct decoder *decoder, const char *id, const char *watts)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"sensor\":%s,\"ts\":\"2026-01-01T00:00:00.250Z\",\"reading\":{\"watts\":%s}}", id,
             watts);
    return decode_text(decoder, text);
}

static void an_event_names_its_sensor(void)
{
    struct decoder *decoder =
        make_decoder(EVENT_JSON, "id,x,y,gain,offset\nother,0,0,1,0\nrack7,1,2,0.1,0.3\n7,1,2,1,0\n"
                                 "-0,3,4,1,0\n\"a\"\"b\",5,6,1,0\n");
    struct record record = decode_reading(decoder, "\"rack7\"", "3.1");
    volatile double scaled = 0.1 * 3.1;
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, INT64_C(1767225600250));
    CU_ASSERT_EQUAL(record.cell, 22);
    CU_ASSERT_EQUAL(record.sensor, 1);
    CU_ASSERT_EQUAL(record.rate, scaled + 0.3);
    record = decode_reading(decoder, "7", "2");
    CU_ASSERT_EQUAL(record.cell, 22);
    CU_ASSERT_EQUAL(record.sensor, 2);
    CU_ASSERT_EQUAL(record.rate, 2.0);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"7\"", "2").sensor, 2);
    CU_ASSERT_EQUAL(decode_reading(decoder, "-0", "2").sensor, 3);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"\\u0072ack\\u0037\"", "2").sensor, 1);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"a\\\"b\"", "2").sensor, 4);
    decoder_destroy(decoder);
}

/* The product 1 - 2^-60 becomes 1; in an fma it would not. */
static void rates_are_rounded_twice(void)
{
    double gain = 1 + 0x1p-30, value = 1 - 0x1p-30;
    char table[128], watts[64];
    snprintf(table, sizeof table, "id,x,y,gain,offset\na,0,0,%.17g,-1", gain);
    snprintf(watts, sizeof watts, "%.17g", value);
    struct decoder *decoder = make_decoder(EVENT_JSON, table);
    struct record record = decode_reading(decoder, "\"a\"", watts);
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.rate, 0.0);
    CU_ASSERT_NOT_EQUAL(fma(gain, value, -1), 0.0);
    decoder_destroy(decoder);
}

static void identifiers_the_table_lacks_are_unknown_sensors(void)
{
    static const char *const ids[] = {"\"rack8\"", "\"\"", "\"rack7 \"", "\"Rack7\"", "70",
                                      "\"7.0\"",   "00",   "7.0",        "7e0",       "null",
                                      "true",      "[7]",  "{\"a\":7}"};
    enum { UNKNOWN = 6 }; /* the rest are no identifiers */
    struct decoder *decoder = make_decoder(EVENT_JSON, "id,x,y\nrack7,1,2\n7,1,2\n");
    for (int i = 0; i < COUNT(ids); i++) {
        struct record record = decode_reading(decoder, ids[i], "1e999");
        CU_ASSERT_EQUAL(record.verdict, i < UNKNOWN ? FATE_UNKNOWN_SENSOR : FATE_UNDECODABLE);
        CU_ASSERT_EQUAL(record.has_time, i < UNKNOWN);
    }
    struct buffer text = {0};
    buffer_printf(&text, "\"\\u0061");
    for (int i = 0; i < 300; i++)
        buffer_put_u8(&text, 'x');
    buffer_printf(&text, "\"");
    buffer_put_u8(&text, 0);
    CU_ASSERT_EQUAL(decode_reading(decoder, (char *)text.data, "1").verdict, FATE_UNKNOWN_SENSOR);
    buffer_release(&text);
    decoder_destroy(decoder);
}

static void verdicts_come_in_the_order_of_the_contract(void)
{
    struct decoder *decoder = make_decoder(
        EVENT_JSON, "id,x,y,gain,offset\na,0,0,1e6,0\nzero,0,0,0,1\nbig,0,0,1e300,-1\n");
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"b\"", "nul").verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"b\"", "1e300").verdict, FATE_UNKNOWN_SENSOR);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"a\"", "1e6").verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"a\"", "1.0001e6").verdict, FATE_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"a\"", "1e999").verdict, FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"big\"", "1e10").verdict, FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"big\"", "1").verdict, FATE_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"zero\"", "1e999").verdict, FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_reading(decoder, "\"zero\"", "1e300").rate, 1.0);
    decoder_destroy(decoder);
}

static void a_line_of_csv_names_its_sensor_too(void)
{
    struct decoder *decoder = make_decoder(EVENT_CSV, "id,x,y\nrack7,1,2\n\"a\"\"b,c\",3,4\n");
    struct record record = decode_text(decoder, "2026-01-01T00:00:00.250Z,rack7,3.1\r\n");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, INT64_C(1767225600250));
    CU_ASSERT_EQUAL(record.sensor, 0);
    CU_ASSERT_EQUAL(record.rate, 3.1);
    record = decode_text(decoder, "\"2026-01-01T00:00:00Z\",\"a\"\"b,c\",1");
    CU_ASSERT_EQUAL(record.sensor, 1);
    CU_ASSERT_EQUAL(decode_text(decoder, "2026-01-01T00:00:00Z,,1").verdict, FATE_UNKNOWN_SENSOR);
    CU_ASSERT_EQUAL(decode_text(decoder, "2026-01-01T00:00:00Z,\"a\"\"b,cccccc\",1").verdict,
                    FATE_UNKNOWN_SENSOR);
    CU_ASSERT_EQUAL(decode_text(decoder, "2026-01-01T00:00:00Z,rack7").verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_row_is_a_sensor_with_its_cell_gain_and_offset),
        UNIT_TEST(gain_is_one_and_offset_zero_where_no_column_says_so),
        UNIT_TEST(mistakes_name_file_and_line),
        UNIT_TEST(a_large_table_is_found_row_by_row),
        UNIT_TEST(a_table_is_its_bytes),
        UNIT_TEST(an_event_names_its_sensor),
        UNIT_TEST(rates_are_rounded_twice),
        UNIT_TEST(identifiers_the_table_lacks_are_unknown_sensors),
        UNIT_TEST(verdicts_come_in_the_order_of_the_contract),
        UNIT_TEST(a_line_of_csv_names_its_sensor_too),
    };
    return unit_run("sensors", tests, UNIT_COUNT(tests));
}
