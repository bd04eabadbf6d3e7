/* What a deck says of regions, relations and alerts. */
#include "deck/judged.h"
#include "deck/regions.h"

#include "deck_fixture.h"

static char mask_path[80];

static void write_mask(const char *text)
{
    snprintf(mask_path, sizeof mask_path, "%s/rooms.txt", fixture_directory);
    FILE *file = fopen(mask_path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void nothing_is_watched_unless_the_deck_says_so(void)
{
    struct deck *deck = fixture_good("", NULL);
    CU_ASSERT_EQUAL(deck->regions.count + deck->relations.count + deck->alerts.count, 0);
    deck_destroy(deck);
}

static const char everything[] =
    "regions:\n"
    "- {name: core, box: [1, 2, 3, 5], percentiles: [50, 95]}\n"
    "- {name: hall, percentiles: [5, 50]}\n"
    "relations: [{name: r, a: core, b: hall, stat: p5, window_s: 0.5}]\n"
    "alerts:\n"
    "- {name: hot, region: core, stat: max, levels: [1, 2.5], hysteresis: 0.5, consecutive: 3,\n"
    "   within_s: 10, rising: true}\n"
    "- {name: off, relation: r, levels: [2]}\n"
    "- {name: worse, alert: hot}\n";

static void every_field_is_read(void)
{
    struct deck *deck = fixture_good(everything, NULL);
    const struct deck_region *core = &deck_regions(deck)[0];
    const struct deck_alert *hot = &deck_alerts(deck)[0], *off = hot + 1, *worse = hot + 2;
    CU_ASSERT_STRING_EQUAL(core->name, "core");
    CU_ASSERT(!core->box.whole && core->box.x0 == 1 && core->box.y1 == 5);
    CU_ASSERT(deck_regions(deck)[1].box.whole);
    CU_ASSERT_EQUAL(deck_relations(deck)[0].window_s, 0.5);
    CU_ASSERT_EQUAL(hot->levels.count, 2);
    CU_ASSERT_EQUAL(hot->levels.values[1], 2.5);
    CU_ASSERT(hot->hysteresis == 0.5 && hot->within_s == 10 && hot->consecutive == 3 &&
              hot->rising);
    CU_ASSERT(off->consecutive == 1 && off->within_s == 0 && !off->rising && !off->region);
    CU_ASSERT_STRING_EQUAL(worse->alert, "hot");
    CU_ASSERT_EQUAL(worse->levels.count, 0);
    deck_destroy(deck);
}

static void percentiles_of_any_region_are_statistics_of_all(void)
{
    int percentiles[DECK_PERCENTILES_MAX];
    struct deck *deck = fixture_good(everything, NULL);
    CU_ASSERT_EQUAL_FATAL(deck_percentiles(deck, percentiles), 3);
    CU_ASSERT(percentiles[0] == 5 && percentiles[1] == 50 && percentiles[2] == 95);
    CU_ASSERT_EQUAL(deck_stat_find(deck, "min"), 0);
    CU_ASSERT_EQUAL(deck_stat_find(deck, "mean"), 1);
    CU_ASSERT_EQUAL(deck_stat_find(deck, "max"), 2);
    CU_ASSERT_EQUAL(deck_stat_find(deck, "p95"), 5);
    CU_ASSERT_EQUAL(deck_stat_find(deck, "p9"), -1);
    deck_destroy(deck);
}

static void a_printed_deck_reads_back_as_the_same(void)
{
    char hash[33], again[33];
    struct deck *deck = fixture_good(everything, NULL);
    char *text = fixture_print(deck);
    struct deck *copy = fixture_good(text, NULL);
    char *copied = fixture_print(copy);
    deck_hash(deck, hash);
    deck_hash(copy, again);
    CU_ASSERT_STRING_EQUAL(text, copied);
    CU_ASSERT_STRING_EQUAL(hash, again);
    free(text);
    free(copied);
    deck_destroy(deck);
    deck_destroy(copy);
}

static void what_is_watched_belongs_to_the_result(void)
{
    char hash[33], other[33];
    struct deck *deck = fixture_good(everything, NULL);
    struct deck *less = fixture_good(everything, "alerts=[]");
    deck_hash(deck, hash);
    deck_hash(less, other);
    CU_ASSERT_STRING_NOT_EQUAL(hash, other);
    deck_destroy(deck);
    deck_destroy(less);
}

static void a_mask_is_drawn_with_the_highest_row_first(void)
{
    static const struct deck_run expected[] = {{0, 1, 2}, {2, 0, 1}, {2, 2, 3}};
    struct buffer runs = {0};
    write_mask("..#A\r\n#..A\n.B#A");
    struct deck *deck = fixture_good("grid: {nx: 4, ny: 3}\nstream: {source: synthetic}\n"
                                     "gen: {partitions: 1}\n"
                                     "regions: [{name: a, mask: rooms.txt}, "
                                     "{name: b, mask: rooms.txt, mark: A}]",
                                     NULL);
    deck_region_runs(deck, &deck_regions(deck)[0], &runs);
    CU_ASSERT_EQUAL_FATAL(runs.size, sizeof expected);
    CU_ASSERT_EQUAL(memcmp(runs.data, expected, sizeof expected), 0);
    CU_ASSERT_EQUAL(deck_regions(deck)[1].run_count, 1);
    CU_ASSERT_EQUAL(deck_regions(deck)[1].runs[0].y1, 3);
    buffer_release(&runs);
    deck_destroy(deck);
    unlink(mask_path);
}

static const char masked[] = "grid: {nx: 4, ny: 2}\nstream: {source: synthetic}\n"
                             "gen: {partitions: 1}\nregions: [{name: a, mask: rooms.txt}]";

static void the_drawing_counts_not_where_it_lies(void)
{
    char first[33], second[33];
    write_mask("#...\n....\n");
    struct deck *deck = fixture_good(masked, NULL);
    deck_hash(deck, first);
    deck_destroy(deck);
    write_mask("#xyz\nthey");
    deck = fixture_good(masked, NULL);
    deck_hash(deck, second);
    CU_ASSERT_STRING_EQUAL(first, second);
    deck_destroy(deck);
    write_mask(".#..\n....\n");
    deck = fixture_good(masked, NULL);
    deck_hash(deck, second);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
    deck_destroy(deck);
    unlink(mask_path);
}

static void drawings_that_do_not_fit_are_refused(void)
{
    static const struct {
        const char *mask, *text;
    } cases[] = {
        {"#...\n", "has 1 lines, grid.ny is 2"},
        {"#...\n....\n\n", "has more than 2 lines, grid.ny"},
        {"#...\n.....\n", "line 2 of"},
        {"#...\n\n", "has 0 characters, grid.nx is 4"},
        {"....\n....\n", "has no cell marked `#`"},
        {"", "has 0 lines"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_mask(cases[i].mask);
        CU_ASSERT_PTR_NULL(fixture_load(masked, NULL));
        CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, ":4:1: regions: `a`: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, cases[i].text));
    }
    unlink(mask_path);
    CU_ASSERT_PTR_NULL(fixture_load(masked, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, "rooms.txt"));
}

static void what_contradicts_itself_is_refused(void)
{
    static const struct refusal cases[] = {
        {"regions: [{box: [0, 0, 1, 1]}]", "1:11: regions: lacks `name`"},
        {"regions: [{name: a, bxo: [0, 0, 1, 1]}]",
         "1:21: regions: unknown key `bxo`; the nearest is `box`"},
        {"regions: [core]", "1:11: regions: must be a list of mappings, [{name: …}]"},
        {"regions: [{name: a/b}]",
         "1:1: regions: `a/b` is no name: letters, digits, `.`, `_` and `-`"},
        {"regions: [{name: a}, {name: a}]", "1:1: regions: `a` is there twice"},
        {"regions: [{name: a, box: [0, 0, 41, 1]}]",
         "1:1: regions: `a` reaches to column 40 and row 0, the grid only to 39 and 39"},
        {"regions: [{name: a, box: [3, 0, 3, 1]}]",
         "1:1: regions: `a`: [3, 0, 3, 1] holds no cell: x0 < x1 and y0 < y1"},
        {"regions: [{name: a, percentiles: [0]}]",
         "1:35: regions.percentiles: 0 is out of range: 1 to 99 %"},
        {"regions: [{name: a, percentiles: [50, 2.5]}]",
         "1:1: regions: `a`: percentile 2.5 is not whole"},
        {"regions: [{name: a, percentiles: [50, 25]}]", "1:1: regions: `a`: percentiles must rise"},
        {"regions: [{name: a}]\nrelations: [{name: r, a: a, b: c, window_s: 1}]",
         "2:1: relations: `r`: no region `c`"},
        {"regions: [{name: a}]\nrelations: [{name: r, a: a, b: a, window_s: 0.25}]",
         "2:1: relations: `r`: window_s is 0.25, which is no multiple of the time between frames, "
         "100 ms times 1"},
        {"regions: [{name: a}]\nrelations: [{name: r, a: a, b: a, window_s: 0}]",
         "2:45: relations.window_s: 0 is out of range: above 0 to 31622400 s"},
        {"regions: [{name: a}]\nrelations: [{name: r, a: a, b: a}]",
         "2:13: relations: lacks `window_s`"},
        {"alerts: [{name: h, levels: [1]}]",
         "1:1: alerts: `h` needs one of region, relation and alert"},
        {"alerts: [{name: h, region: a, levels: [1]}]", "1:1: alerts: `h`: no region `a`"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a}]", "2:1: alerts: `h` has no levels"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a, levels: [2, 2]}]",
         "2:1: alerts: `h`: levels must rise"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a, stat: p50, levels: [2]}]",
         "2:1: alerts: `h`: no statistic `p50`: min, mean, max, or p and one of the regions' "
         "percentiles"},
        {"alerts: [{name: h, alert: h}]", "1:1: alerts: `h`: no alert `h` before it in the list"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a, levels: [one]}]",
         "2:40: alerts.levels: `one` is not a number"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a, levels: 3}]",
         "2:39: alerts.levels: must be a list of numbers, [1, 2]"},
        {"regions: [{name: a}]\nalerts: [{name: h, region: a, levels: [1], consecutive: 65}]",
         "2:57: alerts.consecutive: 65 is out of range: 1 to 64 readings"},
    };
    ASSERT_REFUSED(cases);
}

static void a_program_is_named_by_the_user_and_by_no_deck(void)
{
    struct deck *deck = fixture_good(everything, "alerts.command=[page, --team, a b]");
    CU_ASSERT_EQUAL_FATAL(deck->alert_command.count, 3);
    CU_ASSERT_STRING_EQUAL(deck->alert_command.items[2], "a b");
    char *text = fixture_print(deck);
    CU_ASSERT_PTR_NULL(strstr(text, "page"));
    struct deck *again = fixture_good(text, NULL);
    CU_ASSERT_EQUAL(again->alert_command.count, 0);
    CU_ASSERT_PTR_NULL(fixture_load("alerts: {command: [page]}", NULL));
    free(text);
    deck_destroy(deck);
    deck_destroy(again);
}

/* What a run needs and what it was told is of no use any more. */
static const char old_run[] = "grid: {nx: 12, ny: 9}\n"
                              "stream: {source: file, files: [gone], sensors: gone.csv,\n"
                              "         fields: {id: s}, rdkafka: {sasl.password: \"${GONE}\"}}\n"
                              "regions: [{name: core, box: [1, 1, 12, 9]}]\n"
                              "alerts: [{name: hot, region: core, levels: [1]}]\n";

static struct deck *load_judged(const char *other, char *override, struct error *err)
{
    struct deck *deck = NULL;
    char path[80];
    snprintf(path, sizeof path, "%s/other.yaml", fixture_directory);
    fixture_write(old_run, sizeof old_run - 1);
    if (other) {
        FILE *file = fopen(path, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fputs(other, file);
        CU_ASSERT_EQUAL(fclose(file), 0);
    }
    enum status status = deck_load_judged(fixture_path, other ? path : NULL, &override,
                                          override ? 1 : 0, &deck, err);
    CU_ASSERT((status == STATUS_OK) == (deck != NULL));
    unlink(path);
    return deck;
}

static void only_what_frames_are_judged_by_is_taken_of_a_deck(void)
{
    struct error err;
    setenv("HEATSTREAM_ALERTS", "[]", 1);
    struct deck *deck = load_judged(NULL, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(deck);
    CU_ASSERT(deck->grid.nx == 12 && deck->alerts.count == 1);
    CU_ASSERT(deck->stream.source == DECK_SOURCE_KAFKA && deck->stream.files.count == 0);
    deck_destroy(deck);
    deck = load_judged("alerts: [{name: a, region: core, levels: [2]}]\nphysics: {initial: no}",
                       "regions=[{name: core, box: [0, 0, 1, 1]}]", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(deck);
    CU_ASSERT_STRING_EQUAL(deck_alerts(deck)[0].name, "a");
    CU_ASSERT_EQUAL(deck_regions(deck)[0].box.x1, 1);
    CU_ASSERT(deck->grid.nx == 12 && deck->physics.initial == 0);
    deck_destroy(deck);
    unsetenv("HEATSTREAM_ALERTS");
}

static void what_frames_cannot_be_judged_by_is_refused(void)
{
    static char *const overrides[] = {"stream.topic=a", "stream.rdkafka.a=b", "alerts.command=[a]",
                                      "run.id=a"};
    struct error err;
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_PTR_NULL(load_judged(NULL, overrides[i], &err));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "decides nothing about stored frames"));
    }
    CU_ASSERT_PTR_NULL(load_judged("phisics: {}", NULL, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "other.yaml:1:1: phisics: unknown key"));
    CU_ASSERT_PTR_NULL(load_judged("regions: []", NULL, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "`hot`: no region `core`"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(nothing_is_watched_unless_the_deck_says_so),
        UNIT_TEST(every_field_is_read),
        UNIT_TEST(percentiles_of_any_region_are_statistics_of_all),
        UNIT_TEST(a_printed_deck_reads_back_as_the_same),
        UNIT_TEST(what_is_watched_belongs_to_the_result),
        UNIT_TEST(a_mask_is_drawn_with_the_highest_row_first),
        UNIT_TEST(the_drawing_counts_not_where_it_lies),
        UNIT_TEST(drawings_that_do_not_fit_are_refused),
        UNIT_TEST(what_contradicts_itself_is_refused),
        UNIT_TEST(a_program_is_named_by_the_user_and_by_no_deck),
        UNIT_TEST(only_what_frames_are_judged_by_is_taken_of_a_deck),
        UNIT_TEST(what_frames_cannot_be_judged_by_is_refused),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck_watch", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
