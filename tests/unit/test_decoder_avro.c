/* Bodies of Avro events: what is read of them, and what is refused. */
#include "avro_fixture.h"

/* Of FIXTURE_WITH: the event with these bytes between its time and its cell. */
static struct buffer body_with(const char *hex)
{
    struct buffer body = {0};
    put_time(&body);
    put_hex(&body, hex);
    put_rest(&body);
    return body;
}

/* The body is an event; a byte less, a byte more, and it is none. */
static void check_exact(const struct decoder *decoder, struct buffer *body)
{
    struct record record = fixture_decode(decoder, body);
    CU_ASSERT(is_the_event(&record));
    size_t size = body->size;
    for (body->size = 0; body->size < size; body->size++)
        CU_ASSERT_EQUAL(fixture_decode(decoder, body).verdict, FATE_UNDECODABLE);
    buffer_put_u8(body, 0);
    CU_ASSERT_EQUAL(fixture_decode(decoder, body).verdict, FATE_UNDECODABLE);
}

static void an_event_is_read_to_its_last_byte_and_no_further(void)
{
    struct decoder *decoder = fixture_decoder(FIXTURE_PLAIN, &fixture_usual);
    struct buffer body = body_with("");
    CU_ASSERT_EQUAL(body.size, 2 + 1 + 1 + 8);
    check_exact(decoder, &body);
    struct message tombstone = {.offset = 5};
    struct record record;
    decoder_decode(decoder, 1, &tombstone, &record);
    CU_ASSERT_EQUAL(record.verdict, FATE_UNDECODABLE);
    buffer_release(&body);
    decoder_destroy(decoder);
}

/* A type of the field that is passed over, and bytes that are or are not a value of it. */
struct passed {
    const char *type, *hex;
    bool good;
};

static const struct passed passed[] = {
    {"'null'", "", true},
    {"'boolean'", "00", true},
    {"'boolean'", "01", true},
    {"'boolean'", "02", false},
    {"'boolean'", "80 01", false},
    {"'int'", "ff ff ff ff 0f", true},
    {"'int'", "fe ff ff ff 0f", true},
    {"'int'", "80 80 80 80 10", false}, /* 2^31 */
    {"'int'", "81 80 80 80 10", false}, /* -2^31 - 1 */
    {"'long'", "ff ff ff ff ff ff ff ff ff 01", true},
    {"'long'", "ff ff ff ff ff ff ff ff ff 02", false},
    {"'long'", "ff ff ff ff ff ff ff ff ff 81 00", false},
    {"'long'", "80 80 80 80 80 80 80 80 80 00", true}, /* 0, at length */
    {"'long'", "80 80 80 80 80 80 80 80 80 80 00", false},
    {"'float'", "00 00 c0 7f", true},
    {"'double'", "00 00 00 00 00 00 f0 ff", true},
    {"'bytes'", "00", true},
    {"'bytes'", "04 ff 00", true},
    {"'bytes'", "01 ff", false}, /* length -1 */
    {"'bytes'", "fe ff ff ff ff ff ff ff ff 01", false},
    {"'string'", "06 61 62 63", true},
    {"'string'", "ff ff ff ff ff ff ff ff ff 01", false},
    {"'string'", "80 80 80 80 80 80 80 80 40", false},
    {"{'type': 'fixed', 'name': 'F', 'size': 3}", "01 02 03", true},
    {"{'type': 'fixed', 'name': 'F', 'size': 0}", "", true},
    {"{'type': 'fixed', 'name': 'F', 'size': 9223372036854775807}", "00", false},
    {"{'type': 'enum', 'name': 'K', 'symbols': ['A', 'B']}", "02", true},
    {"{'type': 'enum', 'name': 'K', 'symbols': ['A', 'B']}", "04", false},
    {"{'type': 'enum', 'name': 'K', 'symbols': ['A', 'B']}", "01", false},
    {"['null', 'string']", "00", true},
    {"['null', 'string']", "02 02 61", true},
    {"['null', 'string']", "04", false},
    {"['null', 'string']", "01", false},
    {"{'type': 'array', 'items': 'int'}", "00", true},
    {"{'type': 'array', 'items': 'int'}", "04 02 04 02 06 00", true},
    {"{'type': 'array', 'items': 'int'}", "03 04 02 04 00", true},
    {"{'type': 'array', 'items': 'int'}", "03 06 02 04 00", false}, /* 3 bytes claimed */
    {"{'type': 'array', 'items': 'int'}", "03 02 02 04 00", false}, /* 1 byte claimed */
    {"{'type': 'array', 'items': 'int'}", "03 01 02 04 00", false}, /* -1 */
    {"{'type': 'array', 'items': 'int'}", "ff ff ff ff ff ff ff ff ff 01 00 00", false},
    {"{'type': 'array', 'items': 'int'}", "fe ff ff ff ff ff ff ff ff 01", false},
    {"{'type': 'array', 'items': 'null'}", "fe ff ff ff ff ff ff ff ff 01 00", true},
    {"{'type': 'array', 'items': 'null'}", "03 00 00", true},
    {"{'type': 'array', 'items': 'null'}", "03 02 00", false},
    {"{'type': 'array', 'items': {'type': 'array', 'items': 'boolean'}}", "04 02 01 00 00 00",
     true},
    {"{'type': 'map', 'values': 'null'}", "02 02 61 00", true},
    {"{'type': 'map', 'values': 'null'}", "fe ff ff ff ff ff ff ff ff 01", false},
    {"{'type': 'map', 'values': 'boolean'}", "01 06 02 61 01 02 02 62 00 00", true},
    {"{'type': 'map', 'values': 'boolean'}", "02 03 00 00", false}, /* a key of -2 bytes */
    {"{'type': 'record', 'name': 'R', 'fields': []}", "", true},
    {"{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': "
     "'boolean'}, {'name': 'b', 'type': 'null'}, {'name': 'c', 'type': "
     "'string'}]}",
     "01 02 7a", true},
    {"{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': 'R'}]}", "", false},
    {"{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': "
     "{'type': 'array', 'items': 'R'}}]}",
     "04 02 00 00 00 00", true},
};

static void other_fields_are_checked_and_passed_over(void)
{
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        char schema[1024];
        snprintf(schema, sizeof schema, FIXTURE_WITH("%s"), passed[i].type);
        struct decoder *decoder = fixture_decoder(schema, &fixture_usual);
        struct buffer body = body_with(passed[i].hex);
        struct record record = fixture_decode(decoder, &body);
        if (is_the_event(&record) != passed[i].good)
            fprintf(stderr, "%s: %s\n", passed[i].type, passed[i].hex);
        CU_ASSERT_EQUAL(is_the_event(&record), passed[i].good);
        if (passed[i].good)
            check_exact(decoder, &body);
        else
            CU_ASSERT_EQUAL(record.verdict, FATE_UNDECODABLE);
        buffer_release(&body);
        decoder_destroy(decoder);
    }
}

static void fields_are_found_by_name_wherever_they_stand(void)
{
    static const struct avro_fields fields = {.time = "at.time",
                                              .x = "at.cell.x",
                                              .y = "y",
                                              .value = "reading.value",
                                              .unit_of_schema = true};
    struct decoder *decoder = fixture_decoder(
        FIXTURE_RECORD(
            "{'name': 'reading', 'type': {'type': 'record', 'name': 'Reading', 'fields': "
            "[{'name': 'unit', 'type': 'string'}, {'name': 'value', 'type': 'double'}]}}, "
            "{'name': 'other', 'type': 'Reading'}, {'name': 'y', 'type': 'long'}, {'name': 'at', "
            "'type': {'type': 'record', 'name': 'At', 'fields': [{'name': 'cell', 'type': "
            "{'type': 'record', 'name': 'Cell', 'fields': [{'name': 'y', 'type': 'int'}, "
            "{'name': 'x', 'type': 'int'}]}}, {'name': 'time', 'type': 'int'}]}}"),
        &fields);
    struct buffer body = {0};
    put_hex(&body, "02 57 00 00 00 00 00 00 f8 3f"    /* W 1.5 */
                   "04 6b 57 00 00 00 00 00 00 00 00" /* kW 0 */
                   "08"                               /* y 4 */
                   "0e 06 9a 01" /* y 7, x 3, time 77 */);
    check_exact(decoder, &body);
    buffer_release(&body);
    decoder_destroy(decoder);
}

static void a_branch_without_the_field_is_undecodable(void)
{
    static const struct avro_fields deep = {
        .time = "time", .x = "gridX", .y = "gridY", .value = "in.gen", .unit_of_schema = true};
    struct decoder *decoder = fixture_decoder(
        FIXTURE_RECORD(
            "{'name': 'time', 'type': ['null', 'long', 'string']}, {'name': 'gridX', 'type': "
            "'int'}, {'name': 'gridY', 'type': 'int'}, {'name': 'in', 'type': [{'type': "
            "'record', 'name': 'A', 'fields': [{'name': 'gen', 'type': ['double', 'null']}]}, "
            "'null', {'type': 'record', 'name': 'B', 'fields': []}, {'type': 'record', 'name': "
            "'C', 'fields': [{'name': 'gen', 'type': 'int'}]}]}"),
        &deep);
    struct record record;
    CU_ASSERT_EQUAL(
        fixture_decode_hex(decoder, "02 9a 01 06 08 00 00 00 00 00 00 00 00 f8 3f", false, &record),
        FATE_ON_TIME);
    CU_ASSERT(is_the_event(&record));
    CU_ASSERT_EQUAL(fixture_decode_hex(decoder, "02 9a 01 06 08 06 08", false, &record),
                    FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.rate, 4.0);
    static const char *const without[] = {
        "00 06 08 06 08",          /* time null */
        "04 02 37 06 08 06 08",    /* time a text */
        "02 9a 01 06 08 00 02",    /* in.gen null */
        "02 9a 01 06 08 02",       /* in null */
        "02 9a 01 06 08 04",       /* in a record without gen */
        "06 9a 01 06 08 06 08",    /* no such branch of time */
        "02 9a 01 06 08 08",       /* nor of in */
        "02 9a 01 06 08 03 06 08", /* a negative one */
    };
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        CU_ASSERT_EQUAL(fixture_decode_hex(decoder, without[i], false, &record), FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

/* Links inside of links, down to `links` of them, each begun by one byte and ended by others. */
static bool reads_links(const struct decoder *decoder, int links, uint8_t begin, const char *end)
{
    struct buffer body = {0};
    put_time(&body);
    for (int i = 1; i < links; i++)
        buffer_put_u8(&body, begin);
    buffer_put_u8(&body, 0);
    for (int i = 1; i < links; i++)
        put_hex(&body, end);
    put_rest(&body);
    struct record record = fixture_decode(decoder, &body);
    buffer_release(&body);
    return is_the_event(&record);
}

/* Records and lists are levels, unions are not; the event is the first. */
static void events_nest_to_the_same_depth_as_in_json(void)
{
    struct decoder *list = fixture_decoder(
        FIXTURE_WITH("{'type': 'record', 'name': 'Link', 'fields': [{'name': 'next', 'type': "
                     "['null', 'Link']}]}"),
        &fixture_usual);
    struct decoder *tree = fixture_decoder(
        FIXTURE_WITH("{'type': 'record', 'name': 'Link', 'fields': [{'name': 'next', 'type': "
                     "{'type': 'array', 'items': 'Link'}}]}"),
        &fixture_usual);
    for (int links = 1; links <= 70; links++) {
        CU_ASSERT_EQUAL(reads_links(list, links, 2, ""), links <= 63);
        CU_ASSERT_EQUAL(reads_links(tree, links, 2, "00"), links <= 31);
    }
    decoder_destroy(list);
    decoder_destroy(tree);
}

/* Two to the 64 values that take no byte are nothing to wait for. */
static void a_type_without_bytes_takes_no_time(void)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s", "{'type': 'record', 'name': 'E', 'fields': [");
    for (int i = 0; i < 62; i++) {
        char type[32] = "'null'";
        if (i > 0)
            snprintf(type, sizeof type, "'R%d'", i - 1);
        buffer_printf(&text,
                      "{'name': 'f%d', 'type': {'type': 'record', 'name': 'R%d', "
                      "'fields': [{'name': 'a', 'type': %s}, {'name': 'b', 'type': "
                      "%s}]}}, ",
                      i, i, type, type);
    }
    buffer_printf(&text, "%s",
                  "{'name': 'time', 'type': 'long'}, " FIXTURE_CELL
                  ", {'name': 'gen', 'type': 'double'}]}");
    buffer_put_u8(&text, 0);
    struct decoder *decoder = fixture_decoder((const char *)text.data, &fixture_usual);
    struct buffer body = body_with("");
    check_exact(decoder, &body);
    buffer_release(&body);
    buffer_release(&text);
    decoder_destroy(decoder);
}

static void the_confluent_form_wants_its_schema_id(void)
{
    static const char *const others[] = {"01 01 02 03 04", "00 01 02 03 05", "00 04 03 02 01",
                                         "00 00 00 00 00", "00 01 02 03",    ""};
    struct decoder *decoder =
        decoder_create(&(struct decoder_config){.format = EVENT_CONFLUENT_AVRO,
                                                .avro = fixture_plan(FIXTURE_PLAIN, &fixture_usual),
                                                .avro_schema_id = 0x01020304,
                                                .gnx = FIXTURE_GNX,
                                                .gny = FIXTURE_GNY,
                                                .gen_limit = 1e12});
    struct buffer body = {0};
    put_hex(&body, "00 01 02 03 04");
    put_time(&body);
    put_rest(&body);
    check_exact(decoder, &body);
    buffer_release(&body);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char hex[64];
        struct record record;
        snprintf(hex, sizeof hex, "%s 9a 01", others[i]);
        CU_ASSERT_EQUAL(fixture_decode_hex(decoder, hex + strspn(hex, " "), true, &record),
                        FATE_UNDECODABLE);
    }
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(an_event_is_read_to_its_last_byte_and_no_further),
        UNIT_TEST(other_fields_are_checked_and_passed_over),
        UNIT_TEST(fields_are_found_by_name_wherever_they_stand),
        UNIT_TEST(a_branch_without_the_field_is_undecodable),
        UNIT_TEST(events_nest_to_the_same_depth_as_in_json),
        UNIT_TEST(a_type_without_bytes_takes_no_time),
        UNIT_TEST(the_confluent_form_wants_its_schema_id),
    };
    return unit_run("decoder_avro", tests, UNIT_COUNT(tests));
}
