#include "ingest/decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "json.h"

enum { FIELD_TIME, FIELD_X, FIELD_Y, FIELD_VALUE };

struct decoder {
    enum event_format format;
    struct json_field fields[JSON_FIELDS];
    char *names[JSON_FIELDS];
    int64_t gnx, gny;
    double gen_limit;
    struct csv_layout *layouts; /* [layout_count]; columns 0: the partition is not CSV */
    int layout_count;
    struct keyset *keys; /* scratch */
};

/* An event before its cell and rate are judged. */
struct reading {
    int64_t time_ms, x, y;
    double value;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct decoder *decoder_create(const struct decoder_config *config)
{
    const char *names[JSON_FIELDS] = {config->field_time, config->field_x, config->field_y,
                                      config->field_value};
    struct decoder *decoder = must(calloc(1, sizeof *decoder));
    decoder->format = config->format;
    decoder->gnx = config->gnx;
    decoder->gny = config->gny;
    decoder->gen_limit = config->gen_limit;
    decoder->keys = must(calloc(1, sizeof *decoder->keys));
    for (int i = 0; i < JSON_FIELDS; i++) {
        decoder->names[i] = must(strdup(names[i]));
        decoder->fields[i] = (struct json_field){decoder->names[i], strlen(names[i])};
    }
    return decoder;
}

void decoder_destroy(struct decoder *decoder)
{
    if (!decoder)
        return;
    for (int i = 0; i < JSON_FIELDS; i++)
        free(decoder->names[i]);
    keyset_release(decoder->keys);
    free(decoder->keys);
    free(decoder->layouts);
    free(decoder);
}

enum status decoder_set_csv(struct decoder *decoder, int partition, const char *header,
                            struct error *err)
{
    struct csv_layout layout;
    TRY(csv_read_header(header, decoder->fields, &layout, err));
    if (partition >= decoder->layout_count) {
        size_t count = (size_t)partition + 1;
        decoder->layouts = must(realloc(decoder->layouts, count * sizeof *decoder->layouts));
        for (int p = decoder->layout_count; p <= partition; p++)
            decoder->layouts[p] = (struct csv_layout){0};
        decoder->layout_count = partition + 1;
    }
    decoder->layouts[partition] = layout;
    return STATUS_OK;
}

static bool read_numbers(const struct number *numbers, struct reading *reading)
{
    if (!number_to_int64(&numbers[FIELD_TIME], &reading->time_ms) ||
        !number_to_int64(&numbers[FIELD_X], &reading->x) ||
        !number_to_int64(&numbers[FIELD_Y], &reading->y))
        return false;
    reading->value = number_to_double(&numbers[FIELD_VALUE]);
    return true;
}

static uint64_t read_big_endian(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static bool read_binary(const struct message *message, struct reading *reading)
{
    if (!message->key || message->key_size != 8 || message->value_size != 16)
        return false;
    uint64_t bits = read_big_endian(message->value + 8, 8);
    reading->x = (int64_t)read_big_endian(message->key, 4);
    reading->y = (int64_t)read_big_endian(message->key + 4, 4);
    reading->time_ms = (int64_t)read_big_endian(message->value, 8);
    memcpy(&reading->value, &bits, sizeof bits);
    return true;
}

static bool read_event(const struct decoder *decoder, int partition, const struct message *message,
                       struct reading *reading)
{
    struct number numbers[JSON_FIELDS];
    if (!message->value || message->value_size > DECODER_BYTES_MAX)
        return false;
    if (partition < decoder->layout_count && decoder->layouts[partition].columns)
        return csv_scan_line(&decoder->layouts[partition], message->value, message->value_size,
                             numbers) &&
               read_numbers(numbers, reading);
    if (decoder->format == EVENT_BINARY)
        return read_binary(message, reading);
    return json_scan_event(message->value, message->value_size, decoder->fields, decoder->keys,
                           numbers) &&
           read_numbers(numbers, reading);
}

static enum fate judge(const struct decoder *decoder, const struct reading *reading)
{
    if (reading->x < 0 || reading->x >= decoder->gnx || reading->y < 0 ||
        reading->y >= decoder->gny)
        return FATE_OUT_OF_RANGE;
    if (!isfinite(reading->value))
        return FATE_NOT_FINITE;
    return fabs(reading->value) > decoder->gen_limit ? FATE_OUT_OF_RANGE : FATE_ON_TIME;
}

void decoder_decode(const struct decoder *decoder, int partition, const struct message *message,
                    struct record *record)
{
    struct reading reading;
    *record = (struct record){.verdict = FATE_UNDECODABLE,
                              .partition = partition,
                              .offset = message->offset,
                              .key = message->key,
                              .value = message->value,
                              .key_size = message->key_size,
                              .value_size = message->value_size};
    if (!read_event(decoder, partition, message, &reading))
        return;
    record->verdict = judge(decoder, &reading);
    record->has_time = true;
    record->time_ms = reading.time_ms;
    if (record->verdict != FATE_ON_TIME)
        return;
    record->cell = reading.x * decoder->gny + reading.y;
    record->sensor = record->cell;
    record->rate = reading.value;
}
