/* Where an event holds what: dotted paths, columns of CSV, identifiers of sensors. */
#include <string.h>

#include "decoding.h"

static struct decoder_config nested(void)
{
    return (struct decoder_config){.format = EVENT_JSON,
                                   .field_time = "at.ms",
                                   .field_x = "cell.grid.x",
                                   .field_y = "cell.grid.y",
                                   .field_value = "gen",
                                   .gnx = 10,
                                   .gny = 10,
                                   .gen_limit = 1e12};
}

static void check_all(const struct decoder_config *config, const char *const *texts, int count,
                      enum fate verdict)
{
    struct decoder *decoder = decoder_create(config);
    for (int i = 0; i < count; i++) {
        enum fate got = decode_text(decoder, texts[i]).verdict;
        CU_ASSERT_EQUAL(got, verdict);
        if (got != verdict)
            fprintf(stderr, "verdict %d instead of %d: %s\n", (int)got, (int)verdict, texts[i]);
    }
    decoder_destroy(decoder);
}

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static void paths_lead_into_objects_in_any_order(void)
{
    static const char *const texts[] = {
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"gen\":3,\"cell\":{\"grid\":{\"y\":2,\"x\":1}},\"at\":{\"ms\":5}}",
        " { \"at\" : { \"ms\" : 5 } , \"cell\" : { \"grid\" : { \"x\" : 1 , \"y\" : 2 } } "
        ",\n\"gen\""
        " : 3 } ",
        "{\"\\u0061t\":{\"m\\u0073\":5},\"cell\":{\"gri\\u0064\":{\"\\u0078\":1,\"y\":2}},\"gen\":"
        "3}",
        "{\"at\":{\"ms\":5,\"x\":[{\"ms\":6}],\"at\":{}},\"x\":7,\"cell\":{\"grid\":{\"x\":1,\"y\":"
        "2,"
        "\"z\":{\"x\":1,\"y\":1}},\"ms\":0},\"gen\":3,\"other\":{\"grid\":{\"x\":9}}}",
        "{\"at.ms\":{\"ms\":6},\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
    };
    struct decoder_config config = nested();
    struct decoder *decoder = decoder_create(&config);
    for (int i = 0; i < COUNT(texts); i++) {
        struct record record = decode_text(decoder, texts[i]);
        CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
        CU_ASSERT_EQUAL(record.time_ms, 5);
        CU_ASSERT_EQUAL(record.cell, 12);
        CU_ASSERT_EQUAL(record.sensor, 12);
        CU_ASSERT_EQUAL(record.rate, 3.0);
    }
    decoder_destroy(decoder);
}

static void paths_that_lead_nowhere_are_undecodable(void)
{
    static const char *const texts[] = {
        "{\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":5,\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":null,\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":[{\"ms\":5}],\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":\"ms\",\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":{\"ms\":5}},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":[5]},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"x\":1,\"y\":2},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"grid\":{\"x\":1,\"y\":2},\"gen\":3}",
        "{\"at.ms\":5,\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":true},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
    };
    struct decoder_config config = nested();
    check_all(&config, texts, COUNT(texts), FATE_UNDECODABLE);
}

static void keys_twice_are_undecodable_at_every_level(void)
{
    static const char *const texts[] = {
        "{\"at\":{\"ms\":5,\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5,\"\\u006ds\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"at\":{\"b\":1},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"b\":5},\"at\":{\"ms\":1},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1},\"gr\\u0069d\":{\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2,\"z\":1,\"z\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3,\"gen\":3}",
        ("{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3,\"o\":[{\"a\":1,\"a\":"
         "1}]}"),
    };
    struct decoder_config config = nested();
    check_all(&config, texts, COUNT(texts), FATE_UNDECODABLE);
}

static void syntax_is_checked_on_the_way_and_behind(void)
{
    static const char *const texts[] = {
        "{\"at\":{\"ms\":5,},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5,\"a\":nul},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3} 1",
        "{\"at\":{\"ms\":05},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5} \"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3}",
        "{\"at\":{\"ms\":5},\"cell\":{\"grid\":{\"x\":1,\"y\":2}},\"gen\":3,\"a\":\"\xff\"}",
        "{\"at\":{\"ms\"",
        "{\"at\":{",
        "{}",
        "",
    };
    struct decoder_config config = nested();
    check_all(&config, texts, COUNT(texts), FATE_UNDECODABLE);
}

/* `depth` objects around the time, so that the path has depth parts. */
static enum fate decode_deep(int depth, int levels_beside)
{
    struct buffer path = {0}, text = {0};
    for (int i = 0; i < depth; i++) {
        buffer_printf(&path, i ? ".a" : "a");
        buffer_printf(&text, i ? "{\"a\":" : "{\"x\":1,\"y\":2,\"v\":3,\"a\":");
    }
    buffer_put_u8(&path, 0);
    buffer_printf(&text, "7");
    if (levels_beside > 0)
        buffer_printf(&text, ",\"b\":");
    for (int i = 0; i < levels_beside; i++)
        buffer_put_u8(&text, '[');
    for (int i = 0; i < levels_beside; i++)
        buffer_put_u8(&text, ']');
    for (int i = 0; i < depth; i++)
        buffer_put_u8(&text, '}');
    struct decoder *decoder =
        decoder_create(&(struct decoder_config){.format = EVENT_JSON,
                                                .field_time = (char *)path.data,
                                                .field_x = "x",
                                                .field_y = "y",
                                                .field_value = "v",
                                                .gnx = 5,
                                                .gny = 5,
                                                .gen_limit = 9});
    struct message message = {.value = text.data, .value_size = text.size};
    struct record record;
    decoder_decode(decoder, 0, &message, &record);
    decoder_destroy(decoder);
    buffer_release(&path);
    buffer_release(&text);
    return record.verdict;
}

static void a_path_may_be_as_long_as_events_are_deep(void)
{
    CU_ASSERT_EQUAL(decode_deep(64, 0), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_deep(60, 4), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_deep(60, 5), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_deep(64, 1), FATE_UNDECODABLE);
}

static struct decoder_config lines(const char *const *columns, int count)
{
    struct decoder_config config = nested();
    config.format = EVENT_CSV;
    config.csv_columns = columns;
    config.csv_column_count = count;
    return config;
}

static void a_line_has_the_fields_in_their_order(void)
{
    static const char *const good[] = {"5,1,2,3",     "5,1,2,3\n",         "5,1,2,3\r\n",
                                       "5,1,2,3\r",   "\"5\",1,\"2\",3",   "5,1,2,3.0e0",
                                       "5,1,2,-1e12", "5,1,2,0.000000001", "-5,0,0,-0"};
    static const char *const bad[] = {
        "",         "5",           "5,1,2",       "5,1,2,3,",      "5,1,2,3,4",
        "5,1,2,",   "5, 1,2,3",    "5,1,2,3\n\n", "5,1,2,3\r\r\n", "5.0,1,2,3",
        "5,1,2,x",  "5,1,2,\"3",   "5,1,2,3\"",   "5,1,2,\"3\"x",  "5,1,2,NaN",
        "5,1,2,+3", "time,x,y,gen"};
    struct decoder_config config = lines(NULL, 0);
    check_all(&config, good, COUNT(good), FATE_ON_TIME);
    check_all(&config, bad, COUNT(bad), FATE_UNDECODABLE);
    struct decoder *decoder = decoder_create(&config);
    struct record record = decode_text(decoder, "5,1,2,3.5\r\n");
    CU_ASSERT_EQUAL(record.time_ms, 5);
    CU_ASSERT_EQUAL(record.cell, 12);
    CU_ASSERT_EQUAL(record.rate, 3.5);
    CU_ASSERT_EQUAL(decode_text(decoder, "5,10,2,3").verdict, FATE_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(decode_text(decoder, "5,1,2,1e999").verdict, FATE_NOT_FINITE);
    decoder_destroy(decoder);
}

static void columns_may_be_named_and_others_ignored(void)
{
    static const char *const columns[] = {"gen",   "site, hall", "cell.grid.y",
                                          "at.ms", "extra",      "cell.grid.x"};
    struct decoder_config config = lines(columns, 6);
    struct decoder *decoder = decoder_create(&config);
    struct record record = decode_text(decoder, "3,\"a, \"\"b\"\"\",2,5,,1");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, 5);
    CU_ASSERT_EQUAL(record.cell, 12);
    CU_ASSERT_EQUAL(record.rate, 3.0);
    CU_ASSERT_EQUAL(decode_text(decoder, "3,a,2,5,1").verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_text(decoder, "3,\"a\nb\",2,5,,1").verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

static void a_file_with_a_header_is_csv_whatever_the_format(void)
{
    struct error err;
    struct decoder_config config = nested();
    struct decoder *decoder = decoder_create(&config);
    CU_ASSERT_EQUAL(decoder_set_csv(decoder, 0, "cell.grid.y,cell.grid.x,gen,at.ms", &err),
                    STATUS_OK);
    struct record record = decode_text(decoder, "2,1,3,5");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.cell, 12);
    CU_ASSERT_EQUAL(decoder_set_csv(decoder, 1, "x,gen,at.ms", &err), STATUS_NO_INPUT);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(paths_lead_into_objects_in_any_order),
        UNIT_TEST(paths_that_lead_nowhere_are_undecodable),
        UNIT_TEST(keys_twice_are_undecodable_at_every_level),
        UNIT_TEST(syntax_is_checked_on_the_way_and_behind),
        UNIT_TEST(a_path_may_be_as_long_as_events_are_deep),
        UNIT_TEST(a_line_has_the_fields_in_their_order),
        UNIT_TEST(columns_may_be_named_and_others_ignored),
        UNIT_TEST(a_file_with_a_header_is_csv_whatever_the_format),
    };
    return unit_run("decoder_paths", tests, UNIT_COUNT(tests));
}
