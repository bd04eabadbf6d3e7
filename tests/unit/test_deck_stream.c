/* What a deck says of the form of events: fields, units, columns and the sensor table. */
#include "deck_fixture.h"

static void forms_of_events_that_fit_nothing_are_refused(void)
{
    static const struct refusal cases[] = {
        {"stream: {brokers: h, fields: {x: a..b}}",
         "1:31: stream.fields.x: `a..b` has a part without a name"},
        {"stream: {brokers: h, fields: {y: .b}}",
         "1:31: stream.fields.y: `.b` has a part without a name"},
        {"stream: {brokers: h, fields: {time: b.}}",
         "1:31: stream.fields.time: `b.` has a part without a name"},
        {"stream: {brokers: h, fields: {x: a.b, y: a}}",
         "1:39: stream.fields.y: `a` cannot be a value and lead to stream.fields.x, `a.b`"},
        {"stream: {brokers: h, fields: {x: a.b, y: a.b}}",
         "1:39: stream.fields.y: `a.b` is already stream.fields.x"},
        {"stream: {brokers: h, fields: {time: "
         "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
         "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a}}",
         "1:31: stream.fields.time: a path of 65 parts, but events are nested at most 64 levels"},
        {"stream: {brokers: h, fields: {id: sensor}}",
         "1:31: stream.fields.id: needs stream.sensors, the table of identifiers"},
        {"stream: {brokers: h, format: binary, time_unit: iso8601}",
         "1:38: stream.time_unit: binary events have ms, us or ns"},
        {"stream: {brokers: h, format: binary, time_unit: s}",
         "1:38: stream.time_unit: binary events have ms, us or ns"},
        {"stream: {brokers: h, csv_columns: [time, gridX, gridY, gen]}",
         "1:22: stream.csv_columns: only for `format: csv`"},
        {"stream: {brokers: h, format: csv, csv_columns: [time, gridX, gen]}",
         "1:35: stream.csv_columns: lacks `gridY`, which is stream.fields.y"},
        {"stream: {brokers: h, format: csv, csv_columns: [time, gridX, gridY, gen, gen]}",
         "1:35: stream.csv_columns: has more than one `gen`, which is stream.fields.value"},
        {"stream: {format: csv}",
         "1:10: stream.format: events are generated as json, binary, avro or confluent-avro"},
        {"stream: {time_unit: us}",
         "1:10: stream.time_unit: events are generated with times in ms"},
        {"stream: {source: synthetic, time_unit: s}",
         "1:29: stream.time_unit: events are generated with times in ms"},
    };
    ASSERT_REFUSED(cases);
}

static void sensor_tables_that_fit_nothing_are_refused(void)
{
    /* The deck stands for its own table: only its bytes are read here. */
    static const struct refusal cases[] = {
        {"stream: {brokers: h, sensors: tiny.v2.yaml}",
         "1:22: stream.sensors: needs stream.fields.id, the field that holds the identifier"},
        {"stream: {brokers: h, format: binary, sensors: tiny.v2.yaml, fields: {id: s}}",
         "1:38: stream.sensors: binary events name cells, not sensors: `format: json`, `csv` or "
         "`avro`"},
        {"stream: {sensors: tiny.v2.yaml, fields: {id: s}}",
         "1:10: stream.sensors: generated events name cells, not sensors"},
        {"stream: {brokers: h, sensors: tiny.v2.yaml, fields: {id: s.a, value: s}}",
         "1:63: stream.fields.value: `s` cannot be a value and lead to stream.fields.id, `s.a`"},
        {"stream: {brokers: h, sensors: tiny.v2.yaml, fields: {id: s, value: s}}",
         "1:61: stream.fields.value: `s` is already stream.fields.id"},
        {"stream: {brokers: h, sensors: /nowhere.csv, fields: {id: s}}",
         "1:22: stream.sensors: opening /nowhere.csv: No such file or directory"},
    };
    ASSERT_REFUSED(cases);
}

static const char with_table[] =
    "stream: {brokers: h, fields: {id: sensor}, sensors: table.csv, time_unit: us}";

static void write_table(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/table.csv", fixture_directory);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void hash_with_table(const char *table, const char *yaml, char hex[33])
{
    write_table(table);
    struct deck *deck = fixture_good(yaml, NULL);
    deck_hash(deck, hex);
    deck_destroy(deck);
}

static void the_sensor_table_counts_by_what_it_holds(void)
{
    char hash[33], other[33], path[128], yaml[256];
    hash_with_table("id,x,y\na,1,2\n", with_table, hash);
    hash_with_table("id,x,y\na,1,2\n", with_table, other);
    CU_ASSERT_STRING_EQUAL(hash, other);
    hash_with_table("id,x,y\na,1,3\n", with_table, other);
    CU_ASSERT_STRING_NOT_EQUAL(hash, other);
    snprintf(path, sizeof path, "%s/../heatstream-moved.csv", fixture_directory);
    snprintf(yaml, sizeof yaml,
             "stream: {brokers: h, fields: {id: sensor}, sensors: \"%s\", "
             "time_unit: us}",
             path);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs("id,x,y\na,1,2\n", file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    struct deck *deck = fixture_good(yaml, NULL);
    deck_hash(deck, other);
    CU_ASSERT_STRING_EQUAL(hash, other);
    deck_destroy(deck);
    unlink(path);
}

static void the_field_of_the_identifier_and_the_columns_count(void)
{
    char hash[33], other[33];
    hash_with_table("id,x,y\n", "stream: {brokers: h, format: csv}", hash);
    hash_with_table("id,x,y\n",
                    "stream: {brokers: h, format: csv, csv_columns: [time, gridY, gridX, gen]}",
                    other);
    CU_ASSERT_STRING_NOT_EQUAL(hash, other);
    hash_with_table("id,x,y\n", with_table, hash);
    hash_with_table("id,x,y\n",
                    "stream: {brokers: h, fields: {id: s}, sensors: table.csv, time_unit: us}",
                    other);
    CU_ASSERT_STRING_NOT_EQUAL(hash, other);
}

static void the_table_lies_beside_the_deck_and_survives_printing(void)
{
    char path[128];
    write_table("id,x,y\na,1,2\n");
    snprintf(path, sizeof path, "%s/table.csv", fixture_directory);
    struct deck *deck = fixture_good(with_table, NULL);
    CU_ASSERT_STRING_EQUAL(deck->stream.sensors, path);
    CU_ASSERT_EQUAL(strlen(deck->stream.sensors_digest), 32);
    char *text = fixture_print(deck);
    struct deck *again = fixture_good(text, NULL);
    CU_ASSERT_STRING_EQUAL(again->stream.sensors, path);
    CU_ASSERT_STRING_EQUAL(again->stream.field_id, "sensor");
    CU_ASSERT_EQUAL(again->stream.time_unit, DECK_TIME_US);
    CU_ASSERT_STRING_EQUAL(again->stream.sensors_digest, deck->stream.sensors_digest);
    free(text);
    deck_destroy(deck);
    deck_destroy(again);
}

static void names_with_dots_are_plain_names_of_columns(void)
{
    struct deck *deck =
        fixture_good("stream: {brokers: h, format: csv, fields: {time: .t, x: a, y: a.b}}", NULL);
    CU_ASSERT_STRING_EQUAL(deck->stream.field_time, ".t");
    deck_destroy(deck);
}

static void what_cannot_be_generated_is_found_later_too(void)
{
    struct deck *deck = fixture_good("stream: {brokers: h, fields: {value: a.b}}", NULL);
    CU_ASSERT_EQUAL(deck_check_generated(deck, &fixture_error), STATUS_BAD_DECK);
    deck_destroy(deck);
    deck = fixture_good("stream: {brokers: h, format: binary, fields: {value: a.b}}", NULL);
    CU_ASSERT_EQUAL(deck_check_generated(deck, &fixture_error), STATUS_OK);
    deck_destroy(deck);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(forms_of_events_that_fit_nothing_are_refused),
        UNIT_TEST(sensor_tables_that_fit_nothing_are_refused),
        UNIT_TEST(the_sensor_table_counts_by_what_it_holds),
        UNIT_TEST(the_field_of_the_identifier_and_the_columns_count),
        UNIT_TEST(the_table_lies_beside_the_deck_and_survives_printing),
        UNIT_TEST(names_with_dots_are_plain_names_of_columns),
        UNIT_TEST(what_cannot_be_generated_is_found_later_too),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int status = unit_run("deck_stream", tests, UNIT_COUNT(tests));
    char path[128];
    snprintf(path, sizeof path, "%s/table.csv", fixture_directory);
    unlink(path);
    fixture_end();
    return status;
}
