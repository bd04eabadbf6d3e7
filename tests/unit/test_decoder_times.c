/* Units of time: exact values at the borders. */
#include <inttypes.h>
#include <string.h>

#include "decoding.h"

struct reading {
    const char *text; /* as it stands in the event */
    int64_t time_ms;
};

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static struct decoder *make_decoder(enum event_format format, enum time_unit unit)
{
    return decoder_create(&(struct decoder_config){.format = format,
                                                   .time_unit = unit,
                                                   .field_time = "t",
                                                   .field_x = "x",
                                                   .field_y = "y",
                                                   .field_value = "v",
                                                   .gnx = 4,
                                                   .gny = 4,
                                                   .gen_limit = 1e12});
}

/* The time as JSON holds it and as a CSV cell holds it; texts come without quotes. */
static void decode_both(enum time_unit unit, const char *time, struct record records[2])
{
    char text[256];
    const char *quote = unit == TIME_ISO8601 ? "\"" : "";
    struct decoder *json = make_decoder(EVENT_JSON, unit), *csv = make_decoder(EVENT_CSV, unit);
    snprintf(text, sizeof text, "{\"t\":%s%s%s,\"x\":1,\"y\":2,\"v\":0.5}", quote, time, quote);
    records[0] = decode_text(json, text);
    snprintf(text, sizeof text, "%s,1,2,0.5", time);
    records[1] = decode_text(csv, text);
    decoder_destroy(json);
    decoder_destroy(csv);
}

static void check_times(enum time_unit unit, const struct reading *readings, int count)
{
    for (int i = 0; i < count; i++) {
        struct record records[2];
        decode_both(unit, readings[i].text, records);
        for (int form = 0; form < 2; form++) {
            bool good = records[form].verdict == FATE_ON_TIME &&
                        records[form].time_ms == readings[i].time_ms;
            CU_ASSERT(good);
            if (!good)
                fprintf(stderr, "form %d: %s is %" PRId64 ", verdict %d\n", form, readings[i].text,
                        records[form].time_ms, (int)records[form].verdict);
        }
    }
}

static void check_refused(enum time_unit unit, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++) {
        struct record records[2];
        decode_both(unit, texts[i], records);
        for (int form = 0; form < 2; form++) {
            CU_ASSERT_EQUAL(records[form].verdict, FATE_UNDECODABLE);
            if (records[form].verdict != FATE_UNDECODABLE)
                fprintf(stderr, "form %d: %s is %" PRId64 "\n", form, texts[i],
                        records[form].time_ms);
        }
    }
}

static void microseconds_are_rounded_down(void)
{
    static const struct reading readings[] = {
        {"0", 0},
        {"-0", 0},
        {"999", 0},
        {"1000", 1},
        {"1999", 1},
        {"-1", -1},
        {"-999", -1},
        {"-1000", -1},
        {"-1001", -2},
        {"1767225600000999", INT64_C(1767225600000)},
        {"9223372036854775807", INT64_C(9223372036854775)},
        {"9223372036854775807999", INT64_MAX},
        {"-9223372036854775808", INT64_C(-9223372036854776)},
        {"-9223372036854775808000", INT64_MIN},
    };
    static const char *const refused[] = {"9223372036854775808000",
                                          "-9223372036854775808001",
                                          "1.0",
                                          "1e3",
                                          "1000.5",
                                          "01000",
                                          "99999999999999999999999999999999999999999999",
                                          "+1"};
    check_times(TIME_US, readings, COUNT(readings));
    check_refused(TIME_US, refused, COUNT(refused));
}

static void nanoseconds_are_rounded_down(void)
{
    static const struct reading readings[] = {
        {"0", 0},
        {"999999", 0},
        {"1000000", 1},
        {"-1", -1},
        {"-1000000", -1},
        {"-1000001", -2},
        {"1767225600000999999", INT64_C(1767225600000)},
        {"9223372036854775807", INT64_C(9223372036854)},
        {"9223372036854775807999999", INT64_MAX},
        {"-9223372036854775808000000", INT64_MIN},
    };
    static const char *const refused[] = {"9223372036854775808000000", "-9223372036854775808000001",
                                          "1.5", "1E6", "-"};
    check_times(TIME_NS, readings, COUNT(readings));
    check_refused(TIME_NS, refused, COUNT(refused));
}

static void seconds_are_exact_decimals(void)
{
    static const struct reading readings[] = {
        {"0", 0},
        {"0.0", 0},
        {"-0.0", 0},
        {"1", 1000},
        {"1.5", 1500},
        {"0.001", 1},
        {"0.0009999999999999999999999", 0},
        {"-0.0000000000000000000000001", -1},
        {"-0.001", -1},
        {"-0.0010000000000000000000001", -2},
        {"-1.5", -1500},
        {"0.29", 290},
        {"4.35", 4350},
        {"1767225600.25", INT64_C(1767225600250)},
        {"9007199254740993.001", INT64_C(9007199254740993001)},
        {"9223372036854775.807", INT64_MAX},
        {"9223372036854775.8079999999999999999999999999999", INT64_MAX},
        {"-9223372036854775.808", INT64_MIN},
        {"-9223372036854775.8080000", INT64_MIN},
    };
    static const char *const refused[] = {"9223372036854775.808",
                                          "-9223372036854775.8080001",
                                          "9223372036854776",
                                          "1e3",
                                          "1.5e0",
                                          "1E-3",
                                          ".5",
                                          "5.",
                                          "00.5",
                                          "18446744073709551616"};
    check_times(TIME_S, readings, COUNT(readings));
    check_refused(TIME_S, refused, COUNT(refused));
}

static void milliseconds_stay_integers_of_64_bits(void)
{
    static const struct reading readings[] = {
        {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}, {"-0", 0}};
    static const char *const refused[] = {"9223372036854775808", "-9223372036854775809", "1.0"};
    check_times(TIME_MS, readings, COUNT(readings));
    check_refused(TIME_MS, refused, COUNT(refused));
}

static void instants_are_read_to_the_millisecond(void)
{
    static const struct reading readings[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"1969-12-31T23:59:59.9999Z", -1},
        {"1969-12-31T23:59:59.000000001Z", -1000},
        {"2026-01-01T00:00:00.250Z", INT64_C(1767225600250)},
        {"2026-01-01T00:00:00.2Z", INT64_C(1767225600200)},
        {"2026-01-01T00:00:00.123456789Z", INT64_C(1767225600123)},
        {"2026-01-01T00:00:00.999999999Z", INT64_C(1767225600999)},
        {"2026-01-01T01:00:00+01:00", INT64_C(1767225600000)},
        {"2025-12-31T23:59:00-00:01", INT64_C(1767225600000)},
        {"2026-01-01T23:59:00+23:59", INT64_C(1767225600000)},
        {"2025-12-31T00:01:00-23:59", INT64_C(1767225600000)},
        {"2024-02-29T12:00:00Z", INT64_C(1709208000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"1900-03-01T00:00:00Z", INT64_C(-2203891200000)},
        {"1900-02-28T23:59:59Z", INT64_C(-2203891201000)},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000)},
        {"0000-02-29T00:00:00Z", INT64_C(-62162121600000)},
        {"9999-12-31T23:59:59.999999999Z", INT64_C(253402300799999)},
        {"9999-12-31T23:59:59-23:59", INT64_C(253402387139000)},
    };
    static const char *const refused[] = {"2026-01-01T00:00:60Z",
                                          "2026-01-01T24:00:00Z",
                                          "2026-01-01T00:60:00Z",
                                          "2023-02-29T00:00:00Z",
                                          "1900-02-29T00:00:00Z",
                                          "2026-13-01T00:00:00Z",
                                          "2026-00-01T00:00:00Z",
                                          "2026-01-00T00:00:00Z",
                                          "2026-04-31T00:00:00Z",
                                          "2026-01-01T00:00:00",
                                          "2026-01-01T00:00:00z",
                                          "2026-01-01t00:00:00Z",
                                          "2026-01-01 00:00:00Z",
                                          "2026-01-01T00:00:00.Z",
                                          "2026-01-01T00:00:00.1234567890Z",
                                          "2026-01-01T00:00:00+24:00",
                                          "2026-01-01T00:00:00+00:60",
                                          "2026-01-01T00:00:00+0100",
                                          "2026-01-01T00:00:00+01",
                                          "2026-01-01T00:00Z",
                                          "26-01-01T00:00:00Z",
                                          "+2026-01-01T00:00:00Z",
                                          "2026-01-01T00:00:00ZZ",
                                          " 2026-01-01T00:00:00Z",
                                          "2026-01-01T00:00:00Z ",
                                          "1767225600000",
                                          "",
                                          "2026-01-01T00:00:00.123456789+00:000"};
    check_times(TIME_ISO8601, readings, COUNT(readings));
    check_refused(TIME_ISO8601, refused, COUNT(refused));
}

static void an_instant_may_be_escaped_and_quoted(void)
{
    struct decoder *json = make_decoder(EVENT_JSON, TIME_ISO8601);
    struct decoder *csv = make_decoder(EVENT_CSV, TIME_ISO8601);
    struct record record =
        decode_text(json, "{\"t\":\"2026-01-01\\u005400:00:00\\u005A\",\"x\":1,\"y\":2,\"v\":0}");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, INT64_C(1767225600000));
    record = decode_text(csv, "\"2026-01-01T00:00:00Z\",1,2,0");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, INT64_C(1767225600000));
    CU_ASSERT_EQUAL(decode_text(csv, "\"2026-01-01T00:00:00Z\"\"\",1,2,0").verdict,
                    FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(
        decode_text(json, "{\"t\":\"2026-01-01T00:00:00Z\\u0000\",\"x\":1,\"y\":2,\"v\":0}")
            .verdict,
        FATE_UNDECODABLE);
    decoder_destroy(json);
    decoder_destroy(csv);
}

static void a_number_is_no_instant_and_a_text_no_number(void)
{
    struct decoder *iso = make_decoder(EVENT_JSON, TIME_ISO8601);
    struct decoder *us = make_decoder(EVENT_JSON, TIME_US);
    CU_ASSERT_EQUAL(decode_text(iso, "{\"t\":1767225600000,\"x\":1,\"y\":2,\"v\":0}").verdict,
                    FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_text(us, "{\"t\":\"1767225600000\",\"x\":1,\"y\":2,\"v\":0}").verdict,
                    FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(
        decode_text(iso, "{\"t\":\"2026-01-01T00:00:00Z\",\"x\":1,\"y\":2,\"v\":\"0\"}").verdict,
        FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(
        decode_text(iso, "{\"t\":\"2026-01-01T00:00:00Z\",\"x\":\"1\",\"y\":2,\"v\":0}").verdict,
        FATE_UNDECODABLE);
    decoder_destroy(iso);
    decoder_destroy(us);
}

static int64_t decode_binary_time(enum time_unit unit, int64_t time)
{
    uint8_t key[8] = {0, 0, 0, 1, 0, 0, 0, 2}, value[16] = {0};
    for (int i = 0; i < 8; i++)
        value[i] = (uint8_t)((uint64_t)time >> (56 - 8 * i));
    struct message message = {.key = key, .key_size = 8, .value = value, .value_size = 16};
    struct record record;
    struct decoder *decoder = make_decoder(EVENT_BINARY, unit);
    decoder_decode(decoder, 0, &message, &record);
    decoder_destroy(decoder);
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    return record.time_ms;
}

static void binary_times_are_rounded_down(void)
{
    CU_ASSERT_EQUAL(decode_binary_time(TIME_MS, INT64_MIN), INT64_MIN);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_US, -1), -1);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_US, -1001), -2);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_US, 1999), 1);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_US, INT64_MIN), INT64_C(-9223372036854776));
    CU_ASSERT_EQUAL(decode_binary_time(TIME_NS, -1), -1);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_NS, 1999999), 1);
    CU_ASSERT_EQUAL(decode_binary_time(TIME_NS, INT64_MAX), INT64_C(9223372036854));
}

/* Exact integer arithmetic on random digits against the decoder. */
static void random_decimals_equal_exact_arithmetic(void)
{
    uint64_t state = 20260101;
    for (int i = 0; i < 200000; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t nanoseconds = (int64_t)(state >> (state % 40)) * ((state >> 7 & 1) ? -1 : 1);
        uint64_t size = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
        int64_t floor_ms = nanoseconds / 1000000 - (nanoseconds % 1000000 < 0);
        char text[64], event[128];
        struct decoder *decoder = make_decoder(EVENT_JSON, i % 2 ? TIME_S : TIME_NS);
        if (i % 2)
            snprintf(text, sizeof text, "%s%" PRIu64 ".%09" PRIu64, nanoseconds < 0 ? "-" : "",
                     size / 1000000000, size % 1000000000);
        else
            snprintf(text, sizeof text, "%" PRId64, nanoseconds);
        snprintf(event, sizeof event, "{\"t\":%s,\"x\":1,\"y\":2,\"v\":0}", text);
        struct record record = decode_text(decoder, event);
        bool good = record.verdict == FATE_ON_TIME && record.time_ms == floor_ms;
        decoder_destroy(decoder);
        CU_ASSERT(good);
        if (!good) {
            fprintf(stderr, "%s is %" PRId64 "\n", event, record.time_ms);
            break;
        }
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(microseconds_are_rounded_down),
        UNIT_TEST(nanoseconds_are_rounded_down),
        UNIT_TEST(seconds_are_exact_decimals),
        UNIT_TEST(milliseconds_stay_integers_of_64_bits),
        UNIT_TEST(instants_are_read_to_the_millisecond),
        UNIT_TEST(an_instant_may_be_escaped_and_quoted),
        UNIT_TEST(a_number_is_no_instant_and_a_text_no_number),
        UNIT_TEST(binary_times_are_rounded_down),
        UNIT_TEST(random_decimals_equal_exact_arithmetic),
    };
    return unit_run("decoder_times", tests, UNIT_COUNT(tests));
}
