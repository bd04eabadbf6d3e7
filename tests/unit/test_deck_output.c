/* What a deck says of temperatures on a topic. */
#include "deck_fixture.h"

static void nothing_goes_to_a_topic_unless_the_deck_says_so(void)
{
    struct deck *deck = fixture_good("", NULL);
    CU_ASSERT_PTR_NULL(deck->temp.topic);
    CU_ASSERT(deck->temp.region.whole);
    CU_ASSERT_EQUAL(deck->temp.every, 1);
    deck_destroy(deck);
}

static void check_region(const char *yaml, const char *override)
{
    struct deck *deck = fixture_good(yaml, override);
    const struct deck_box *box = &deck->temp.region;
    CU_ASSERT(!box->whole && box->x0 == 3 && box->y0 == 0 && box->x1 == 40 && box->y1 == 1);
    deck_destroy(deck);
}

static void a_region_is_four_numbers_in_every_layer(void)
{
    check_region("output: {temp_region: [3, 0, 40, 1]}", NULL);
    check_region("output: {temp_region: [0, 0, 1, 1]}", "output.temp_region=[3, 0, 40, 1]");
    CU_ASSERT_EQUAL(setenv("HEATSTREAM_OUTPUT_TEMP_REGION", "[3, 0, 40, 1]", 1), 0);
    check_region("", NULL);
    CU_ASSERT_EQUAL(unsetenv("HEATSTREAM_OUTPUT_TEMP_REGION"), 0);
    struct deck *deck =
        fixture_good("output: {temp_region: [0, 0, 1, 1]}", "output.temp_region=null");
    CU_ASSERT(deck->temp.region.whole);
    deck_destroy(deck);
}

static void regions_that_are_none_are_refused(void)
{
    static const struct refusal cases[] = {
        {"output: {temp_region: [0, 0, 41, 40]}",
         "1:10: output.temp_region: reaches to column 40 and row 39, the grid only to 39 and 39"},
        {"output: {temp_region: [0, 0, 40, 41]}",
         "1:10: output.temp_region: reaches to column 39 and row 40, the grid only to 39 and 39"},
        {"output: {temp_region: [5, 0, 5, 1]}",
         "1:10: output.temp_region: [5, 0, 5, 1] holds no cell: x0 < x1 and y0 < y1"},
        {"output: {temp_region: [0, 7, 1, 6]}",
         "1:10: output.temp_region: [0, 7, 1, 6] holds no cell: x0 < x1 and y0 < y1"},
        {"output: {temp_region: [0, -1, 1, 6]}",
         "1:27: output.temp_region: -1 is out of range: 0 to 1000000 cells"},
        {"output: {temp_region: [0, 0, 99999999999999999999, 6]}",
         "1:30: output.temp_region: 99999999999999999999 is out of range: 0 to 1000000 cells"},
        {"output: {temp_region: [0, 0, 1.5, 6]}",
         "1:30: output.temp_region: `1.5` is not a whole number"},
        {"output: {temp_region: [0, 0, [1], 6]}",
         "1:30: output.temp_region: must be a whole number, not a list"},
        {"output: {temp_region: [0, 0, 1]}",
         "1:23: output.temp_region: must be [x0, y0, x1, y1] or null"},
        {"output: {temp_region: core}",
         "1:23: output.temp_region: must be [x0, y0, x1, y1] or null"},
    };
    ASSERT_REFUSED(cases);
}

static void topics_that_cannot_be_written_are_refused(void)
{
    static const struct refusal cases[] = {
        {"output: {temp_topic: temp}",
         "1:10: output.temp_topic: needs stream.brokers: what the embedded broker gets, nobody can "
         "read"},
        {"stream: {brokers: h, topic: heat}\noutput: {temp_topic: heat}",
         "2:10: output.temp_topic: `heat` is stream.topic: every temperature would be read as an "
         "event"},
        {"stream: {brokers: h, dead_letter_topic: dead}\noutput: {temp_topic: dead}",
         "2:10: output.temp_topic: `dead` is stream.dead_letter_topic"},
        {"stream: {brokers: h, topic: heat}\noutput: {alert_topic: heat}",
         "2:10: output.alert_topic: `heat` is stream.topic: every alert would be read as an event"},
        {"stream: {brokers: h}\noutput: {alert_topic: t, temp_topic: t}",
         "2:10: output.alert_topic: `t` is output.temp_topic"},
    };
    ASSERT_REFUSED(cases);
    struct deck *deck = fixture_good("stream: {brokers: h, source: file, files: [a], topic: heat}\n"
                                     "output: {temp_topic: heat}",
                                     NULL);
    CU_ASSERT_STRING_EQUAL(deck->temp.topic, "heat");
    deck_destroy(deck);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(nothing_goes_to_a_topic_unless_the_deck_says_so),
        UNIT_TEST(a_region_is_four_numbers_in_every_layer),
        UNIT_TEST(regions_that_are_none_are_refused),
        UNIT_TEST(topics_that_cannot_be_written_are_refused),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck_output", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
