#include "deck_fixture.h"

static void rates_are_plain_means_unless_the_deck_says_otherwise(void)
{
    struct deck *deck = fixture_good("", NULL);
    CU_ASSERT_EQUAL(deck->stream.estimate, DECK_MEAN);
    CU_ASSERT_EQUAL(deck->stream.span, 1);
    CU_ASSERT_EQUAL(deck->stream.hold, 0);
    CU_ASSERT_EQUAL(deck->stream.jump_ms, 0);
    CU_ASSERT_EQUAL(deck->stream.max_gap_windows, 1000000);
    deck_destroy(deck);
    deck = fixture_good("stream: {estimate: cubic, span: 1000, missing: {hold: 1000000}, "
                        "jump_ms: 4900, max_gap_windows: 1}",
                        NULL);
    CU_ASSERT_EQUAL(deck->stream.estimate, DECK_CUBIC);
    CU_ASSERT_EQUAL(deck->stream.span, 1000);
    CU_ASSERT_EQUAL(deck->stream.hold, 1000000);
    CU_ASSERT_EQUAL(deck->stream.jump_ms, 4900);
    CU_ASSERT_EQUAL(deck->stream.max_gap_windows, 1);
    deck_destroy(deck);
}

static void every_estimate_has_its_name(void)
{
    static const struct {
        const char *override;
        int estimate;
    } cases[] = {
        {"stream.estimate=mean", DECK_MEAN},   {"stream.estimate=sum", DECK_SUM},
        {"stream.estimate=last", DECK_LAST},   {"stream.estimate=linear", DECK_LINEAR},
        {"stream.estimate=cubic", DECK_CUBIC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deck *deck = fixture_good("", cases[i].override);
        CU_ASSERT_EQUAL(deck->stream.estimate, cases[i].estimate);
        deck_destroy(deck);
    }
}

static void missing_is_a_word_or_a_mapping_in_every_layer(void)
{
    struct deck *deck = fixture_good("stream:\n  missing:\n    hold: 3\n", NULL);
    CU_ASSERT_EQUAL(deck->stream.hold, 3);
    char *yaml = fixture_print(deck);
    CU_ASSERT_PTR_NOT_NULL(strstr(yaml, "\n  missing: {hold: 3}\n"));
    free(yaml);
    deck_destroy(deck);
    deck = fixture_good("stream: {missing: {hold: 3}}", "stream.missing=zero");
    CU_ASSERT_EQUAL(deck->stream.hold, 0);
    deck_destroy(deck);
    deck = fixture_good("", "stream.missing={hold: 4}");
    CU_ASSERT_EQUAL(deck->stream.hold, 4);
    deck_destroy(deck);
}

static void what_cannot_be_is_refused_in_its_place(void)
{
    static const struct refusal cases[] = {
        {"stream: {estimate: median}",
         "1:20: stream.estimate: `median` is not one of: mean, sum, last, linear, cubic"},
        {"stream: {span: 0}", "1:16: stream.span: 0 is out of range: 1 to 1000 windows"},
        {"stream: {span: 1001}", "1:16: stream.span: 1001 is out of range: 1 to 1000 windows"},
        {"stream: {missing: none}", "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: 'zero'}", "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: [zero]}", "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: {}}", "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: {keep: 3}}", "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: {hold: 3, span: 2}}",
         "1:19: stream.missing: must be `zero` or {hold: n}"},
        {"stream: {missing: {hold: 0}}",
         "1:26: stream.missing: 0 is out of range: 1 to 1000000 windows"},
        {"stream: {missing: {hold: 99999999999999999999}}",
         "1:26: stream.missing: 99999999999999999999 is out of range: 1 to 1000000 windows"},
        {"stream: {missing: {hold: long}}",
         "1:26: stream.missing: `long` is not a whole number of windows to hold"},
        {"stream: {missing: {hold: {}}}",
         "1:26: stream.missing: must be a whole number of windows to hold, not a mapping"},
        {"stream: {max_gap_windows: 0}", "1:27: stream.max_gap_windows: 0 is out of range: 1 to "
                                         "1000000000000000 windows"},
        {"stream: {jump_ms: 0}",
         "1:19: stream.jump_ms: 0 is out of range: 1 to 9007199254740991 ms"},
    };
    ASSERT_REFUSED(cases);
}

static void a_jump_must_stay_within_the_horizon(void)
{
    static const struct refusal cases[] = {
        {"time: {window_ms: 60}\nstream:\n  horizon_windows: 3\n  jump_ms: 121",
         "4:3: stream.jump_ms: 121 ms is more than (horizon_windows - 1) * window_ms = 120: raise "
         "stream.horizon_windows or time.window_ms, or use `auto`"},
    };
    ASSERT_REFUSED(cases);
    deck_destroy(
        fixture_good("time: {window_ms: 60}\nstream:\n  horizon_windows: 3\n  jump_ms: 120", NULL));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(rates_are_plain_means_unless_the_deck_says_otherwise),
        UNIT_TEST(every_estimate_has_its_name),
        UNIT_TEST(missing_is_a_word_or_a_mapping_in_every_layer),
        UNIT_TEST(what_cannot_be_is_refused_in_its_place),
        UNIT_TEST(a_jump_must_stay_within_the_horizon),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck_rates", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
