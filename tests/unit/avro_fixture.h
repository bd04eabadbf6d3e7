/* Schemas, bodies and decoders of Avro events for tests. */
#ifndef HEATSTREAM_TESTS_AVRO_FIXTURE_H
#define HEATSTREAM_TESTS_AVRO_FIXTURE_H

#include <string.h>

#include "base/buffer.h"
#include "unit.h"
#include "wire/decoder.h"

enum { FIXTURE_GNX = 40, FIXTURE_GNY = 30 };

static struct error fixture_error;

/* Schemas are written with ' for quotes. */
#define FIXTURE_RECORD(fields) "{'type': 'record', 'name': 'heat.Event', 'fields': [" fields "]}"
#define FIXTURE_CELL "{'name': 'gridX', 'type': 'int'}, {'name': 'gridY', 'type': 'int'}"
#define FIXTURE_TYPES(time, value)                                                                 \
    FIXTURE_RECORD("{'name': 'time', 'type': " time "}, " FIXTURE_CELL                             \
                   ", {'name': 'gen', 'type': " value "}")
#define FIXTURE_PLAIN FIXTURE_TYPES("'long'", "'double'")
/* With one more field between the time and the cell. */
#define FIXTURE_WITH(type)                                                                         \
    FIXTURE_RECORD("{'name': 'time', 'type': 'long'}, {'name': 'more', 'type': " type              \
                   "}, " FIXTURE_CELL ", {'name': 'gen', 'type': 'double'}")

static const struct avro_fields fixture_usual = {
    .time = "time", .x = "gridX", .y = "gridY", .value = "gen", .unit_of_schema = true};

static inline void fixture_requote(char *text, char from, char to)
{
    for (; *text; text++)
        if (*text == from)
            *text = to;
}

static inline enum status fixture_schema(const char *text, struct avro_schema **schema)
{
    char *json = strdup(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    fixture_requote(json, '\'', '"');
    enum status status = avro_schema_parse("event.avsc", (const uint8_t *)json, strlen(json),
                                           schema, &fixture_error);
    free(json);
    return status;
}

/* NULL, and fixture_error with ' for quotes, when the schema or the plan is refused. */
static inline struct avro_plan *fixture_plan(const char *text, const struct avro_fields *fields)
{
    struct avro_schema *schema = NULL;
    struct avro_plan *plan = NULL;
    fixture_error.text[0] = '\0';
    enum status status = fixture_schema(text, &schema);
    if (status == STATUS_OK)
        status = avro_plan_create(schema, fields, &plan, &fixture_error);
    fixture_requote(fixture_error.text, '"', '\'');
    CU_ASSERT(status == STATUS_OK || status == STATUS_BAD_DECK);
    CU_ASSERT_EQUAL(status == STATUS_OK, plan != NULL);
    avro_schema_destroy(schema);
    return plan;
}

static inline struct decoder *fixture_decoder(const char *text, const struct avro_fields *fields)
{
    struct avro_plan *plan = fixture_plan(text, fields);
    if (!plan)
        fprintf(stderr, "refused: %s\n", fixture_error.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return decoder_create(&(struct decoder_config){.format = EVENT_AVRO,
                                                   .avro = plan,
                                                   .gnx = FIXTURE_GNX,
                                                   .gny = FIXTURE_GNY,
                                                   .gen_limit = 1e12});
}

static inline struct record fixture_decode(const struct decoder *decoder, const struct buffer *body)
{
    struct record record;
    struct message message = {.offset = 5, .value = body->data, .value_size = body->size};
    decoder_decode(decoder, 1, &message, &record);
    return record;
}

static inline void put_whole(struct buffer *body, int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; bits > 0x7F; bits >>= 7)
        buffer_put_u8(body, (uint8_t)(bits & 0x7F) | 0x80);
    buffer_put_u8(body, (uint8_t)bits);
}

static inline void put_text(struct buffer *body, const char *text)
{
    put_whole(body, (int64_t)strlen(text));
    buffer_append(body, text, strlen(text));
}

static inline void put_bytes(struct buffer *body, size_t count, const uint8_t *bytes)
{
    buffer_append(body, bytes, count);
}

/* Bytes of a value as hexadecimal digits, spaces between. */
static inline void put_hex(struct buffer *body, const char *hex)
{
    for (; *hex; hex += strspn(hex, " ")) {
        buffer_put_u8(body, (uint8_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16));
        hex += 2;
    }
}

/* Time 77, cell (3, 4), rate 1.5 in the order of FIXTURE_PLAIN, whose parts others put apart. */
static inline void put_time(struct buffer *body)
{
    put_whole(body, 77);
}

static inline void put_rest(struct buffer *body)
{
    static const uint8_t rate[8] = {0, 0, 0, 0, 0, 0, 0xF8, 0x3F};
    put_whole(body, 3);
    put_whole(body, 4);
    put_bytes(body, sizeof rate, rate);
}

/* `rest`: with put_rest() behind the bytes. */
static inline enum fate fixture_decode_hex(const struct decoder *decoder, const char *before,
                                           bool rest, struct record *record)
{
    struct buffer body = {0};
    put_hex(&body, before);
    if (rest)
        put_rest(&body);
    *record = fixture_decode(decoder, &body);
    buffer_release(&body);
    return record->verdict;
}

static inline bool is_the_event(const struct record *record)
{
    return record->verdict == FATE_ON_TIME && record->time_ms == 77 &&
           record->cell == 3 * FIXTURE_GNY + 4 && record->sensor == record->cell &&
           record->rate == 1.5;
}

#endif
