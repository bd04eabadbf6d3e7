#include "wire/row_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/memory.h"
#include "wire/event_text.h"

enum { NO_FIELD = -1, TIME_BYTES = 40 };

struct row_text {
    enum event_format format;
    enum time_unit unit;
    int64_t shift_ms;
    bool has_ids;
    char *names[CSV_FIELDS];
    int *columns; /* EVENT_CSV: the field of each, or NO_FIELD */
    int column_count;
};

/* The columns the decoder looks for: those of the configuration, or every field in order. */
static void plan_columns(struct row_text *text, const struct decoder_config *decoding)
{
    int given = decoding->csv_column_count;
    text->columns = memory_zeroed(given > CSV_FIELDS ? given : CSV_FIELDS, sizeof(int));
    for (int i = 0; given == 0 && i < CSV_FIELDS; i++)
        if (text->names[i])
            text->columns[text->column_count++] = i;
    for (int c = 0; c < given; c++) {
        int *field = &text->columns[text->column_count++];
        *field = NO_FIELD;
        for (int i = 0; i < CSV_FIELDS; i++)
            if (text->names[i] && strcmp(text->names[i], decoding->csv_columns[c]) == 0)
                *field = i;
    }
}

struct row_text *row_text_create(const struct decoder_config *decoding, int64_t shift_ms)
{
    struct row_text *text = memory_zeroed(1, sizeof *text);
    const char *names[CSV_FIELDS] = {[ROW_TIME] = decoding->field_time,
                                     [ROW_X] = decoding->field_x,
                                     [ROW_Y] = decoding->field_y,
                                     [ROW_VALUE] = decoding->field_value};
    text->format = decoding->format;
    text->unit = decoding->time_unit;
    text->shift_ms = shift_ms;
    text->has_ids = decoding->sensors != NULL;
    if (text->has_ids) {
        names[ROW_ID] = decoding->field_id;
        names[ROW_Y] = NULL;
    }
    for (int i = 0; i < CSV_FIELDS; i++)
        text->names[i] = names[i] ? memory_text(names[i]) : NULL;
    plan_columns(text, decoding);
    return text;
}

void row_text_destroy(struct row_text *text)
{
    if (!text)
        return;
    for (int i = 0; i < CSV_FIELDS; i++)
        free(text->names[i]);
    free(text->columns);
    free(text);
}

int64_t row_text_shift_ms(const struct row_text *text)
{
    return text->shift_ms;
}

static bool put_instant(int64_t time_ms, char text[TIME_BYTES])
{
    int64_t second = floor_div(time_ms, 1000);
    time_t seconds = (time_t)second;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || utc.tm_year < -1900 || utc.tm_year > 8099)
        return false;
    snprintf(text, TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             (int)(time_ms - second * 1000));
    return true;
}

/* A time in its unit; false when no text of the unit says it. */
static bool put_time(enum time_unit unit, int64_t time_ms, char text[TIME_BYTES])
{
    uint64_t size = time_ms < 0 ? 0 - (uint64_t)time_ms : (uint64_t)time_ms;
    const char *sign = time_ms < 0 ? "-" : "";
    if (unit == TIME_ISO8601)
        return put_instant(time_ms, text);
    if (unit == TIME_S)
        snprintf(text, TIME_BYTES, "%s%" PRIu64 ".%03" PRIu64, sign, size / 1000, size % 1000);
    else
        snprintf(text, TIME_BYTES, "%s%" PRIu64 "%s", sign, size,
                 unit == TIME_MS || size == 0 ? ""
                 : unit == TIME_US            ? "000"
                                              : "000000");
    return true;
}

/* The text of a cell without the quotes it may stand in, doubled ones undone. */
static void append_plain(const struct scalar *cell, struct buffer *bytes)
{
    for (const uint8_t *at = cell->begin; at < cell->end; at++) {
        buffer_put_u8(bytes, *at);
        at += cell->escaped && *at == '"';
    }
}

static void put_json_text(const struct scalar *cell, struct buffer *value)
{
    struct buffer plain = {0};
    append_plain(cell, &plain);
    event_text_quote(value, plain.data, plain.size);
    buffer_release(&plain);
}

static void put_json(const struct row_text *text, const struct row *row, struct buffer *value)
{
    char separator = '{';
    for (int i = 0; i < CSV_FIELDS; i++) {
        const struct scalar *cell = &row->cells[i];
        if (!text->names[i])
            continue;
        buffer_put_u8(value, (uint8_t)separator);
        event_text_quote(value, text->names[i], strlen(text->names[i]));
        buffer_put_u8(value, ':');
        if ((i == ROW_TIME && text->unit == TIME_ISO8601) || (i == ROW_ID && text->has_ids))
            put_json_text(cell, value);
        else
            buffer_append(value, cell->begin, (size_t)(cell->end - cell->begin));
        separator = ',';
    }
    buffer_put_u8(value, '}');
}

static bool needs_quotes(const struct scalar *cell)
{
    size_t size = (size_t)(cell->end - cell->begin);
    return cell->escaped ||
           (size > 0 && (memchr(cell->begin, ',', size) || memchr(cell->begin, '\r', size)));
}

static void put_csv(const struct row_text *text, const struct row *row, struct buffer *value)
{
    for (int c = 0; c < text->column_count; c++) {
        if (c > 0)
            buffer_put_u8(value, ',');
        if (text->columns[c] == NO_FIELD)
            continue;
        const struct scalar *cell = &row->cells[text->columns[c]];
        bool quoted = needs_quotes(cell);
        if (quoted)
            buffer_put_u8(value, '"');
        buffer_append(value, cell->begin, (size_t)(cell->end - cell->begin));
        if (quoted)
            buffer_put_u8(value, '"');
    }
}

static bool put_binary(const struct row_text *text, const struct row *row, int64_t time_ms,
                       struct buffer *key, struct buffer *value)
{
    struct number number;
    int64_t per_ms = text->unit == TIME_NS ? 1000000 : text->unit == TIME_US ? 1000 : 1;
    struct generated event = {.x = row->x, .y = row->y};
    if (__builtin_mul_overflow(time_ms, per_ms, &event.time_ms) ||
        !scalar_number(&row->cells[ROW_VALUE], &number))
        return false;
    event.value = number_to_double(&number);
    event_text_put_binary(&event, key, value);
    return true;
}

bool row_text_put(const struct row_text *text, const struct row *row, struct buffer *key,
                  struct buffer *value)
{
    char moment[TIME_BYTES];
    struct row shifted = *row;
    struct scalar *time = &shifted.cells[ROW_TIME];
    if (__builtin_add_overflow(row->time_ms, text->shift_ms, &shifted.time_ms))
        return false;
    if (text->format == EVENT_BINARY)
        return put_binary(text, row, shifted.time_ms, key, value);
    if (text->shift_ms != 0) {
        if (!put_time(text->unit, shifted.time_ms, moment))
            return false;
        time->begin = (const uint8_t *)moment;
        time->end = time->begin + strlen(moment);
        time->escaped = false;
    }
    if (text->format == EVENT_CSV)
        put_csv(text, &shifted, value);
    else
        put_json(text, &shifted, value);
    return true;
}
