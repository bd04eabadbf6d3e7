#include <math.h>
#include <string.h>

#include "decoding.h"
#include "usual_events.h"

static struct record decode(const char *text)
{
    struct decoder *decoder = decoder_create(&usual);
    struct record record = decode_bytes(decoder, text, strlen(text));
    decoder_destroy(decoder);
    return record;
}

/* Counts the texts that do not get the verdict, and names them. */
static int count_wrong(const char *const *texts, int count, enum fate verdict)
{
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        enum fate got = decode(texts[i]).verdict;
        if (got != verdict)
            fprintf(stderr, "verdict %d instead of %d: %s\n", (int)got, (int)verdict, texts[i]);
        wrong += got != verdict;
    }
    return wrong;
}

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static void good_event_is_read_exactly(void)
{
    struct record record = decode("{\"time\":-12,\"gridX\":3,\"gridY\":4,\"gen\":2.5}");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.offset, 7);
    CU_ASSERT(record.has_time);
    CU_ASSERT_EQUAL(record.time_ms, -12);
    CU_ASSERT_EQUAL(record.cell, 3 * 30 + 4);
    CU_ASSERT_EQUAL(record.sensor, 3 * 30 + 4);
    CU_ASSERT_EQUAL(record.rate, 2.5);
}

static void unusual_but_valid_events_are_accepted(void)
{
    static const char *const texts[] = {
        "{\"gen\":0,\"gridY\":0,\"gridX\":0,\"time\":0}",
        " \t\r\n{ \"time\" : 1 , \"gridX\" :\n2,\"gridY\":3,\"gen\":4 } \r\n",
        "{\"time\":9223372036854775807,\"gridX\":39,\"gridY\":29,\"gen\":-1e12}",
        "{\"time\":-9223372036854775808,\"gridX\":-0,\"gridY\":0,\"gen\":-0.0}",
        "{\"\\u0074ime\":1,\"grid\\u0058\":2,\"gridY\":3,\"gen\":4}",
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4,\"x\":null,\"y\":[],\"z\":{},\"\":true}",
        "{\"a\":{\"time\":[1,{\"time\":2}]},\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
        "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"k\":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
        "{\"a\":1e999999,\"b\":123456789012345678901234567890,\"time\":1,\"gridX\":2,\"gridY\":3,"
        "\"gen\":4}",
        "{\"a\":\"\\uD834\\uDD1E \\u0000 \xF0\x9D\x84\x9E \xED\x9F\xBF\",\"time\":1,\"gridX\":2,"
        "\"gridY\":3,\"gen\":4}",
        "{\"a\\u0000\":1,\"a\\u0000b\":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
        "{\"gen\":1E+2,\"gridY\":3,\"gridX\":2,\"time\":1}",
        "{\"gen\":1e-999,\"gridY\":3,\"gridX\":2,\"time\":1}",
        "{\"Time\":[],\"time \":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    };
    CU_ASSERT_EQUAL(count_wrong(texts, COUNT(texts), FATE_ON_TIME), 0);
}

static const char *const garbage[] = {
    "",
    " ",
    "garbage",
    "null",
    "[]",
    "{}",
    "\"time\"",
    "[{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}]",
    "{\"time\":1,\"gridX\":2,\"gridY\":3}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}{}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4,}",
    "{,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1 \"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\" 1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{time:1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{'time':1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":\"1\",\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1.0,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1e3,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":01,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":+1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":0x1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":9223372036854775808,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":-9223372036854775809,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":18446744073709551617,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1,\"gridX\":2.5,\"gridY\":3,\"gen\":4}",
    "{\"time\":1,\"gridX\":2,\"gridY\":null,\"gen\":4}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":NaN}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":Infinity}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":.5}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":5.}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":1e}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":1e+}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":-}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":\"4\"}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":true}",
    "{\"time\":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4,\"t\\u0069me\":1}",
    "{\"a\":1,\"a\":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":1,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4,\"\\u0061\":1}",
    "{\"a\":{\"b\":1,\"c\":2,\"b\":3},\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":[{\"\xC3\xA9\":1,\"\\u00e9\":3}],\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":[1,],\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":[1 2],\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":tru,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":nul}",
    "{\"a\":01,\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\x\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\u12G4\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\uD834\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\uDC00\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\uDC00\\uDC00\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\uDD1E\\uD834\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\\uD834\\u0041\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\t\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xFF\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xC0\x80\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xC3\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xE0\x9F\xBF\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xED\xA0\x80\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"a\":\"\xF4\x90\x80\x80\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "\xEF\xBB\xBF{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "\v{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4} x",
    "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}//",
    "{\"a\":\"",
    "{\"a\":\"\\",
    "{\"a\":\"\\u00",
    "{\"a\":{",
    "{\"a\":[",
};

static void garbage_is_undecodable(void)
{
    CU_ASSERT_EQUAL(count_wrong(garbage, COUNT(garbage), FATE_UNDECODABLE), 0);
    CU_ASSERT_FALSE(decode("garbage").has_time);
}

static void cells_outside_and_large_rates_are_out_of_range(void)
{
    static const char *const texts[] = {
        "{\"time\":1,\"gridX\":40,\"gridY\":3,\"gen\":4}",
        "{\"time\":1,\"gridX\":2,\"gridY\":30,\"gen\":4}",
        "{\"time\":1,\"gridX\":-1,\"gridY\":3,\"gen\":4}",
        "{\"time\":1,\"gridX\":2,\"gridY\":-9223372036854775808,\"gen\":4}",
        "{\"time\":1,\"gridX\":4294967296,\"gridY\":3,\"gen\":4}",
        "{\"time\":1,\"gridX\":40,\"gridY\":3,\"gen\":1e999}",
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":1000000000000.0002}",
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":-1e300}",
    };
    CU_ASSERT_EQUAL(count_wrong(texts, COUNT(texts), FATE_OUT_OF_RANGE), 0);
    CU_ASSERT(decode(texts[0]).has_time);
    CU_ASSERT_EQUAL(decode(texts[0]).time_ms, 1);
}

static void numbers_beyond_double_are_not_finite(void)
{
    static const char *const texts[] = {
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":1e309}",
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":-1e99999999999999999999}",
        "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":1.7976931348623159e308}",
    };
    CU_ASSERT_EQUAL(count_wrong(texts, COUNT(texts), FATE_NOT_FINITE), 0);
}

static void tombstone_is_undecodable(void)
{
    struct decoder *decoder = decoder_create(&usual);
    CU_ASSERT_EQUAL(decode_bytes(decoder, NULL, 0).verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

static void zero_byte_is_undecodable(void)
{
    static const char text[] = "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}";
    struct decoder *decoder = decoder_create(&usual);
    CU_ASSERT_EQUAL(decode_bytes(decoder, text, sizeof text - 1).verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_bytes(decoder, text, sizeof text).verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

/* The event with `levels` in all: itself and levels-1 arrays. */
static enum fate decode_nested(int levels)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4,\"a\":");
    for (int i = 1; i < levels; i++)
        buffer_printf(&text, "[");
    for (int i = 1; i < levels; i++)
        buffer_printf(&text, "]");
    buffer_put_u8(&text, '}');
    struct decoder *decoder = decoder_create(&usual);
    enum fate verdict = decode_bytes(decoder, text.data, text.size).verdict;
    decoder_destroy(decoder);
    buffer_release(&text);
    return verdict;
}

static void nesting_ends_at_64_levels(void)
{
    CU_ASSERT_EQUAL(decode_nested(64), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_nested(65), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_nested(100000), FATE_UNDECODABLE);
}

/* The rate of an event whose literal is `head`, then so many zeros, then `tail`. */
static double decode_long_literal(const char *head, int zeros, const char *tail)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":%s", head);
    for (int i = 0; i < zeros; i++)
        buffer_put_u8(&text, '0');
    buffer_printf(&text, "%s}", tail);
    struct decoder *decoder = decoder_create(&usual);
    struct record record = decode_bytes(decoder, text.data, text.size);
    decoder_destroy(decoder);
    buffer_release(&text);
    return record.verdict == FATE_ON_TIME ? record.rate : NAN;
}

static void literals_of_a_megabyte_round_correctly(void)
{
    /* 1 + 2^-53 lies halfway between 1 and the next double, and even wins. */
    const char *half = "1.00000000000000011102230246251565404236316680908203125";
    CU_ASSERT_EQUAL(decode_long_literal(half, 1 << 20, ""), 1.0);
    CU_ASSERT_EQUAL(decode_long_literal(half, 1 << 20, "1"), 1.0 + 0x1p-52);
    CU_ASSERT_EQUAL(decode_long_literal("1", 1000000, "e-1000000"), 1.0);
    CU_ASSERT_EQUAL(decode_long_literal("0.", 1000000, "25e1000001"), 2.5);
    CU_ASSERT_EQUAL(decode_long_literal("0.", 1000000, "e1000001"), 0.0);
}

static void strings_of_a_megabyte_are_passed_over(void)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"a\":\"");
    for (int i = 0; i < 1 << 20; i++)
        buffer_put_u8(&text, 'x');
    buffer_printf(&text, "\",\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}");
    struct decoder *decoder = decoder_create(&usual);
    CU_ASSERT_EQUAL(decode_bytes(decoder, text.data, text.size).verdict, FATE_ON_TIME);
    text.data[text.size - 1] = ' ';
    CU_ASSERT_EQUAL(decode_bytes(decoder, text.data, text.size).verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
    buffer_release(&text);
}

static enum fate decode_many_keys(int count, int twice)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4");
    for (int i = 0; i < count; i++)
        buffer_printf(&text, ",\"%d\":0", i);
    buffer_printf(&text, ",\"\\u003%d\":0}", twice);
    struct decoder *decoder = decoder_create(&usual);
    enum fate verdict = decode_bytes(decoder, text.data, text.size).verdict;
    decoder_destroy(decoder);
    buffer_release(&text);
    return verdict;
}

static void one_key_twice_among_many_is_found(void)
{
    CU_ASSERT_EQUAL(decode_many_keys(100000, 5), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_many_keys(5, 5), FATE_ON_TIME);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(good_event_is_read_exactly),
        UNIT_TEST(unusual_but_valid_events_are_accepted),
        UNIT_TEST(garbage_is_undecodable),
        UNIT_TEST(cells_outside_and_large_rates_are_out_of_range),
        UNIT_TEST(numbers_beyond_double_are_not_finite),
        UNIT_TEST(tombstone_is_undecodable),
        UNIT_TEST(zero_byte_is_undecodable),
        UNIT_TEST(nesting_ends_at_64_levels),
        UNIT_TEST(literals_of_a_megabyte_round_correctly),
        UNIT_TEST(strings_of_a_megabyte_are_passed_over),
        UNIT_TEST(one_key_twice_among_many_is_found),
    };
    return unit_run("decoder", tests, UNIT_COUNT(tests));
}
