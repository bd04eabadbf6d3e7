#include <string.h>

#include "base/buffer.h"
#include "decoding.h"
#include "row_sending.h"
#include "wire/sensors.h"

static void check_text(const char *csv, const struct decoder_config *decoding, const char *expected)
{
    struct row_replay *replay = open_rows(csv, decoding);
    struct sent sent = send_all(replay, 0);
    CU_ASSERT_STRING_EQUAL(sent.text, expected);
    CU_ASSERT_EQUAL(sent.fake.waits, 0);
    row_replay_close(replay);
}

static void numbers_keep_every_digit_they_have_in_the_file(void)
{
    check_text("time,note,gridY,gridX,gen\n"
               "-5,\"a, b\",29,39,0.10000000000000000000001\r\n"
               "9223372036854775807,,0,-0,\"1E-400\"",
               &usual,
               "{\"time\":-5,\"gridX\":39,\"gridY\":29,\"gen\":0.10000000000000000000001}\n"
               "{\"time\":9223372036854775807,\"gridX\":-0,\"gridY\":0,\"gen\":1E-400}\n");
}

static void instants_are_texts_and_times_are_kept_to_the_last_digit(void)
{
    struct decoder_config instants = usual;
    instants.time_unit = TIME_ISO8601;
    check_text("time,gridX,gridY,gen\n2026-01-01T01:00:00.123456789+01:00,1,2,3\n", &instants,
               "{\"time\":\"2026-01-01T01:00:00.123456789+01:00\",\"gridX\":1,\"gridY\":2,"
               "\"gen\":3}\n");
}

static void columns_of_csv_events_are_in_the_order_of_the_deck(void)
{
    static const char *const columns[] = {"gen", "place", "gridY", "time", "gridX"};
    struct decoder_config csv = usual;
    csv.format = EVENT_CSV;
    csv.csv_columns = columns;
    csv.csv_column_count = 5;
    check_text("time,gridX,gridY,gen\n100,1,2,3.50\n", &csv, "3.50,,2,100,1\n");
    csv.csv_column_count = 0;
    check_text("gen,time,gridX,gridY\n3.50,100,1,2\n", &csv, "100,1,2,3.50\n");
}

/* What a row of this time becomes when the first of its file, of time `first`, starts at 0. */
static void check_shifted(enum time_unit unit, const char *first, const char *time,
                          const char *expected)
{
    char csv[256], text[256];
    struct decoder_config decoding = usual;
    decoding.time_unit = unit;
    snprintf(csv, sizeof csv, "time,gridX,gridY,gen\n%s,0,0,1\n%s,0,0,2\n", first, time);
    snprintf(text, sizeof text, "\n{\"time\":%s,\"gridX\":0,\"gridY\":0,\"gen\":2}\n", expected);
    struct row_replay *replay = open_rows(csv, &decoding);
    row_replay_start_at(replay, 0);
    struct sent sent = send_all(replay, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(sent.text, '\n'));
    CU_ASSERT_STRING_EQUAL(strchr(sent.text, '\n'), text);
    row_replay_close(replay);
}

static void shifted_times_are_said_in_their_unit(void)
{
    check_shifted(TIME_MS, "1000", "1250", "250");
    check_shifted(TIME_MS, "1000", "-9223372036854774808", "-9223372036854775808");
    check_shifted(TIME_S, "1", "1.25", "0.250");
    check_shifted(TIME_S, "1", "0.9", "-0.100");
    check_shifted(TIME_S, "0.001", "0", "-0.001");
    check_shifted(TIME_US, "1000000", "1250999", "250000");
    check_shifted(TIME_US, "1000", "1999", "0");
    check_shifted(TIME_NS, "1000000", "-1", "-2000000");
    check_shifted(TIME_ISO8601, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00.25Z",
                  "\"1970-03-01T00:00:00.250Z\"");
    check_shifted(TIME_ISO8601, "2026-01-01T00:00:00Z", "2025-12-31T23:59:59.999Z",
                  "\"1969-12-31T23:59:59.999Z\"");
}

static void a_time_that_cannot_be_shifted_loses_only_its_row(void)
{
    struct row_replay *replay = open_rows("time,gridX,gridY,gen\n"
                                          "-9223372036854775808,0,0,1\n"
                                          "10,0,0,2\n"
                                          "-9223372036854775808,0,0,3\n"
                                          "11,0,0,4\n",
                                          &usual);
    row_replay_start_at(replay, 0);
    struct sent sent = send_all(replay, 0);
    CU_ASSERT_STRING_EQUAL(sent.text, "{\"time\":0,\"gridX\":0,\"gridY\":0,\"gen\":2}\n"
                                      "{\"time\":1,\"gridX\":0,\"gridY\":0,\"gen\":4}\n");
    CU_ASSERT_EQUAL(sent.counts.faulty, 2);
    row_replay_close(replay);
}

static const char table[] = "id,x,y,gain,offset\n"
                            "\"a \"\"b\"\", c\",1,2,0.1,20\n"
                            "K\xc3\xbc"
                            "che\\\t,3,4,2,0\n"
                            "007,5,6,1,0\n";
static const char readings[] = "time,id,value\n"
                               "1000,\"a \"\"b\"\", c\",0.3\n"
                               "1001,K\xc3\xbc"
                               "che\\\t,-1.25e2\n"
                               "1002,\"007\",5\n"
                               "1003,7,5\n";

static struct decoder_config sensing(enum event_format format)
{
    struct decoder_config config = usual;
    struct error err;
    config.format = format;
    config.field_id = "id";
    config.field_value = "value";
    CU_ASSERT_EQUAL_FATAL(sensors_parse("table", (const uint8_t *)table, sizeof table - 1,
                                        config.gnx, config.gny, &config.sensors, &err),
                          STATUS_OK);
    return config;
}

/* What is sent under names that need quoting decodes to the events of the file. */
static void check_sensors(enum event_format format)
{
    struct decoder_config config = sensing(format);
    struct row_replay *replay = open_rows(readings, &config);
    struct sent sent = send_all(replay, 0);
    config = sensing(format);
    struct decoder *decoder = decoder_create(&config);
    static const struct {
        int64_t time_ms, row;
        double rate;
    } expected[] = {{1000, 0, 0.1 * 0.3 + 20}, {1001, 1, -250}, {1002, 2, 5}};
    char *line = sent.text;
    for (int i = 0; i < 3; i++) {
        size_t size = strcspn(line, "\n");
        struct record record = decode_bytes(decoder, line, size);
        CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
        CU_ASSERT_EQUAL(record.time_ms, expected[i].time_ms);
        CU_ASSERT_EQUAL(record.sensor, expected[i].row);
        CU_ASSERT_EQUAL(record.rate, expected[i].rate);
        line += size + 1;
    }
    CU_ASSERT_EQUAL(*line, '\0');
    CU_ASSERT_EQUAL(sent.counts.faulty, 1);
    decoder_destroy(decoder);
    row_replay_close(replay);
}

static void sensors_keep_their_names_whatever_these_hold(void)
{
    check_sensors(EVENT_JSON);
    check_sensors(EVENT_CSV);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(numbers_keep_every_digit_they_have_in_the_file),
        UNIT_TEST(instants_are_texts_and_times_are_kept_to_the_last_digit),
        UNIT_TEST(columns_of_csv_events_are_in_the_order_of_the_deck),
        UNIT_TEST(shifted_times_are_said_in_their_unit),
        UNIT_TEST(a_time_that_cannot_be_shifted_loses_only_its_row),
        UNIT_TEST(sensors_keep_their_names_whatever_these_hold),
    };
    return run_in_folder("row_text", tests, UNIT_COUNT(tests));
}
