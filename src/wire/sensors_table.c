#include "sensors_table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json_scanner.h"
#include "window/event.h"
#include "wire/csv.h"

enum { COLUMN_ID, COLUMN_X, COLUMN_Y, COLUMN_GAIN, COLUMN_OFFSET, COLUMNS };
static const char *const column_name[COLUMNS] = {"id", "x", "y", "gain", "offset"};

struct reader {
    struct sensors_table *table;
    const char *name;
    size_t line; /* from 1 */
    int64_t gnx, gny;
    int holds[COLUMNS]; /* what stands in each column of the file */
    int columns;
    struct error *err;
};

static enum status fail(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status fail(const struct reader *reader, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(reader->err, STATUS_BAD_DECK, "%s:%zu: %s", reader->name, reader->line, text);
}

/* The length of a cell in a message. */
static int shown(const struct scalar *cell)
{
    return cell->end - cell->begin > 60 ? 60 : (int)(cell->end - cell->begin);
}

void sensors_table_release(struct sensors_table *table)
{
    free(table->rows);
    buffer_release(&table->ids);
    *table = (struct sensors_table){0};
}

/* The id of the row lies at the end of the others. */
static void add_row(struct sensors_table *table, const struct sensor *sensor, size_t id_at)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->rows = memory_checked(realloc(table->rows, table->capacity * sizeof *table->rows));
    }
    table->rows[table->count++] = (struct sensors_row){*sensor, id_at, table->ids.size - id_at};
}

static bool is_utf8(const uint8_t *text, size_t size)
{
    struct json_scanner s = {text, text + size, NULL};
    while (s.at < s.end) {
        if (*s.at < 0x80)
            s.at++;
        else if (!json_take_utf8(&s))
            return false;
    }
    return true;
}

static enum status take_name(struct reader *reader, const struct scalar *cell)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (!csv_cell_is(cell, column_name[i]))
            continue;
        for (int column = 0; column < reader->columns; column++)
            if (reader->holds[column] == i)
                return fail(reader, "the column `%s` is there twice", column_name[i]);
        reader->holds[reader->columns++] = i;
        return STATUS_OK;
    }
    return fail(reader, "unknown column `%.*s`; known are id, x, y, gain, offset", shown(cell),
                (const char *)cell->begin);
}

static enum status read_header(struct reader *reader, const uint8_t *at, const uint8_t *end)
{
    struct scalar cell;
    bool there[COLUMNS] = {false};
    if (end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
        at += 3;
    while (at) {
        if (!csv_take_cell(&at, end, &cell))
            return fail(reader, "a quote is out of place");
        TRY(take_name(reader, &cell));
    }
    for (int column = 0; column < reader->columns; column++)
        there[reader->holds[column]] = true;
    for (int i = COLUMN_ID; i <= COLUMN_Y; i++)
        if (!there[i])
            return fail(reader,
                        "the column `%s` is missing; a sensor table begins with a row of "
                        "names: id,x,y or id,x,y,gain,offset",
                        column_name[i]);
    return STATUS_OK;
}

/* Appends the id to the others. */
static enum status read_id(struct reader *reader, const struct scalar *cell)
{
    struct buffer *ids = &reader->table->ids;
    size_t size = (size_t)(cell->end - cell->begin);
    struct scalar_text id;
    if (size == 0)
        return fail(reader, "the id is empty");
    uint8_t *room = buffer_reserve(ids, size);
    (void)scalar_to_text(cell, room, size, &id);
    if (id.begin != room)
        memcpy(room, id.begin, id.size);
    ids->size += id.size;
    if (id.size > reader->table->longest_id)
        reader->table->longest_id = id.size;
    return STATUS_OK;
}

static enum status read_position(struct reader *reader, const struct scalar *cell, int column,
                                 int64_t *position)
{
    struct number number;
    int64_t count = column == COLUMN_X ? reader->gnx : reader->gny;
    if (!scalar_number(cell, &number) || !number_to_int64(&number, position))
        return fail(reader, "%s: `%.*s` is not a whole number", column_name[column], shown(cell),
                    (const char *)cell->begin);
    if (*position < 0 || *position >= count)
        return fail(reader, "%s = %lld is outside the grid: 0 to %lld", column_name[column],
                    (long long)*position, (long long)count - 1);
    return STATUS_OK;
}

static enum status read_factor(struct reader *reader, const struct scalar *cell, int column,
                               double *value)
{
    struct number number;
    if (!scalar_number(cell, &number))
        return fail(reader, "%s: `%.*s` is not a number", column_name[column], shown(cell),
                    (const char *)cell->begin);
    *value = number_to_double(&number);
    if (!isfinite(*value))
        return fail(reader, "%s = %.*s is beyond what a double can hold", column_name[column],
                    shown(cell), (const char *)cell->begin);
    return STATUS_OK;
}

static enum status read_cell(struct reader *reader, const struct scalar *cell, int column,
                             int64_t position[2], struct sensor *sensor)
{
    switch (column) {
    case COLUMN_ID:
        return read_id(reader, cell);
    case COLUMN_X:
    case COLUMN_Y:
        return read_position(reader, cell, column, &position[column - COLUMN_X]);
    default:
        return read_factor(reader, cell, column,
                           column == COLUMN_GAIN ? &sensor->gain : &sensor->offset);
    }
}

static enum status read_row(struct reader *reader, const uint8_t *at, const uint8_t *end)
{
    struct sensor sensor = {.gain = 1};
    int64_t position[2] = {0, 0};
    size_t id_at = reader->table->ids.size;
    int column = 0;
    for (; at; column++) {
        struct scalar cell;
        if (!csv_take_cell(&at, end, &cell))
            return fail(reader, "a quote is out of place");
        if (column < reader->columns)
            TRY(read_cell(reader, &cell, reader->holds[column], position, &sensor));
    }
    if (column != reader->columns)
        return fail(reader, "%d cells, but the header has %d", column, reader->columns);
    if (reader->table->count == EVENT_SENSORS)
        return fail(reader, "more than %d sensors", EVENT_SENSORS);
    sensor.cell = position[0] * reader->gny + position[1];
    add_row(reader->table, &sensor, id_at);
    return STATUS_OK;
}

static enum status read_line(struct reader *reader, const uint8_t *text, size_t size)
{
    if (!is_utf8(text, size))
        return fail(reader, "the text is not UTF-8");
    const uint8_t *end = text + csv_line_size(text, size);
    if (end == text)
        return fail(reader, "an empty line");
    return reader->line < SENSORS_FIRST_LINE ? read_header(reader, text, end)
                                             : read_row(reader, text, end);
}

enum status sensors_table_read(struct sensors_table *table, const char *name, const uint8_t *text,
                               size_t size, int64_t gnx, int64_t gny, struct error *err)
{
    struct reader reader = {
        .table = table, .name = name, .line = 1, .gnx = gnx, .gny = gny, .err = err};
    if (size == 0)
        return fail(&reader, "the file is empty; a sensor table begins with a row of names: id,x,y "
                             "or id,x,y,gain,offset");
    for (size_t at = 0, next; at < size; at = next, reader.line++) {
        const uint8_t *feed = memchr(text + at, '\n', size - at);
        next = feed ? (size_t)(feed - text) + 1 : size;
        TRY(read_line(&reader, text + at, next - at));
    }
    return table->count > 0 ? STATUS_OK : fail(&reader, "no sensor follows the row of names");
}
