/* Which schemas are taken, and what is said of the others. */
#include "avro_fixture.h"

/* A schema and what is said of it, behind the name of the file. */
struct refusal {
    const char *text, *said;
};

static void check_refusals(const struct refusal *cases, size_t count,
                           const struct avro_fields *fields)
{
    char expected[1024];
    for (size_t i = 0; i < count; i++) {
        struct avro_plan *plan = fixture_plan(cases[i].text, fields);
        snprintf(expected, sizeof expected, "event.avsc:%s", cases[i].said);
        if (plan || strcmp(fixture_error.text, expected) != 0)
            fprintf(stderr, "schema %zu: %s\n", i, plan ? "taken" : fixture_error.text);
        CU_ASSERT_PTR_NULL(plan);
        CU_ASSERT_STRING_EQUAL(fixture_error.text, expected);
        avro_plan_destroy(plan);
    }
}

#define CHECK_REFUSALS(cases, fields)                                                              \
    check_refusals((cases), sizeof(cases) / sizeof *(cases), (fields))

static void what_contradicts_the_specification_is_refused_with_its_place(void)
{
    static const struct refusal cases[] = {
        {"", "1:0: unexpected token near end of file"},
        {"{'type': 'record',\n 'type': 'record'}", "2:7: duplicate object key near ''type''"},
        {"[]x", "1:3: end of file expected near 'x'"},
        {"7", " a type is a text, an object or a list"},
        {"'long'", " an event is a record, not of type long"},
        {"['null', 'long']", " an event is a record, not of type union"},
        {"'Event'", " there is no type `Event`, or it is defined later"},
        {"{'name': 'E'}", " needs 'type', a text"},
        {"{'type': {'type': 'long'}}", " needs 'type', a text"},
        {"{'type': 'record', 'fields': []}", " needs 'name', a text"},
        {"{'type': 'record', 'name': 'E'}", " needs 'fields', a list"},
        {"{'type': 'record', 'name': '1E', 'fields': []}",
         " `1E` is no name: letters, digits and _, parts with dots"},
        {"{'type': 'record', 'name': 'a..E', 'fields': []}",
         " `a..E` is no name: letters, digits and _, parts with dots"},
        {"{'type': 'record', 'name': 'E', 'namespace': 'a-b', 'fields': []}",
         " the namespace `a-b` of `E` is no name"},
        {"{'type': 'record', 'name': 'long', 'fields': []}",
         " `long` is a type of Avro itself, and cannot be defined"},
        {FIXTURE_RECORD("{'type': 'int'}"),
         " a field of `heat.Event` needs 'name', of letters, digits and _"},
        {FIXTURE_RECORD("7"), " a field of `heat.Event` needs 'name', of letters, digits and _"},
        {FIXTURE_RECORD("{'name': 'a.b', 'type': 'int'}"),
         " a field of `heat.Event` needs 'name', of letters, digits and _"},
        {FIXTURE_RECORD("{'name': 'a'}"), " `a`: needs 'type'"},
        {FIXTURE_RECORD("{'name': 'a', 'type': 'int'}, {'name': 'a', 'type': 'int'}"),
         " two fields of `heat.Event` are called `a`"},
        {FIXTURE_WITH("'doubel'"), " `more`: there is no type `doubel`, or it is defined later"},
        {FIXTURE_WITH("'Later'"), " `more`: there is no type `Later`, or it is defined later"},
        {FIXTURE_WITH("{'type': 'array'}"), " `more`: the array needs 'items'"},
        {FIXTURE_WITH("{'type': 'map', 'items': 'int'}"), " `more`: the map needs 'values'"},
        {FIXTURE_WITH("{'type': 'enum', 'name': 'K', 'symbols': []}"),
         " `more`: the enum `heat.K` has no symbols"},
        {FIXTURE_WITH("{'type': 'enum', 'name': 'K', 'symbols': ['A', 'B', 'A']}"),
         " `more`: the symbol `A` of `heat.K` is there twice"},
        {FIXTURE_WITH("{'type': 'enum', 'name': 'K', 'symbols': ['A', 7]}"),
         " `more`: symbol 1 of `heat.K` is not a name"},
        {FIXTURE_WITH("{'type': 'fixed', 'name': 'K', 'size': -1}"),
         " `more`: `heat.K` needs 'size', a number of bytes"},
        {FIXTURE_WITH("{'type': 'fixed', 'name': 'K'}"),
         " `more`: `heat.K` needs 'size', a number of bytes"},
        {FIXTURE_WITH("{'type': 'fixed', 'name': 'Event', 'size': 1}"),
         " `more`: `heat.Event` is defined twice"},
        {FIXTURE_WITH("[]"), " `more`: a union without branches"},
        {FIXTURE_WITH("['null', ['int']]"), " `more`: a union directly inside of a union"},
        {FIXTURE_WITH("['int', 'null', 'int']"), " `more`: two branches of a union are int"},
        {FIXTURE_WITH("['Event', 'heat.Event']"),
         " `more`: two branches of a union are heat.Event"},
        {FIXTURE_WITH(
             "{'type': 'record', 'name': 'In', 'fields': [{'name': 'deep', 'type': {'type': "
             "'array', 'items': 'nothing'}}]}"),
         " `more.deep`: there is no type `nothing`, or it is defined later"},
    };
    CHECK_REFUSALS(cases, &fixture_usual);
}

static void a_schema_without_the_fields_is_refused_with_the_reason(void)
{
    static const struct avro_fields deep = {
        .time = "at.t", .x = "gridX", .y = "gridY", .value = "gen", .unit_of_schema = true};
#define DEEP(type)                                                                                 \
    FIXTURE_RECORD("{'name': 'at', 'type': " type "}, " FIXTURE_CELL                               \
                   ", {'name': 'gen', 'type': 'float'}")
#define AT(type) "{'type': 'record', 'name': 'At', 'fields': [{'name': 't', 'type': " type "}]}"
    static const struct refusal cases[] = {
        {DEEP("'long'"),
         " the time of an event, `at.t`: `at` is of type long, which paths do not enter"},
        {DEEP("'null'"), " the time of an event, `at.t`: it is always null"},
        {DEEP("{'type': 'map', 'values': 'long'}"),
         " the time of an event, `at.t`: `at` is of type map, which paths do not enter"},
        {DEEP("{'type': 'array', 'items': " AT("'long'") "}"),
         " the time of an event, `at.t`: `at` is of type array, which paths do not enter"},
        {DEEP("['null', {'type': 'record', 'name': 'At', 'fields': []}]"),
         " the time of an event, `at.t`: the record heat.At has no field `t`"},
        {DEEP(AT("'double'")), " the time of an event, `at.t`: `at.t` is of type double, not long "
                               "or int (a string is for stream.time_unit: iso8601)"},
        {DEEP(AT("'string'")), " the time of an event, `at.t`: `at.t` is of type string, not long "
                               "or int (a string is for stream.time_unit: iso8601)"},
        {DEEP(AT("'At'")), " the time of an event, `at.t`: `at.t` is a record"},
        {DEEP(AT("{'type': 'long', 'logicalType': 'local-timestamp-millis'}")),
         " the time of an event, `at.t`: `at.t` has the logical type local-timestamp-millis, which "
         "is no instant; stream.time_unit can say what it is"},
        {DEEP(AT("{'type': 'int', 'logicalType': 'date'}")),
         " the time of an event, `at.t`: `at.t` has the logical type date, which is no instant; "
         "stream.time_unit can say what it is"},
        {DEEP(AT("['null', 'boolean']")),
         " the time of an event, `at.t`: `at.t` is of type boolean, not long or int (a string is "
         "for stream.time_unit: iso8601)"},
        {FIXTURE_RECORD(
             "{'name': 'at', 'type': {'type': 'record', 'name': 'At', 'fields': [{'name': 't', "
             "'type': 'long'}]}}, {'name': 'gridX', 'type': 'int'}"),
         " the row of an event, `gridY`: the record heat.Event has no field `gridY`, only: at, "
         "gridX"},
        {FIXTURE_RECORD(
             "{'name': 'at', 'type': {'type': 'record', 'name': 'At', 'fields': [{'name': 't', "
             "'type': 'long'}]}}, {'name': 'gridX', 'type': 'double'}, {'name': 'gridY', 'type': "
             "'int'}"),
         " the column of an event, `gridX`: `gridX` is of type double, not int or long"},
        {FIXTURE_RECORD(
             "{'name': 'at', 'type': {'type': 'record', 'name': 'At', 'fields': [{'name': 't', "
             "'type': 'long'}]}}, {'name': 'gridX', 'type': 'int'}, {'name': 'gridY', 'type': "
             "'int'}, {'name': 'gen', 'type': 'bytes'}"),
         " the value of an event, `gen`: `gen` is of type bytes, not double, float, int or long"},
    };
    CHECK_REFUSALS(cases, &deep);
}

static void an_identifier_and_a_unit_want_their_types(void)
{
    struct avro_fields named = {.time = "time", .id = "id", .value = "gen", .time_unit = TIME_S};
    static const struct refusal ids[] = {
        {FIXTURE_RECORD("{'name': 'time', 'type': 'int'}, {'name': 'id', 'type': 'double'}"),
         " the identifier of an event, `id`: `id` is of type double, not string, int or long"}};
    static const struct refusal whole[] = {
        {FIXTURE_PLAIN, " the time of an event, `time`: `time` is of type long, not string, "
                        "for stream.time_unit: iso8601"}};
    CHECK_REFUSALS(ids, &named);
    struct avro_fields iso = fixture_usual;
    iso.unit_of_schema = false;
    iso.time_unit = TIME_ISO8601;
    CHECK_REFUSALS(whole, &iso);
}

static void what_the_specification_allows_is_taken(void)
{
    static const char *const cases[] = {
        FIXTURE_PLAIN,
        FIXTURE_WITH("{'type': 'long', 'logicalType': 7, 'doc': 'a text', 'x': null}"),
        FIXTURE_WITH("'Event'"),
        FIXTURE_WITH("['null', 'heat.Event']"),
        FIXTURE_WITH("{'type': 'Event'}"),
        FIXTURE_WITH("{'type': 'fixed', 'name': 'other.Event', 'size': 0}"),
        FIXTURE_WITH("{'type': 'fixed', 'name': 'Event', 'namespace': '', 'size': 9}"),
        FIXTURE_WITH("{'type': 'enum', 'name': 'K', 'symbols': ['_a', 'B9']}"),
        FIXTURE_WITH(
            "['int', {'type': 'map', 'values': 'null'}, {'type': 'array', 'items': 'bytes'}, "
            "'string']"),
        FIXTURE_WITH(
            "{'type': 'record', 'name': 'a.Outer', 'fields': [{'name': 'i', 'type': {'type': "
            "'record', 'name': 'Inner', 'fields': []}, 'order': 'ignore', 'aliases': ['j']}, "
            "{'name': 'k', 'type': 'a.Inner'}, {'name': 'l', 'type': 'Inner', 'default': {}}]}"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct avro_plan *plan = fixture_plan(cases[i], &fixture_usual);
        if (!plan)
            fprintf(stderr, "schema %zu: %s\n", i, fixture_error.text);
        CU_ASSERT_PTR_NOT_NULL(plan);
        avro_plan_destroy(plan);
    }
}

static struct avro_plan *nest(int levels)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s", "{'type': 'record', 'name': 'E', 'fields': [");
    buffer_printf(&text, "%s", "{'name': 'more', 'type': ");
    for (int i = 0; i < levels; i++)
        buffer_printf(&text, "%s", "{'type': 'array', 'items': ");
    buffer_printf(&text, "%s", "'int'");
    for (int i = 0; i < levels; i++)
        buffer_printf(&text, "}");
    buffer_printf(&text, "%s",
                  "}, {'name': 'time', 'type': 'int'}, {'name': 'gridX', 'type': "
                  "'int'}, {'name': 'gridY', 'type': 'int'}, {'name': 'gen', "
                  "'type': 'int'}]}");
    buffer_put_u8(&text, 0);
    struct avro_plan *plan = fixture_plan((const char *)text.data, &fixture_usual);
    buffer_release(&text);
    return plan;
}

static void types_nest_as_deep_as_events_may(void)
{
    struct avro_plan *deepest = nest(62);
    CU_ASSERT_PTR_NOT_NULL(deepest);
    avro_plan_destroy(deepest);
    CU_ASSERT_PTR_NULL(nest(63));
    CU_ASSERT_STRING_EQUAL(fixture_error.text,
                           "event.avsc: `more`: types nested more than 64 levels");
}

static void a_long_list_of_fields_is_cut_in_the_message(void)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s", "{'type': 'record', 'name': 'E', 'fields': [");
    for (int i = 0; i < 500; i++)
        buffer_printf(&text, "%s{'name': 'field%d', 'type': 'int'}", i ? "," : "", i);
    buffer_append(&text, "]}", 3);
    CU_ASSERT_PTR_NULL(fixture_plan((const char *)text.data, &fixture_usual));
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, "field0, field1"));
    CU_ASSERT_STRING_EQUAL(
        strrchr(fixture_error.text, 'f') + strcspn(strrchr(fixture_error.text, 'f'), "\xE2"), "…");
    buffer_release(&text);
}

static void the_digest_and_the_name_are_of_the_file(void)
{
    struct avro_schema *schema, *other;
    CU_ASSERT_EQUAL_FATAL(fixture_schema(FIXTURE_PLAIN, &schema), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(fixture_schema(FIXTURE_PLAIN " ", &other), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(avro_schema_fullname(schema), "heat.Event");
    CU_ASSERT_EQUAL(strlen(avro_schema_digest(schema)), 32);
    CU_ASSERT_STRING_NOT_EQUAL(avro_schema_digest(schema), avro_schema_digest(other));
    avro_schema_destroy(schema);
    avro_schema_destroy(other);
}

static void a_file_that_cannot_be_read_is_no_input(void)
{
    struct avro_schema *schema;
    CU_ASSERT_EQUAL(avro_schema_load("/nowhere/event.avsc", &schema, &fixture_error),
                    STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, "/nowhere/event.avsc"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_contradicts_the_specification_is_refused_with_its_place),
        UNIT_TEST(a_schema_without_the_fields_is_refused_with_the_reason),
        UNIT_TEST(an_identifier_and_a_unit_want_their_types),
        UNIT_TEST(what_the_specification_allows_is_taken),
        UNIT_TEST(types_nest_as_deep_as_events_may),
        UNIT_TEST(a_long_list_of_fields_is_cut_in_the_message),
        UNIT_TEST(the_digest_and_the_name_are_of_the_file),
        UNIT_TEST(a_file_that_cannot_be_read_is_no_input),
    };
    return unit_run("avro_schema", tests, UNIT_COUNT(tests));
}
