/* What must hold of every decoder for any bytes at all; abort() where it does not. For the targets
 * of a coverage-guided fuzzer and for the seeded mutations of the unit tests. */
#ifndef HEATSTREAM_TESTS_FUZZ_CHECKS_H
#define HEATSTREAM_TESTS_FUZZ_CHECKS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "wire/decoder.h"

enum { CHECK_GRID = 16, CHECK_LEVELS = 64 };

static inline void check_that(bool holds)
{
    if (!holds)
        abort();
}

static inline struct decoder_config check_config(enum event_format format, enum time_unit unit)
{
    return (struct decoder_config){.format = format,
                                   .time_unit = unit,
                                   .field_time = "time",
                                   .field_x = "gridX",
                                   .field_y = "gridY",
                                   .field_value = "gen",
                                   .gnx = CHECK_GRID,
                                   .gny = CHECK_GRID,
                                   .gen_limit = 1e12};
}

static inline struct sensors *check_table(void)
{
    static const char text[] = "id,x,y,gain,offset\nrack7,1,2,0.5,0.25\n7,3,4,-1,0\n"
                               "\"a\"\"b,c\",15,15,1e300,-1\n\xC3\xA9,0,0,0,1\n";
    struct sensors *sensors;
    struct error err;
    check_that(sensors_parse("t", (const uint8_t *)text, sizeof text - 1, CHECK_GRID, CHECK_GRID,
                             &sensors, &err) == STATUS_OK);
    return sensors;
}

static inline struct decoder_config check_config_of_sensors(enum event_format format)
{
    struct decoder_config config = check_config(format, TIME_ISO8601);
    config.sensors = check_table();
    config.field_id = "sensor";
    config.field_time = "ts";
    config.field_value = "reading.watts";
    return config;
}

/* Nothing is read behind the bytes: they are copied to an end of a block of their own. */
static inline struct record check_decode(const struct decoder *decoder, const uint8_t *key,
                                         size_t key_size, const uint8_t *data, size_t size)
{
    struct record record;
    uint8_t *copy = malloc(size + 1);
    check_that(copy != NULL);
    if (size > 0)
        memcpy(copy + 1, data, size);
    struct message message = {
        .offset = 9, .key = key, .key_size = key_size, .value = copy + 1, .value_size = size};
    decoder_decode(decoder, 2, &message, &record);
    free(copy);
    check_that(record.partition == 2 && record.offset == 9 && record.value_size == size);
    switch (record.verdict) {
    case FATE_UNDECODABLE:
        check_that(!record.has_time);
        break;
    case FATE_ON_TIME:
        check_that(record.cell >= 0 && record.cell < CHECK_GRID * CHECK_GRID);
        check_that(record.sensor >= 0 && record.sensor < CHECK_GRID * CHECK_GRID);
        check_that(fabs(record.rate) <= 1e12 && record.has_time);
        break;
    default:
        check_that(record.has_time);
        check_that(record.verdict == FATE_UNKNOWN_SENSOR || record.verdict == FATE_OUT_OF_RANGE ||
                   record.verdict == FATE_NOT_FINITE);
    }
    return record;
}

static inline bool check_equal(const struct record *a, const struct record *b)
{
    if (a->verdict != b->verdict || a->time_ms != b->time_ms)
        return false;
    return a->verdict != FATE_ON_TIME || (a->cell == b->cell && a->rate == b->rate);
}

static inline bool check_is_deep(const uint8_t *data, size_t size)
{
    int brackets = 0;
    for (size_t i = 0; i < size; i++)
        brackets += data[i] == '{' || data[i] == '[';
    return brackets >= CHECK_LEVELS;
}

/* An event is the same inside of another object, where only the scanner of paths finds it. */
static inline void check_inside(const struct record *outside, const uint8_t *data, size_t size)
{
    static struct decoder *inner;
    static struct buffer text;
    struct decoder_config config = check_config(EVENT_JSON, TIME_MS);
    config.field_time = "e.time";
    config.field_x = "e.gridX";
    config.field_y = "e.gridY";
    config.field_value = "e.gen";
    if (!inner)
        inner = decoder_create(&config);
    buffer_clear(&text);
    buffer_append(&text, "{\"e\":", 5);
    buffer_append(&text, data, size);
    buffer_append(&text, "}", 1);
    struct record record = check_decode(inner, NULL, 0, text.data, text.size);
    if (outside->verdict != FATE_UNDECODABLE && !check_is_deep(data, size))
        check_that(check_equal(outside, &record));
}

static inline void check_json(const uint8_t *data, size_t size)
{
    static struct decoder *flat, *nested, *named;
    if (!flat) {
        struct decoder_config config = check_config(EVENT_JSON, TIME_MS);
        flat = decoder_create(&config);
        config.time_unit = TIME_S;
        config.field_time = "at.t";
        config.field_x = "at.cell.x";
        config.field_y = "at.cell.y";
        nested = decoder_create(&config);
        config = check_config_of_sensors(EVENT_JSON);
        named = decoder_create(&config);
    }
    struct record record = check_decode(flat, NULL, 0, data, size);
    check_decode(nested, NULL, 0, data, size);
    check_decode(named, NULL, 0, data, size);
    check_inside(&record, data, size);
}

static inline void check_csv(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {"note", "gridX", "gridY", "time", "gen"};
    static struct decoder *plain, *named, *wide;
    if (!plain) {
        struct decoder_config config = check_config(EVENT_CSV, TIME_MS);
        plain = decoder_create(&config);
        config.csv_columns = columns;
        config.csv_column_count = 5;
        wide = decoder_create(&config);
        config = check_config_of_sensors(EVENT_CSV);
        named = decoder_create(&config);
    }
    struct record record = check_decode(plain, NULL, 0, data, size);
    check_decode(wide, NULL, 0, data, size);
    check_decode(named, NULL, 0, data, size);
    struct buffer line = {0};
    buffer_append(&line, data, size);
    buffer_append(&line, "\r\n", 2);
    bool ended = size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r');
    struct record whole = check_decode(plain, NULL, 0, line.data, line.size);
    check_that(ended || check_equal(&record, &whole));
    buffer_release(&line);
}

/* The first byte is the length of the key. */
static inline void check_binary(const uint8_t *data, size_t size)
{
    static struct decoder *decoders[3];
    static const enum time_unit units[3] = {TIME_MS, TIME_US, TIME_NS};
    if (size == 0)
        return;
    size_t key_size = data[0] < size ? data[0] : size - 1;
    struct record records[3];
    for (int i = 0; i < 3; i++) {
        struct decoder_config config = check_config(EVENT_BINARY, units[i]);
        if (!decoders[i])
            decoders[i] = decoder_create(&config);
        records[i] =
            check_decode(decoders[i], data + 1, key_size, data + 1 + key_size, size - 1 - key_size);
    }
    check_that(records[0].verdict == records[1].verdict);
    bool decoded = records[0].verdict != FATE_UNDECODABLE;
    check_that(decoded == (key_size == 8 && size == 25));
    for (int i = 1; i < 3 && decoded; i++) {
        __int128 unit = i == 1 ? 1000 : 1000000, rest = records[0].time_ms;
        rest -= records[i].time_ms * unit;
        check_that(rest >= 0 && rest < unit);
    }
}

/* Equal in JSON and in CSV, and near what floating point says. */
static inline void check_time(enum time_unit unit, const uint8_t *data, size_t size)
{
    static struct decoder *json[5], *csv[5];
    static struct buffer text;
    const char *quote = unit == TIME_ISO8601 ? "\"" : "";
    struct decoder_config config = check_config(EVENT_JSON, unit);
    if (!json[unit]) {
        json[unit] = decoder_create(&config);
        config.format = EVENT_CSV;
        csv[unit] = decoder_create(&config);
    }
    for (size_t i = 0; i < size; i++)
        if (data[i] <= ' ' || data[i] >= 0x7F || strchr("\",\\{}[]:", data[i]))
            return;
    buffer_clear(&text);
    buffer_printf(&text, "{\"time\":%s%.*s%s,\"gridX\":1,\"gridY\":2,\"gen\":3}", quote, (int)size,
                  (const char *)data, quote);
    struct record one = check_decode(json[unit], NULL, 0, text.data, text.size);
    buffer_clear(&text);
    buffer_printf(&text, "%.*s,1,2,3", (int)size, (const char *)data);
    struct record other = check_decode(csv[unit], NULL, 0, text.data, text.size);
    check_that(check_equal(&one, &other));
    if (one.verdict != FATE_ON_TIME || unit == TIME_ISO8601)
        return;
    static const long double per_ms[5] = {
        [TIME_MS] = 1, [TIME_S] = 0.001L, [TIME_US] = 1000, [TIME_NS] = 1000000};
    buffer_put_u8(&text, 0);
    long double exact = strtold((const char *)text.data, NULL) / per_ms[unit];
    check_that(fabsl(exact - (long double)one.time_ms) <= 1 + fabsl(exact) * 1e-18L);
}

/* The first byte chooses the unit. */
static inline void check_times(const uint8_t *data, size_t size)
{
    if (size > 0 && size < 4096)
        check_time((enum time_unit)(data[0] % 5), data + 1, size - 1);
}

static inline void check_sensors(const uint8_t *data, size_t size)
{
    struct sensors *sensors;
    struct error err;
    enum status status = sensors_parse("t", data, size, CHECK_GRID, CHECK_GRID, &sensors, &err);
    if (status != STATUS_OK) {
        check_that(status == STATUS_BAD_DECK && strncmp(err.text, "t:", 2) == 0);
        return;
    }
    int64_t count = sensors_count(sensors);
    check_that(count > 0 && sensors_longest_id(sensors) > 0);
    for (int64_t row = 0; row < count; row++) {
        const struct sensor *sensor = sensors_at(sensors, row);
        check_that(sensor->cell >= 0 && sensor->cell < CHECK_GRID * CHECK_GRID);
        check_that(isfinite(sensor->gain) && isfinite(sensor->offset));
    }
    for (size_t begin = 0; begin < size && begin < 64; begin++)
        for (size_t length = 0; begin + length <= size && length < 16; length++)
            check_that(sensors_find(sensors, data + begin, length) < count);
    sensors_destroy(sensors);
}

#endif
