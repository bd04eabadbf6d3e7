/* The decoder's other forms: binary messages and CSV lines. */
#include <string.h>

#include "unit.h"
#include "usual_events.h"

static struct record decode_binary(const uint8_t *key, size_t key_size, const uint8_t *value,
                                   size_t value_size)
{
    struct decoder_config config = usual;
    config.format = EVENT_BINARY;
    struct decoder *decoder = decoder_create(&config);
    struct record record;
    struct message message = {
        .key = key, .key_size = key_size, .value = value, .value_size = value_size};
    decoder_decode(decoder, 3, &message, &record);
    decoder_destroy(decoder);
    return record;
}

static void binary_is_big_endian_and_of_exact_length(void)
{
    static const uint8_t key[9] = {0, 0, 0, 2, 0, 0, 0, 3};
    static const uint8_t value[17] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xBF, 0xF8};
    struct record record = decode_binary(key, 8, value, 16);
    CU_ASSERT_EQUAL(record.verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(record.cell, 2 * 30 + 3);
    CU_ASSERT_EQUAL(record.time_ms, -2);
    CU_ASSERT_EQUAL(record.rate, -1.5);
    CU_ASSERT_EQUAL(decode_binary(key, 9, value, 16).verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_binary(key, 7, value, 16).verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_binary(NULL, 0, value, 16).verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_binary(key, 8, value, 15).verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_binary(key, 8, value, 17).verdict, FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_binary(key, 8, NULL, 0).verdict, FATE_UNDECODABLE);
}

static void binary_nan_and_infinity_are_not_finite(void)
{
    static const uint8_t inside[8] = {0, 0, 0, 2, 0, 0, 0, 3}, outside[8] = {0xFF};
    static const uint8_t nan_value[16] = {[8] = 0x7F, [9] = 0xF8};
    static const uint8_t infinite[16] = {[8] = 0xFF, [9] = 0xF0};
    CU_ASSERT_EQUAL(decode_binary(inside, 8, nan_value, 16).verdict, FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_binary(inside, 8, infinite, 16).verdict, FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_binary(outside, 8, nan_value, 16).verdict, FATE_OUT_OF_RANGE);
}

static enum fate decode_csv(const char *line)
{
    struct decoder *decoder = decoder_create(&usual);
    struct error err;
    struct record record = {.verdict = FATE_COUNT};
    struct message message = {.value = (const uint8_t *)line, .value_size = strlen(line)};
    if (decoder_set_csv(decoder, 2, "note,\"gen\",gridX,gridY,time\r", &err) == STATUS_OK)
        decoder_decode(decoder, 2, &message, &record);
    decoder_destroy(decoder);
    if (record.verdict == FATE_ON_TIME)
        CU_ASSERT(record.time_ms == 77 && record.cell == 3 * 30 + 4 && record.rate == 1.5);
    return record.verdict;
}

static void csv_lines_are_read_by_the_header(void)
{
    CU_ASSERT_EQUAL(decode_csv("x,1.5,3,4,77"), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_csv(",15e-1,3,4,77\r"), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_csv("\"a,\"\"b\"\"\",\"1.5\",\"3\",4,77"), FATE_ON_TIME);
    CU_ASSERT_EQUAL(decode_csv("x,1.5,40,4,77"), FATE_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(decode_csv("x,1e999,3,4,77"), FATE_NOT_FINITE);
    CU_ASSERT_EQUAL(decode_csv(""), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,1.5,3,4"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,1.5,3,4,77,"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,1.5,3, 4,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,1.5,3,4.0,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,nan,3,4,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("x,,3,4,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("\"x,1.5,3,4,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("\"x\"y,1.5,3,4,77"), FATE_UNDECODABLE);
    CU_ASSERT_EQUAL(decode_csv("{\"time\":77,\"gridX\":3,\"gridY\":4,\"gen\":1.5}"),
                    FATE_UNDECODABLE);
}

static enum status set_header(const char *header, struct error *err)
{
    struct decoder *decoder = decoder_create(&usual);
    enum status status = decoder_set_csv(decoder, 0, header, err);
    decoder_destroy(decoder);
    return status;
}

static void csv_header_must_name_every_field_once(void)
{
    struct error err;
    CU_ASSERT_EQUAL(set_header("\xEF\xBB\xBFtime,gridX,gridY,gen", &err), STATUS_OK);
    CU_ASSERT_EQUAL(set_header("time,gridX,gen", &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "gridY"));
    CU_ASSERT_EQUAL(set_header("time,gridX,gridY,gen,time", &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "twice"));
    CU_ASSERT_EQUAL(set_header("", &err), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL(set_header("\"time", &err), STATUS_NO_INPUT);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(binary_is_big_endian_and_of_exact_length),
        UNIT_TEST(binary_nan_and_infinity_are_not_finite),
        UNIT_TEST(csv_lines_are_read_by_the_header),
        UNIT_TEST(csv_header_must_name_every_field_once),
    };
    return unit_run("decoder_forms", tests, UNIT_COUNT(tests));
}
