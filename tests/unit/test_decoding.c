#include "wire/decoding.h"

#include <string.h>

#include "decoding.h"

static const char table[] = "id,x,y,gain,offset\nfirst,1,2,3,0.5\nsecond,3,1,1,0\n";
static const char schema[] = "{\"type\": \"record\", \"name\": \"E\", \"fields\": ["
                             "{\"name\": \"at\", \"type\": \"long\"}, "
                             "{\"name\": \"x\", \"type\": \"int\"}, "
                             "{\"name\": \"y\", \"type\": \"int\"}, "
                             "{\"name\": \"gen\", \"type\": \"double\"}]}";

static struct decoding_file file_of(const char *name, const char *text)
{
    return (struct decoding_file){
        .name = name, .bytes = (const uint8_t *)text, .size = strlen(text)};
}

static const struct decoder_config plain = {.format = EVENT_JSON,
                                            .field_time = "at",
                                            .field_x = "x",
                                            .field_y = "y",
                                            .field_value = "deep.gen",
                                            .gnx = 5,
                                            .gny = 4,
                                            .gen_limit = 100,
                                            .time_unit = TIME_US};

static struct decoder *travelled(const struct decoding *decoding)
{
    struct buffer bytes = {0};
    struct decoder *decoder = NULL;
    struct error err = {""};
    decoding_save(decoding, &bytes);
    struct buffer_reader reader = {.data = bytes.data, .size = bytes.size};
    CU_ASSERT_EQUAL(decoding_load(&reader, &decoder, &err), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT_EQUAL(reader.position, bytes.size);
    memset(bytes.data, 0xAA, bytes.size); /* nothing of it may be needed any more */
    buffer_release(&bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(decoder);
    return decoder;
}

static void names_unit_grid_and_limit_arrive(void)
{
    struct decoder *decoder = travelled(&(struct decoding){.config = plain});
    struct record record =
        decode_text(decoder, "{\"at\": 1999, \"x\": 4, \"y\": 3, \"deep\": {\"gen\": 100}}");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, 1);
    CU_ASSERT_EQUAL(record.cell, 4 * 4 + 3);
    CU_ASSERT_EQUAL(record.rate, 100.0);
    record = decode_text(decoder, "{\"at\": 0, \"x\": 5, \"y\": 3, \"deep\": {\"gen\": 1}}");
    CU_ASSERT_EQUAL(record.verdict, FATE_OUT_OF_RANGE);
    record = decode_text(decoder, "{\"at\": 0, \"x\": 4, \"y\": 3, \"deep\": {\"gen\": 101}}");
    CU_ASSERT_EQUAL(record.verdict, FATE_OUT_OF_RANGE);
    decoder_destroy(decoder);
}

static void a_sensor_table_arrives_with_its_rows(void)
{
    struct decoding decoding = {.config = plain, .sensors = file_of("table.csv", table)};
    decoding.config.field_x = decoding.config.field_y = NULL;
    decoding.config.field_id = "who";
    struct decoder *decoder = travelled(&decoding);
    struct record record =
        decode_text(decoder, "{\"at\": 0, \"who\": \"second\", \"deep\": {\"gen\": 7}}");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.sensor, 1);
    CU_ASSERT_EQUAL(record.cell, 3 * 4 + 1);
    record = decode_text(decoder, "{\"at\": 0, \"who\": \"first\", \"deep\": {\"gen\": 7}}");
    CU_ASSERT_EQUAL(record.rate, 21.5);
    record = decode_text(decoder, "{\"at\": 0, \"who\": \"third\", \"deep\": {\"gen\": 7}}");
    CU_ASSERT_EQUAL(record.verdict, FATE_UNKNOWN_SENSOR);
    decoder_destroy(decoder);
}

static void columns_arrive_in_their_order(void)
{
    static const char *const columns[] = {"deep.gen", "other", "y", "x", "at"};
    struct decoding decoding = {.config = plain};
    decoding.config.format = EVENT_CSV;
    decoding.config.csv_columns = columns;
    decoding.config.csv_column_count = 5;
    struct decoder *decoder = travelled(&decoding);
    struct record record = decode_text(decoder, "2.5,nothing,3,1,4000");
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, 4);
    CU_ASSERT_EQUAL(record.cell, 1 * 4 + 3);
    CU_ASSERT_EQUAL(record.rate, 2.5);
    decoder_destroy(decoder);
}

static void a_schema_arrives_with_the_id_its_events_carry(void)
{
    struct decoding decoding = {
        .config = plain,
        .schema = file_of("e.avsc", schema),
        .fields = {.time = "at", .x = "x", .y = "y", .value = "gen", .time_unit = TIME_US}};
    decoding.config.format = EVENT_CONFLUENT_AVRO;
    decoding.config.avro_schema_id = 258;
    struct decoder *decoder = travelled(&decoding);
    uint8_t event[] = {0, 0, 0, 1, 2, 0xA0, 0x1F, 2, 6, 0, 0, 0, 0, 0, 0, 4, 0x40};
    struct record record = decode_bytes(decoder, event, sizeof event);
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.time_ms, 2);
    CU_ASSERT_EQUAL(record.cell, 1 * 4 + 3);
    CU_ASSERT_EQUAL(record.rate, 2.5);
    event[4] = 3;
    CU_ASSERT_EQUAL(decode_bytes(decoder, event, sizeof event).verdict, FATE_UNDECODABLE);
    decoder_destroy(decoder);
}

static void what_is_cut_short_is_refused_wherever_it_ends(void)
{
    struct buffer bytes = {0};
    struct decoding decoding = {.config = plain, .sensors = file_of("table.csv", table)};
    decoding.config.field_id = "who";
    decoding_save(&decoding, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct decoder *decoder;
        struct error err;
        struct buffer_reader reader = {.data = bytes.data, .size = size};
        CU_ASSERT_EQUAL(decoding_load(&reader, &decoder, &err), STATUS_BUG);
    }
    buffer_release(&bytes);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(names_unit_grid_and_limit_arrive),
        UNIT_TEST(a_sensor_table_arrives_with_its_rows),
        UNIT_TEST(columns_arrive_in_their_order),
        UNIT_TEST(a_schema_arrives_with_the_id_its_events_carry),
        UNIT_TEST(what_is_cut_short_is_refused_wherever_it_ends),
    };
    return unit_run("decoding", tests, UNIT_COUNT(tests));
}
