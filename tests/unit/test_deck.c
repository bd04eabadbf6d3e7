#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "deck/reference.h"
#include "deck_fixture.h"

/* A text that is hard to quote; also long enough for every length. */
static const char awkward[] = "\"n: #'\\\" \\\\ \\t\\e\\x85 \\u20AC\\U0001F525 $${HOME} {[,]} \"";

/* A value of the option other than its default, as YAML; `text` holds 256 bytes. */
static void other_value(const struct deck_option *option, char *text)
{
    static const char *const of_type[DECK_TYPES] = {
        [DECK_INT_OR_AUTO] = "60",
        [DECK_STRING] = awkward,
        [DECK_STRING_OR_NULL] = awkward,
        [DECK_SIDE] = "-0.1",
        [DECK_LIST] = "[a, \"b c\", yes]",
        [DECK_START] = "-9223372036854775808",
        [DECK_HOLD] = "{hold: 7}",
        [DECK_BOX_OR_NULL] = "[1, 2, 33, 4]",
        [DECK_MAP] = "{security.protocol: ssl, x: \"5\", ssl.ca: \"\"}",
    };
    const char *const of_key[][2] = {
        {"stream.topic", "other"},
        {"stream.dead_letter_topic", "letters"},
        {"stream.oauth_token_command", "null"}, /* never printed, and tied to oauth_token_file */
        {"output.temp_topic", "temperatures"},
        {"output.alert_topic", "alerts"},
        {"stream.sensors", fixture_path}, /* any file will do: it is not read as a table */
        {"stream.format", "csv"},
        {"regions", "[{name: a}, {name: b}]"},
        {"relations", "[{name: r, a: a, b: a, window_s: 20.2}]"},
        {"alerts", "[{name: h, region: a, levels: [1]}]"},
        {"stream.csv_columns", "[\"a, b\", other_id, other_time, other_value]"}};
    int length;
    const char *name;
    switch (option->type) {
    case DECK_INT:
        snprintf(text, 256, "%" PRId64, (int64_t)strtoll(option->fallback, NULL, 10) + 1);
        break;
    case DECK_DOUBLE:
        snprintf(text, 256, "%.17g", strtod(option->fallback, NULL) * 0.9 + 1e-3 / 3);
        break;
    case DECK_BOOL:
        snprintf(text, 256, "%s", strcmp(option->fallback, "true") ? "true" : "false");
        break;
    case DECK_ENUM:
        name = deck_names_at(option->names,
                             1 - deck_names_find(option->names, option->fallback) % 2, &length);
        snprintf(text, 256, "%.*s", length, name);
        break;
    default:
        snprintf(text, 256, "%s", of_type[option->type] ? of_type[option->type] : option->fallback);
    }
    if (!strncmp(option->key, "stream.fields.", 14) || !strcmp(option->key, "run.id"))
        snprintf(text, 256, "other_%s", strrchr(option->key, '.') + 1);
    for (size_t i = 0; i < sizeof of_key / sizeof *of_key; i++)
        if (!strcmp(option->key, of_key[i][0]))
            snprintf(text, 256, "%s", of_key[i][1]);
}

/* Options that are refused without others; test_deck_stream.c looks at them. */
static const char tied[] = "stream.csv_columns|stream.sensors|stream.fields.id";

/* An option that runs a program, but has a place in a deck file all the same: as null. */
static const char never_changed[] = "stream.oauth_token_command";

static struct deck *load_with_all_other_values(void)
{
    char **overrides = calloc((size_t)deck_option_count, sizeof *overrides);
    for (int i = 0; i < deck_option_count; i++) {
        char value[256];
        other_value(&deck_options[i], value);
        overrides[i] = malloc(512);
        snprintf(overrides[i], 512, "%s=%s", deck_options[i].key, value);
    }
    struct deck *deck = NULL;
    fixture_write("", 0);
    enum status status =
        deck_load(fixture_path, overrides, deck_option_count, &deck, &fixture_error);
    if (status != STATUS_OK)
        fprintf(stderr, "refused: %s\n", fixture_error.text);
    CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
    for (int i = 0; i < deck_option_count; i++)
        free(overrides[i]);
    free(overrides);
    return deck;
}

/* The lines of two printed decks that are equal. */
static int equal_lines(const char *a, const char *b)
{
    int equal = 0;
    while (*a && *b) {
        size_t length_a = strcspn(a, "\n") + 1, length_b = strcspn(b, "\n") + 1;
        equal += length_a == length_b && !memcmp(a, b, length_a);
        a += length_a;
        b += length_b;
    }
    return equal;
}

static void every_option_survives_printing_and_loading(void)
{
    struct deck *defaults = fixture_good("", NULL);
    struct deck *deck = load_with_all_other_values();
    char *plain = fixture_print(defaults), *first = fixture_print(deck);
    int constant = deck_group_count;
    for (int i = 0; i < deck_option_count; i++)
        constant +=
            deck_options[i].type == DECK_CONSTANT || !strcmp(deck_options[i].key, never_changed);
    CU_ASSERT_EQUAL(equal_lines(plain, first), constant);

    struct deck *again = fixture_good(first, NULL);
    char *second = fixture_print(again);
    CU_ASSERT_STRING_EQUAL(first, second);
    free(plain);
    free(first);
    free(second);
    deck_destroy(defaults);
    deck_destroy(deck);
    deck_destroy(again);
}

static void printed_values_are_the_values_themselves(void)
{
    struct deck *deck = load_with_all_other_values();
    char *text = fixture_print(deck);
    struct deck *again = fixture_good(text, NULL);
    CU_ASSERT_STRING_EQUAL(again->run.title, deck->run.title);
    CU_ASSERT_STRING_EQUAL(again->run.title,
                           "n: #'\" \\ \t\x1b\xc2\x85 \u20AC\U0001F525 ${HOME} {[,]} ");
    CU_ASSERT_EQUAL(again->grid.dx, deck->grid.dx);
    CU_ASSERT_EQUAL(again->grid.dx, 0.5 * 0.9 + 1e-3 / 3);
    CU_ASSERT_EQUAL(again->time.t0_ms, INT64_MIN);
    CU_ASSERT_FALSE(again->time.t0_auto);
    CU_ASSERT_EQUAL(again->physics.top.value, -0.1);
    CU_ASSERT_EQUAL(again->stream.rdkafka.count, 6);
    CU_ASSERT_STRING_EQUAL(again->stream.rdkafka.items[5], "");
    CU_ASSERT_EQUAL(again->stream.files.count, 3);
    free(text);
    deck_destroy(deck);
    deck_destroy(again);
}

static void doubles_are_printed_so_that_they_read_back(void)
{
    static const double values[] = {0.1, 1e300, 5e-324, 1e-7, 123456789.125, 1e15, 1.0 / 3, -0.0};
    char text[64];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(text, sizeof text, "physics.initial=%.17g", values[i]);
        struct deck *deck = fixture_good("", text);
        char *printed = fixture_print(deck);
        struct deck *again = fixture_good(printed, NULL);
        CU_ASSERT_EQUAL(again->physics.initial, values[i]);
        CU_ASSERT_EQUAL(signbit(again->physics.initial), signbit(values[i]));
        free(printed);
        deck_destroy(deck);
        deck_destroy(again);
    }
}

static void later_layers_win(void)
{
    struct deck *deck = fixture_good("grid: {nx: 11, ny: 12}", NULL);
    CU_ASSERT_EQUAL(deck->grid.nx, 11);
    CU_ASSERT_EQUAL(deck->grid.dx, 0.5);
    deck_destroy(deck);
    setenv("HEATSTREAM_GRID_NX", "21", 1);
    deck = fixture_good("grid: {nx: 11, ny: 12}", "grid.ny=32");
    CU_ASSERT_EQUAL(deck->grid.nx, 21);
    CU_ASSERT_EQUAL(deck->grid.ny, 32);
    deck_destroy(deck);
    deck = fixture_good("grid: {nx: 11, ny: 12}", "grid.nx=31");
    CU_ASSERT_EQUAL(deck->grid.nx, 31);
    deck_destroy(deck);
    unsetenv("HEATSTREAM_GRID_NX");
}

static void the_environment_may_set_a_whole_mapping_and_a_part_of_it(void)
{
    setenv("HEATSTREAM_PHYSICS_BOUNDARY_LEFT", "7", 1);
    setenv("HEATSTREAM_PHYSICS_BOUNDARY", "insulated", 1);
    struct deck *deck = fixture_good("", NULL);
    CU_ASSERT_FALSE(deck->physics.left.insulated);
    CU_ASSERT_EQUAL(deck->physics.left.value, 7);
    CU_ASSERT_TRUE(deck->physics.top.insulated);
    deck_destroy(deck);
    unsetenv("HEATSTREAM_PHYSICS_BOUNDARY_LEFT");
    unsetenv("HEATSTREAM_PHYSICS_BOUNDARY");
}

static void a_boundary_is_a_mapping_a_word_or_a_number(void)
{
    struct deck *deck = fixture_good("physics: {boundary: {left: 1.5, top: insulated}}", NULL);
    CU_ASSERT_EQUAL(deck->physics.left.value, 1.5);
    CU_ASSERT_TRUE(deck->physics.top.insulated);
    CU_ASSERT_FALSE(deck->physics.right.insulated);
    CU_ASSERT_EQUAL(deck->physics.right.value, 0);
    deck_destroy(deck);
    deck = fixture_good("physics: {boundary: insulated}", NULL);
    CU_ASSERT_TRUE(deck->physics.left.insulated && deck->physics.right.insulated &&
                   deck->physics.bottom.insulated && deck->physics.top.insulated);
    deck_destroy(deck);
    deck = fixture_good("physics: {boundary: insulated}", "physics.boundary=-2");
    CU_ASSERT_FALSE(deck->physics.bottom.insulated);
    CU_ASSERT_EQUAL(deck->physics.bottom.value, -2);
    deck_destroy(deck);
}

static void texts_on_the_command_line_need_no_quotes(void)
{
    static const char *const values[] = {"[::1]:9092,b:1", "a: b # c", "{", "- x", "null", "5"};
    char text[64];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(text, sizeof text, "run.title=%s", values[i]);
        struct deck *deck = fixture_good("", text);
        CU_ASSERT_STRING_EQUAL(deck->run.title, values[i]);
        deck_destroy(deck);
    }
    struct deck *deck =
        fixture_good("stream: {dead_letter_topic: d}", "stream.dead_letter_topic=null");
    CU_ASSERT_PTR_NULL(deck->stream.dead_letter_topic);
    deck_destroy(deck);
}

static void one_property_is_added_to_the_map_and_a_map_replaces_it(void)
{
    const char *yaml = "stream: {rdkafka: {a.b: 1, c: 2}}";
    struct deck *deck = fixture_good(yaml, "stream.rdkafka.d.e=x: y");
    CU_ASSERT_EQUAL_FATAL(deck->stream.rdkafka.count, 6);
    CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[4], "d.e");
    CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[5], "x: y");
    deck_destroy(deck);
    deck = fixture_good(yaml, "stream.rdkafka.a.b=9");
    CU_ASSERT_EQUAL_FATAL(deck->stream.rdkafka.count, 4);
    CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[1], "9");
    deck_destroy(deck);
    deck = fixture_good(yaml, "stream.rdkafka={z: 1}");
    CU_ASSERT_EQUAL(deck->stream.rdkafka.count, 2);
    deck_destroy(deck);
}

static void variables_in_texts_come_from_the_environment(void)
{
    setenv("DECK_TEST_NAME", "heat ${NOT_AGAIN}", 1);
    struct deck *deck = fixture_good("run: {title: \"a ${DECK_TEST_NAME} $${x} $y\"}", NULL);
    CU_ASSERT_STRING_EQUAL(deck->run.title, "a heat ${NOT_AGAIN} ${x} $y");
    deck_destroy(deck);
    unsetenv("DECK_TEST_NAME");
}

static void the_hash_covers_what_decides_the_output_and_nothing_else(void)
{
    char before[33], after[33], override[512], value[256];
    struct deck *deck = fixture_good("stream: {files: [a]}\nregions: [{name: a}]", NULL);
    deck_hash(deck, before);
    deck_destroy(deck);
    CU_ASSERT_EQUAL(strlen(before), 32);
    for (int i = 0; i < deck_option_count; i++) {
        const struct deck_option *option = &deck_options[i];
        if (deck_names_find(tied, option->key) >= 0)
            continue;
        other_value(option, value);
        snprintf(override, sizeof override, "%s=%s", option->key, value);
        deck = fixture_good("stream: {files: [a], brokers: h}\nregions: [{name: a}]", override);
        deck_hash(deck, after);
        bool same = option->flags & DECK_MAY_CHANGE || option->type == DECK_CONSTANT;
        CU_ASSERT_EQUAL(!strcmp(before, after), same);
        deck_destroy(deck);
    }
}

static void what_a_continued_run_may_change_is_marked(void)
{
    static const char *const free_keys[] = {"run.id",    "time.windows", "checkpoint.keep",
                                            "log.level", "stream.batch", "stream.rdkafka"};
    static const char *const fixed_keys[] = {
        "grid.nx",  "time.window_ms",      "stream.format",
        "gen.seed", "output.frames.every", "physics.gen_scale"};
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_TRUE(deck_option_find(free_keys[i])->flags & DECK_MAY_CHANGE);
        CU_ASSERT_FALSE(deck_option_find(fixed_keys[i])->flags & DECK_MAY_CHANGE);
    }
}

static void the_run_is_named_after_the_deck(void)
{
    struct deck *deck = fixture_good("", NULL);
    CU_ASSERT_STRING_EQUAL(deck->run.id, "tiny.v2");
    deck_destroy(deck);
    deck = fixture_good("run: {id: 007}", NULL);
    CU_ASSERT_STRING_EQUAL(deck->run.id, "007");
    deck_destroy(deck);
}

static void event_files_are_found_from_the_folder_of_the_deck(void)
{
    char expected[128];
    struct deck *deck = fixture_good("stream: {source: file, files: [a.csv, /b.csv]}", NULL);
    snprintf(expected, sizeof expected, "%s/a.csv", fixture_directory);
    CU_ASSERT_STRING_EQUAL(deck->stream.files.items[0], expected);
    CU_ASSERT_STRING_EQUAL(deck->stream.files.items[1], "/b.csv");
    deck_destroy(deck);
}

static void the_start_is_a_number_an_instant_or_auto(void)
{
    struct deck *deck = fixture_good("time: {t0: 2026-01-01T00:00:00.1Z}", NULL);
    CU_ASSERT_FALSE(deck->time.t0_auto);
    CU_ASSERT_EQUAL(deck->time.t0_ms, 1767225600100);
    deck_destroy(deck);
    deck = fixture_good("time: {t0: -5}", "time.t0=auto");
    CU_ASSERT_TRUE(deck->time.t0_auto);
    deck_destroy(deck);
}

static void group_of(const char *key, char *group)
{
    const char *dot = strrchr(key, '.');
    sprintf(group, "%.*s", dot ? (int)(dot - key) : 0, key);
}

static void the_table_is_sound(void)
{
    char group[96], variable[DECK_VARIABLE_SIZE], other[DECK_VARIABLE_SIZE];
    for (int i = 0; i < deck_option_count; i++) {
        const struct deck_option *option = &deck_options[i];
        CU_ASSERT(strlen(option->doc) > 10 && option->doc[strlen(option->doc) - 1] == '.');
        group_of(option->key, group);
        CU_ASSERT(!*group || deck_group_find(group) ||
                  (deck_option_find(group) && option->flags & DECK_RUNS_PROGRAM));
        CU_ASSERT(option->type != DECK_ENUM || strchr(option->names, '|'));
        deck_variable(option->key, variable);
        for (int j = 0; j < i; j++) {
            deck_variable(deck_options[j].key, other);
            CU_ASSERT_STRING_NOT_EQUAL(variable, other);
        }
    }
}

static void documents_name_every_option(void)
{
    struct buffer markdown = {0}, schema = {0};
    deck_reference_markdown(&markdown);
    deck_reference_schema(&schema);
    buffer_append(&markdown, "", 1);
    for (int i = 0; i < deck_option_count; i++) {
        char cell[128];
        snprintf(cell, sizeof cell, "| `%s` | `%s` |", deck_options[i].key,
                 deck_options[i].fallback);
        CU_ASSERT_PTR_NOT_NULL(strstr((char *)markdown.data, cell));
    }
    json_t *root = json_loadb((char *)schema.data, schema.size, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    json_t *grid = json_object_get(json_object_get(root, "properties"), "grid");
    json_t *nx = json_object_get(json_object_get(grid, "properties"), "nx");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(nx, "default")), 40);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(nx, "minimum")), 1);
    CU_ASSERT_TRUE(json_is_false(json_object_get(grid, "additionalProperties")));
    json_decref(root);
    buffer_release(&markdown);
    buffer_release(&schema);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_option_survives_printing_and_loading),
        UNIT_TEST(printed_values_are_the_values_themselves),
        UNIT_TEST(doubles_are_printed_so_that_they_read_back),
        UNIT_TEST(later_layers_win),
        UNIT_TEST(the_environment_may_set_a_whole_mapping_and_a_part_of_it),
        UNIT_TEST(a_boundary_is_a_mapping_a_word_or_a_number),
        UNIT_TEST(texts_on_the_command_line_need_no_quotes),
        UNIT_TEST(one_property_is_added_to_the_map_and_a_map_replaces_it),
        UNIT_TEST(variables_in_texts_come_from_the_environment),
        UNIT_TEST(the_hash_covers_what_decides_the_output_and_nothing_else),
        UNIT_TEST(what_a_continued_run_may_change_is_marked),
        UNIT_TEST(the_run_is_named_after_the_deck),
        UNIT_TEST(event_files_are_found_from_the_folder_of_the_deck),
        UNIT_TEST(the_start_is_a_number_an_instant_or_auto),
        UNIT_TEST(the_table_is_sound),
        UNIT_TEST(documents_name_every_option),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
