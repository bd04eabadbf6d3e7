#include "deck_fixture.h"

static void unknown_keys_name_their_place_and_the_nearest_known_one(void)
{
    static const struct refusal cases[] = {
        {"grid:\n  nx: 40\n  nyy: 40\n", "3:3: grid.nyy: unknown key; the nearest is `grid.ny`"},
        {"gird: {nx: 4}", "1:1: gird: unknown key; the nearest is `grid`"},
        {"window_ms: 5", "1:1: window_ms: unknown key; the nearest is `time.window_ms`"},
        {"time: {window: 5}", "1:8: time.window: unknown key; the nearest is `time.windows`"},
        {"stream: {brokesr: x}",
         "1:10: stream.brokesr: unknown key; the nearest is `stream.brokers`"},
        {"output: {frames: {evry: 2}}",
         "1:19: output.frames.evry: unknown key; the nearest is `output.frames.every`"},
        {"physics: {boundary: {lfet: 2}}",
         "1:22: physics.boundary.lfet: unknown key; the nearest is `physics.boundary.left`"},
        {"stream: {jump: auto}", "1:10: stream.jump: unknown key; the nearest is `stream.jump_ms`"},
        {"grid.nx: 4", "1:1: grid.nx: a key with a dot; nest mappings instead"},
    };
    ASSERT_REFUSED(cases);
}

static void keys_given_twice_are_refused(void)
{
    static const struct refusal cases[] = {
        {"grid: {nx: 4}\ntime: {}\ngrid: {ny: 4}", "3:1: `grid` is given twice, first on line 1"},
        {"grid:\n  nx: 4\n  \"nx\": 4", "3:3: `nx` is given twice, first on line 2"},
        {"stream: {rdkafka: {a: 1, a: 2}}", "1:26: `a` is given twice, first on line 1"},
    };
    ASSERT_REFUSED(cases);
}

static void wrong_types_say_what_was_wanted(void)
{
    static const struct refusal cases[] = {
        {"grid: {nx: forty}", "1:12: grid.nx: `forty` is not a whole number"},
        {"grid: {nx: 4.0}", "1:12: grid.nx: `4.0` is not a whole number"},
        {"grid: {nx: 0x10}", "1:12: grid.nx: `0x10` is not a whole number"},
        {"grid: {nx: '4'}", "1:12: grid.nx: must be a whole number, not the text \"4\""},
        {"grid: {nx: [4]}", "1:12: grid.nx: must be a whole number, not a list"},
        {"grid: {nx: }", "1:12: grid.nx: must be a whole number, not nothing"},
        {"grid: {dx: .inf}", "1:12: grid.dx: `.inf` is not a number"},
        {"grid: {dx: nan}", "1:12: grid.dx: `nan` is not a number"},
        {"grid: {dx: 1e}", "1:12: grid.dx: `1e` is not a number"},
        {"grid: {dx: {}}", "1:12: grid.dx: must be a number, not a mapping"},
        {"gen: {zeros: yes}", "1:14: gen.zeros: `yes` is neither true nor false"},
        {"time: {substeps: many}", "1:18: time.substeps: `many` is not a whole number or `auto`"},
        {"stream: {source: kafak}",
         "1:18: stream.source: `kafak` is not one of: kafka, file, synthetic"},
        {"stream: {source: [kafka]}",
         "1:18: stream.source: must be one of kafka, file, synthetic, not a list"},
        {"stream: {topic: null}", "1:17: stream.topic: must be a text, not nothing"},
        {"stream: {topic: {a: b}}", "1:17: stream.topic: must be a text, not a mapping"},
        {"stream: {files: a}", "1:17: stream.files: must be a list, [a, b]"},
        {"stream: {files: [a, [b]]}", "1:21: stream.files: must be a text, not a list"},
        {"stream: {rdkafka: [a]}", "1:19: stream.rdkafka: must be a mapping"},
        {"stream: {rdkafka: {a: {}}}", "1:23: stream.rdkafka: must be a text, not a mapping"},
        {"stream: {rdkafka: {'a b': 1}}",
         "1:20: stream.rdkafka: `a b` is no name: letters, digits, `.`, `_`, `-`"},
        {"physics: {boundary: warm}",
         "1:21: physics.boundary.left: `warm` is not a number or `insulated`"},
        {"grid: 5", "1:1: grid: must be a mapping"},
        {"grid: [5]", "1:1: grid: must be a mapping"},
        {"- a", "1:1: must be a mapping"},
        {"time: {t0: yesterday}", "1:12: time.t0: `yesterday` is not milliseconds since 1970, an "
                                  "ISO 8601 time with zone or `auto`"},
    };
    ASSERT_REFUSED(cases);
}

static void values_out_of_range_say_the_range_and_the_unit(void)
{
    static const struct refusal cases[] = {
        {"grid: {nx: 0}", "1:12: grid.nx: 0 is out of range: 1 to 1000000 cells"},
        {"grid: {nx: 99999999999999999999}",
         "1:12: grid.nx: 99999999999999999999 is out of range: 1 to 1000000 cells"},
        {"solve: {steps_per_sweep: 65}",
         "1:26: solve.steps_per_sweep: 65 is out of range: 1 to 64 steps"},
        {"solve: {halo_depth: 65}", "1:21: solve.halo_depth: 65 is out of range: 1 to 64 columns"},
        {"solve: {snapshot_memory: -1}",
         "1:26: solve.snapshot_memory: -1 is out of range: 0 to 9007199254740991 bytes"},
        {"grid: {dx: 0}", "1:12: grid.dx: 0 is out of range: above 0 to 1e+300 length"},
        {"grid: {dx: 1e999}", "1:12: grid.dx: 1e999 is out of range: above 0 to 1e+300 length"},
        {"gen: {probability: 1.5}", "1:20: gen.probability: 1.5 is out of range: 0 to 1"},
        {"stream: {horizon_windows: 1}",
         "1:27: stream.horizon_windows: 1 is out of range: 2 to 1000000 windows"},
        {"stream: {jump_cells: 1}",
         "1:22: stream.jump_cells: 1 is out of range: 2 to 1000 sensors"},
        {"stream: {jump_expiry: 19}",
         "1:23: stream.jump_expiry: 19 is out of range: 20 to 1000000000 records"},
        {"stream: {topic: ''}", "1:17: stream.topic: must be 1 to 249 bytes long, not 0"},
        {"physics: {boundary: {top: 1e999}}",
         "1:27: physics.boundary.top: 1e999 is out of range: -1e+300 to 1e+300 temperature"},
        {"time: {t0: 9223372036854775808}",
         "1:12: time.t0: 9223372036854775808 is out of range: 64-bit milliseconds"},
        {"time: {windows: -1}",
         "1:17: time.windows: -1 is out of range: 0 to 9007199254740991 windows"},
        {"time: {substeps: 0}", "1:18: time.substeps: 0 is out of range: 1 to 2147483647 steps"},
    };
    ASSERT_REFUSED(cases);
}

static void keys_with_one_meaning_so_far_take_only_that(void)
{
    static const struct refusal cases[] = {
        {"stream: {idle: wait}", "1:16: stream.idle: `wait` is not one of: block, timeout"},
        {"output: {frames: {compress: gzip}}",
         "1:29: output.frames.compress: `gzip` is not one of: none"},
        {"alerts: 3", "1:9: alerts: must be a list of mappings, [{name: …}]"},
    };
    ASSERT_REFUSED(cases);
    struct deck *deck =
        fixture_good("stream: {early_ms: 0, idle: block}\n"
                     "regions: []\nalerts: []\nrelations: []\n"
                     "output: {frames: {compress: none}}\nwatch: {listen: ~, metrics_file: }",
                     NULL);
    deck_destroy(deck);
}

static void options_that_contradict_each_other_are_refused(void)
{
    static const struct refusal cases[] = {
        {"grid: {dx: 0.1}\ntime:\n  substeps: 2",
         "3:3: time.substeps: 2 is unstable: a time step of 0.05 s gives k*tau*(1/dx^2 + 1/dy^2) = "
         "5.2, beyond 0.5; the largest stable time step is 0.00480769231 s, so at least 21 "
         "substeps, or `auto`"},
        {"physics: {conductivity: 1e20}",
         "1:11: physics.conductivity: 1e+20 cannot be stepped stably on cells of 0.5 by 0.5: the "
         "largest stable time step is 6.25e-22 s, less than a window of 100 ms has room for"},
        {"stream: {source: file}", "1:10: stream.source: `file` needs stream.files"},
        {"stream: {dead_letter_topic: heatgen-input}",
         "1:10: stream.dead_letter_topic: `heatgen-input` is stream.topic: every dead letter would "
         "be read again"},
        {"stream: {fields: {x: time}}",
         "1:19: stream.fields.x: `time` is already stream.fields.time"},
        {"stream: {fields: {value: data.gen}}",
         "1:19: stream.fields.value: `data.gen`: events are generated without nested objects"},
        {"gen: {partitions: 41}",
         "1:7: gen.partitions: 41 partitions by column, but grid.nx is 40: "
         "some would stay silent and hold every window back"},
        {"run: {id: a/b}", "1:7: run.id: `a/b` cannot name a directory: no slash, leading dot or "
                           "control character"},
        {"run: {id: .a}", "1:7: run.id: `.a` cannot name a directory: no slash, leading dot or "
                          "control character"},
    };
    ASSERT_REFUSED(cases);
}

static void what_is_not_plain_yaml_is_refused(void)
{
    static const struct refusal cases[] = {
        {"grid: {nx: 4", "2:1: not valid YAML: did not find expected ',' or '}' while parsing a "
                         "flow mapping"},
        {"a: &x 1", "1:4: anchors (&name) are not allowed in a deck"},
        {"a: *x", "1:4: aliases (*name) are not allowed in a deck"},
        {"a: !!str 1", "1:4: tags (!name) are not allowed in a deck"},
        {"a: !!map {}", "1:4: tags (!name) are not allowed in a deck"},
        {"grid: {}\n---\ngrid: {}", "2:1: a second YAML document in one deck"},
        {"? [a]\n: b", "1:3: a key must be a plain word"},
        {"run: {title: \"a\\0b\"}", "1:14: a NUL character in a text"},
    };
    ASSERT_REFUSED(cases);
}

static void references_to_the_environment_must_be_good(void)
{
    static const struct refusal cases[] = {
        {"run: {title: \"${DECK_TEST_UNSET}\"}",
         "1:14: run.title: the environment variable DECK_TEST_UNSET is not set"},
        {"run: {title: \"${\"}",
         "1:14: run.title: `${` without a name and `}`; a literal `${` is written `$${`"},
        {"run: {title: \"${1x}\"}",
         "1:14: run.title: `${` without a name and `}`; a literal `${` is written `$${`"},
    };
    ASSERT_REFUSED(cases);
}

static void errors_of_overrides_name_the_option(void)
{
    static const struct {
        const char *override, *text;
    } cases[] = {
        {"grid.nx=x", "-D grid.nx: `x` is not a whole number"},
        {"grid.nxx=1", "-D grid.nxx: unknown key; the nearest is `grid.nx`"},
        {"grid.nx", "-D grid.nx: must be key=value"},
        {"=3", "-D =3: must be key=value"},
        {"grid.nx={", "-D grid.nx: not valid YAML: did not find expected node content while "
                      "parsing a flow node"},
        {"stream.rdkafka.a b=1",
         "-D stream.rdkafka: `a b` is no name: letters, digits, `.`, `_`, `-`"},
        {"run.title=\xff", "-D run.title: the text is not UTF-8"},
        {"time.substeps=1", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deck *deck = fixture_load("grid: {dx: 10, dy: 10}", cases[i].override);
        CU_ASSERT_EQUAL(deck == NULL, cases[i].text != NULL);
        CU_ASSERT_STRING_EQUAL(fixture_error.text, cases[i].text ? cases[i].text : "");
        deck_destroy(deck);
    }
}

static void errors_of_the_environment_name_the_variable(void)
{
    setenv("HEATSTREAM_GRID_NX", "x", 1);
    CU_ASSERT_PTR_NULL(fixture_load("", NULL));
    CU_ASSERT_STRING_EQUAL(fixture_error.text,
                           "HEATSTREAM_GRID_NX: grid.nx: `x` is not a whole number");
    unsetenv("HEATSTREAM_GRID_NX");
    setenv("HEATSTREAM_GRID_NXX", "4", 1);
    CU_ASSERT_PTR_NULL(fixture_load("", NULL));
    CU_ASSERT_STRING_EQUAL(fixture_error.text, "environment variable HEATSTREAM_GRID_NXX: no such "
                                               "option; the nearest is HEATSTREAM_GRID_NX");
    unsetenv("HEATSTREAM_GRID_NXX");
}

static void errors_never_show_a_secret(void)
{
    CU_ASSERT_PTR_NULL(fixture_load("stream: {rdkafka: {sasl.password: [hunter2]}}", NULL));
    CU_ASSERT_PTR_NULL(strstr(fixture_error.text, "hunter2"));
    CU_ASSERT_PTR_NULL(fixture_load("", "stream.rdkafka.sasl.password=hunter2${"));
    CU_ASSERT_PTR_NULL(strstr(fixture_error.text, "hunter2"));
}

static void a_later_failure_still_names_the_place(void)
{
    char expected[256];
    struct error err;
    struct deck *deck = fixture_good("\ngrid:\n  nx: 3\ngen: {partitions: 3}", NULL);
    CU_ASSERT_EQUAL(deck_error(deck, "grid.nx", &err, "too few for %d", 4), STATUS_BAD_DECK);
    snprintf(expected, sizeof expected, "%s:3:3: grid.nx: too few for 4", fixture_path);
    CU_ASSERT_STRING_EQUAL(err.text, expected);
    (void)deck_error(deck, "grid.ny", &err, "too few");
    CU_ASSERT_STRING_EQUAL(err.text, "grid.ny: too few");
    deck_destroy(deck);
}

static void a_missing_deck_is_missing_input(void)
{
    struct deck *deck = NULL;
    struct error err;
    CU_ASSERT_EQUAL(deck_load("/nonexistent/deck.yaml", NULL, 0, &deck, &err), STATUS_NO_INPUT);
    CU_ASSERT_STRING_EQUAL(err.text, "deck /nonexistent/deck.yaml: No such file or directory");
    CU_ASSERT_EQUAL(deck_load(fixture_directory, NULL, 0, &deck, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NULL(deck);
}

static char *repeat(const char *piece, size_t count)
{
    size_t length = strlen(piece);
    char *text = malloc(length * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * length, piece, length);
    text[length * count] = '\0';
    return text;
}

static void hostile_sizes_are_refused_quickly(void)
{
    static const struct {
        const char *piece;
        size_t count;
        const char *text;
    } cases[] = {
        {"[", 100000, "nested too deeply for a deck"},
        {"{a: ", 100000, "nested too deeply for a deck"},
        {"- ", 1000, "nested too deeply for a deck"},
        {"- 1\n", 100000, "too many entries in one list or mapping"},
        {"# nothing here\n", 100000, "more than 1048576 bytes: this is no deck"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *yaml = repeat(cases[i].piece, cases[i].count);
        struct deck *deck = fixture_load(yaml, NULL);
        CU_ASSERT_PTR_NULL(deck);
        CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, cases[i].text));
        free(yaml);
    }
}

/* A fixed sequence of damages to a deck that holds every option; the sanitizers watch. */
static void damaged_decks_load_or_are_refused(void)
{
    struct deck *whole = fixture_good("stream: {files: [a, b], rdkafka: {c.d: e}}", NULL);
    char *text = fixture_print(whole);
    size_t size = strlen(text);
    uint32_t random = 12345;
    int refused = 0;
    for (int i = 0; i < 600; i++) {
        struct deck *deck = NULL;
        random = random * 1664525 + 1013904223;
        size_t at = random % size;
        char kept = text[at];
        text[at] = (char)(random >> 24);
        fixture_write(text, i % 10 ? size : at);
        refused += deck_load(fixture_path, NULL, 0, &deck, &fixture_error) != STATUS_OK;
        deck_destroy(deck);
        text[at] = kept;
    }
    CU_ASSERT(refused > 200);
    free(text);
    deck_destroy(whole);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(unknown_keys_name_their_place_and_the_nearest_known_one),
        UNIT_TEST(keys_given_twice_are_refused),
        UNIT_TEST(wrong_types_say_what_was_wanted),
        UNIT_TEST(values_out_of_range_say_the_range_and_the_unit),
        UNIT_TEST(keys_with_one_meaning_so_far_take_only_that),
        UNIT_TEST(options_that_contradict_each_other_are_refused),
        UNIT_TEST(what_is_not_plain_yaml_is_refused),
        UNIT_TEST(references_to_the_environment_must_be_good),
        UNIT_TEST(errors_of_overrides_name_the_option),
        UNIT_TEST(errors_of_the_environment_name_the_variable),
        UNIT_TEST(errors_never_show_a_secret),
        UNIT_TEST(a_later_failure_still_names_the_place),
        UNIT_TEST(a_missing_deck_is_missing_input),
        UNIT_TEST(hostile_sizes_are_refused_quickly),
        UNIT_TEST(damaged_decks_load_or_are_refused),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck_errors", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
