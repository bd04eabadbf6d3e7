#include "wire/decoder.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro_body.h"
#include "base/memory.h"
#include "big_endian.h"
#include "event_time.h"
#include "json.h"
#include "json_paths.h"
#include "json_shape.h"
#include "wire/csv.h"

enum { FIELD_TIME, FIELD_X, FIELD_Y, FIELD_VALUE, FIELDS };
enum { FIELD_ID = FIELD_X }; /* with a sensor table, and then there is no FIELD_Y */

_Static_assert((int)FIELDS == (int)JSON_FIELDS && (int)FIELDS == (int)CSV_FIELDS,
               "the scanners look for as many fields as an event has");

struct decoder {
    enum event_format format;
    enum time_unit unit;
    struct json_field fields[FIELDS];
    struct json_paths *paths; /* NULL: not JSON, or every field is a number of the event itself */
    char *names[FIELDS];      /* NULL: not wanted */
    int64_t gnx, gny;
    double gen_limit;
    struct sensors *sensors;
    struct avro_plan *avro;
    uint64_t avro_schema_id;
    struct csv_layout columns;  /* EVENT_CSV */
    struct csv_layout *layouts; /* [layout_count]; columns 0: the partition is no file of CSV */
    int layout_count;
    struct keyset *keys;      /* scratch */
    struct json_shape *shape; /* scratch: of the last event of the flat kind */
    uint8_t *id;              /* scratch [id_size]: an identifier, unescaped */
    size_t id_size;
};

/* An event before its cell and rate are judged. */
struct reading {
    int64_t time_ms, x, y;
    int64_t row; /* of the sensor table, or -1 */
    double value;
};

static void copy_names(struct decoder *decoder, const struct decoder_config *config)
{
    const bool table = config->sensors != NULL;
    const char *names[FIELDS] = {[FIELD_TIME] = config->field_time,
                                 [FIELD_X] = table ? config->field_id : config->field_x,
                                 [FIELD_Y] = table ? NULL : config->field_y,
                                 [FIELD_VALUE] = config->field_value};
    for (int i = 0; i < FIELDS; i++) {
        if (!names[i])
            continue;
        decoder->names[i] = memory_text(names[i]);
        decoder->fields[i] = (struct json_field){decoder->names[i], strlen(names[i])};
    }
}

static struct csv_layout columns_of(const struct decoder *decoder,
                                    const struct decoder_config *config)
{
    const char *names[FIELDS];
    int count = 0;
    if (config->csv_column_count > 0)
        return csv_layout_of(config->csv_columns, config->csv_column_count,
                             (const char *const *)decoder->names);
    for (int i = 0; i < FIELDS; i++)
        if (decoder->names[i])
            names[count++] = decoder->names[i];
    return csv_layout_of(names, count, (const char *const *)decoder->names);
}

/* True when the fast scanner will do: four numbers of the event itself. */
static bool is_flat(const struct decoder *decoder)
{
    bool flat = decoder->unit != TIME_ISO8601 && !decoder->sensors;
    for (int i = 0; i < FIELDS && flat; i++)
        flat = !strchr(decoder->names[i], '.');
    return flat;
}

struct decoder *decoder_create(const struct decoder_config *config)
{
    assert(config->format != EVENT_BINARY ||
           (!config->sensors && config->time_unit != TIME_S && config->time_unit != TIME_ISO8601));
    assert(event_format_is_avro(config->format) == (config->avro != NULL));
    struct decoder *decoder = memory_zeroed(1, sizeof *decoder);
    decoder->format = config->format;
    decoder->unit = config->time_unit;
    decoder->gnx = config->gnx;
    decoder->gny = config->gny;
    decoder->gen_limit = config->gen_limit;
    decoder->sensors = config->sensors;
    decoder->avro = config->avro;
    decoder->avro_schema_id = (uint64_t)config->avro_schema_id;
    decoder->keys = memory_zeroed(1, sizeof *decoder->keys);
    decoder->shape = memory_zeroed(1, sizeof *decoder->shape);
    decoder->id_size = config->sensors ? sensors_longest_id(config->sensors) : 0;
    decoder->id = memory_block(decoder->id_size + 1);
    copy_names(decoder, config);
    if (config->format == EVENT_CSV)
        decoder->columns = columns_of(decoder, config);
    if (config->format == EVENT_JSON && !is_flat(decoder))
        decoder->paths = json_paths_create((const char *const *)decoder->names);
    return decoder;
}

void decoder_destroy(struct decoder *decoder)
{
    if (!decoder)
        return;
    for (int i = 0; i < FIELDS; i++)
        free(decoder->names[i]);
    json_paths_destroy(decoder->paths);
    keyset_release(decoder->keys);
    free(decoder->keys);
    free(decoder->shape);
    free(decoder->layouts);
    free(decoder->id);
    sensors_destroy(decoder->sensors);
    avro_plan_destroy(decoder->avro);
    free(decoder);
}

enum status decoder_set_csv(struct decoder *decoder, int partition, const char *header,
                            struct error *err)
{
    struct csv_layout layout;
    TRY(csv_read_header(header, (const char *const *)decoder->names, &layout, err));
    if (partition >= decoder->layout_count) {
        size_t count = (size_t)partition + 1;
        decoder->layouts =
            memory_checked(realloc(decoder->layouts, count * sizeof *decoder->layouts));
        for (int p = decoder->layout_count; p <= partition; p++)
            decoder->layouts[p] = (struct csv_layout){0};
        decoder->layout_count = partition + 1;
    }
    decoder->layouts[partition] = layout;
    return STATUS_OK;
}

/* False when it cannot be an identifier; one that the table lacks is row -1. */
static bool read_id(const struct decoder *decoder, const struct scalar *scalar, int64_t *row)
{
    struct scalar_text text;
    if (scalar->kind == SCALAR_NUMBER) {
        const struct number *number = &scalar->number;
        *row = sensors_find(decoder->sensors, number->begin, (size_t)(number->end - number->begin));
        return number->integer;
    }
    *row = -1;
    if (scalar_to_text(scalar, decoder->id, decoder->id_size, &text))
        *row = sensors_find(decoder->sensors, text.begin, text.size);
    return true;
}

static bool read_int64(const struct scalar *scalar, int64_t *value)
{
    struct number number;
    return scalar_number(scalar, &number) && number_to_int64(&number, value);
}

static bool read_scalars(const struct decoder *decoder, const struct scalar scalars[FIELDS],
                         struct reading *reading)
{
    struct number value;
    if (!event_time_of_scalar(decoder->unit, &scalars[FIELD_TIME], &reading->time_ms) ||
        !scalar_number(&scalars[FIELD_VALUE], &value))
        return false;
    reading->value = number_to_double(&value);
    if (decoder->sensors)
        return read_id(decoder, &scalars[FIELD_ID], &reading->row);
    return read_int64(&scalars[FIELD_X], &reading->x) && read_int64(&scalars[FIELD_Y], &reading->y);
}

static bool read_csv(const struct decoder *decoder, const struct csv_layout *layout,
                     const struct message *message, struct reading *reading)
{
    struct scalar scalars[FIELDS];
    return csv_split_line(layout, message->value, message->value_size, scalars) &&
           read_scalars(decoder, scalars, reading);
}

static bool scan_flat(const struct decoder *decoder, const struct message *message,
                      struct number numbers[FIELDS])
{
    if (json_shape_scan(decoder->shape, message->value, message->value_size, numbers))
        return true;
    if (!json_scan_event(message->value, message->value_size, decoder->fields, decoder->keys,
                         numbers))
        return false;
    json_shape_learn(decoder->shape, message->value, message->value_size, numbers);
    return true;
}

static bool read_flat(const struct decoder *decoder, const struct message *message,
                      struct reading *reading)
{
    struct number numbers[FIELDS];
    if (!scan_flat(decoder, message, numbers) ||
        !event_time_of_number(decoder->unit, &numbers[FIELD_TIME], &reading->time_ms) ||
        !number_to_int64(&numbers[FIELD_X], &reading->x) ||
        !number_to_int64(&numbers[FIELD_Y], &reading->y))
        return false;
    reading->value = number_to_double(&numbers[FIELD_VALUE]);
    return true;
}

static bool read_nested(const struct decoder *decoder, const struct message *message,
                        struct reading *reading)
{
    struct scalar scalars[FIELDS];
    return json_scan_paths(message->value, message->value_size, decoder->paths, decoder->keys,
                           scalars) &&
           read_scalars(decoder, scalars, reading);
}

static bool read_binary(const struct decoder *decoder, const struct message *message,
                        struct reading *reading)
{
    if (!message->key || message->key_size != 8 || message->value_size != 16)
        return false;
    uint64_t bits = big_endian_get64(message->value + 8);
    reading->x = (int64_t)big_endian_get32(message->key);
    reading->y = (int64_t)big_endian_get32(message->key + 4);
    reading->time_ms =
        event_time_of_int64(decoder->unit, (int64_t)big_endian_get64(message->value));
    memcpy(&reading->value, &bits, sizeof bits);
    return true;
}

/* The row of an identifier, or -1. */
static int64_t find_avro_id(const struct decoder *decoder, const struct avro_value *id)
{
    char digits[24];
    if (id->text)
        return sensors_find(decoder->sensors, id->text, id->text_size);
    int size = snprintf(digits, sizeof digits, "%" PRId64, id->whole);
    return sensors_find(decoder->sensors, (const uint8_t *)digits, (size_t)size);
}

static bool read_avro(const struct decoder *decoder, const struct message *message,
                      struct reading *reading)
{
    struct avro_value values[AVRO_FIELDS];
    const uint8_t *body = message->value;
    size_t size = message->value_size;
    if (decoder->format == EVENT_CONFLUENT_AVRO) {
        if (size < AVRO_PREFIX_BYTES || body[0] != 0 ||
            big_endian_get32(body + 1) != decoder->avro_schema_id)
            return false;
        body += AVRO_PREFIX_BYTES;
        size -= AVRO_PREFIX_BYTES;
    }
    if (!avro_body_read(decoder->avro, body, size, values))
        return false;
    reading->time_ms = values[AVRO_FIELD_TIME].whole;
    reading->value = values[AVRO_FIELD_VALUE].real;
    if (decoder->sensors) {
        reading->row = find_avro_id(decoder, &values[AVRO_FIELD_ID]);
        return true;
    }
    reading->x = values[AVRO_FIELD_X].whole;
    reading->y = values[AVRO_FIELD_Y].whole;
    return true;
}

static bool read_event(const struct decoder *decoder, int partition, const struct message *message,
                       struct reading *reading)
{
    if (!message->value || message->value_size > DECODER_BYTES_MAX)
        return false;
    if (partition < decoder->layout_count && decoder->layouts[partition].columns)
        return read_csv(decoder, &decoder->layouts[partition], message, reading);
    if (decoder->format == EVENT_CSV)
        return read_csv(decoder, &decoder->columns, message, reading);
    if (decoder->format == EVENT_BINARY)
        return read_binary(decoder, message, reading);
    if (decoder->avro)
        return read_avro(decoder, message, reading);
    return decoder->paths ? read_nested(decoder, message, reading)
                          : read_flat(decoder, message, reading);
}

static enum fate judge_rate(const struct decoder *decoder, double rate)
{
    if (!isfinite(rate))
        return FATE_NOT_FINITE;
    return fabs(rate) > decoder->gen_limit ? FATE_OUT_OF_RANGE : FATE_ON_TIME;
}

static enum fate judge_cell(const struct decoder *decoder, const struct reading *reading,
                            struct record *record)
{
    if (reading->x < 0 || reading->x >= decoder->gnx || reading->y < 0 ||
        reading->y >= decoder->gny)
        return FATE_OUT_OF_RANGE;
    record->cell = reading->x * decoder->gny + reading->y;
    record->sensor = record->cell;
    record->rate = reading->value;
    return judge_rate(decoder, record->rate);
}

static enum fate judge_sensor(const struct decoder *decoder, const struct reading *reading,
                              struct record *record)
{
    if (reading->row < 0)
        return FATE_UNKNOWN_SENSOR;
    const struct sensor *sensor = sensors_at(decoder->sensors, reading->row);
    double scaled = sensor->gain * reading->value;
    record->cell = sensor->cell;
    record->sensor = reading->row;
    record->rate = scaled + sensor->offset;
    return judge_rate(decoder, record->rate);
}

void decoder_decode(const struct decoder *decoder, int partition, const struct message *message,
                    struct record *record)
{
    struct reading reading;
    /* every member is named: zeroing them all at once takes longer than decoding */
    *record = (struct record){.verdict = FATE_UNDECODABLE,
                              .partition = partition,
                              .offset = message->offset,
                              .has_time = false,
                              .time_ms = 0,
                              .cell = 0,
                              .sensor = 0,
                              .rate = 0.0,
                              .key = message->key,
                              .value = message->value,
                              .key_size = message->key_size,
                              .value_size = message->value_size};
    if (!read_event(decoder, partition, message, &reading))
        return;
    record->has_time = true;
    record->time_ms = reading.time_ms;
    record->verdict = decoder->sensors ? judge_sensor(decoder, &reading, record)
                                       : judge_cell(decoder, &reading, record);
}
