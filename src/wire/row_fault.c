#include "row_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event_time.h"
#include "json_scanner.h"
#include "wire/rows.h"

enum { SHOWN_BYTES = 60, CELL_TEXT = 4 * SHOWN_BYTES + 8 };

static const char *const unit_words[] = {[TIME_MS] = "a whole number of milliseconds",
                                         [TIME_S] = "a decimal of seconds",
                                         [TIME_US] = "a whole number of microseconds",
                                         [TIME_NS] = "a whole number of nanoseconds",
                                         [TIME_ISO8601] = "like 2026-01-01T00:00:00Z"};

/* As it stands in the file, but harmless on a terminal, and not longer than can be read. */
static void show(const uint8_t *begin, const uint8_t *end, char text[CELL_TEXT])
{
    struct json_scanner s = {.at = begin, .end = end};
    size_t used = 0;
    while (s.at < end && s.at - begin < SHOWN_BYTES) {
        const uint8_t *from = s.at;
        bool whole = *from < 0x80 ? (s.at++, *from >= 0x20 && *from != 0x7f) : json_take_utf8(&s);
        if (!whole) {
            used += (size_t)snprintf(text + used, CELL_TEXT - used, "\\x%02x", *from);
            s.at = from + 1;
            continue;
        }
        memcpy(text + used, from, (size_t)(s.at - from));
        used += (size_t)(s.at - from);
    }
    snprintf(text + used, CELL_TEXT - used, "%s", s.at < end ? "…" : "");
}

/* The number of cells, or -1 when a quote is out of place. */
static int count_cells(const struct line *line)
{
    const uint8_t *at = line->text, *end = line->text + csv_line_size(line->text, line->size);
    struct scalar cell;
    int count = 0;
    for (; at; count++)
        if (!csv_take_cell(&at, end, &cell))
            return -1;
    return count;
}

static void explain_shape(const struct row_reading *reading, const struct line *line,
                          char text[ROW_FAULT_BYTES])
{
    char shown[CELL_TEXT];
    int cells = count_cells(line);
    show(line->text, line->text + csv_line_size(line->text, line->size), shown);
    if (csv_line_size(line->text, line->size) == 0)
        snprintf(text, ROW_FAULT_BYTES, "the line is empty");
    else if (line->size > LINE_BYTES_MAX)
        snprintf(text, ROW_FAULT_BYTES, "the line is longer than %d bytes", (int)LINE_BYTES_MAX);
    else if (cells < 0)
        snprintf(text, ROW_FAULT_BYTES, "a quote is out of place in `%s`", shown);
    else
        snprintf(text, ROW_FAULT_BYTES, "number of cells %d, of the header %d: `%s`", cells,
                 reading->layout.columns, shown);
}

static bool is_integer(const struct scalar *cell)
{
    struct number number;
    int64_t value;
    return scalar_number(cell, &number) && number_to_int64(&number, &value);
}

/* What a field that cannot be read should have been; NULL when it can. */
static const char *expected_of(const struct row_reading *reading, int field,
                               const struct scalar *cell)
{
    struct number number;
    int64_t time_ms;
    if (field == ROW_TIME)
        return event_time_of_scalar(reading->unit, cell, &time_ms) ? NULL
                                                                   : unit_words[reading->unit];
    if (field == ROW_VALUE)
        return scalar_number(cell, &number) ? NULL : "a number";
    if (reading->names[ROW_Y])
        return is_integer(cell) ? NULL : "a whole number";
    return NULL;
}

static void explain_cells(const struct row_reading *reading, const struct scalar *cells,
                          char text[ROW_FAULT_BYTES])
{
    char shown[CELL_TEXT];
    for (int i = 0; i < CSV_FIELDS; i++) {
        const char *expected = reading->names[i] ? expected_of(reading, i, &cells[i]) : NULL;
        if (!expected)
            continue;
        show(cells[i].begin, cells[i].end, shown);
        snprintf(text, ROW_FAULT_BYTES, "%.100s is `%s`, not %s", reading->names[i], shown,
                 expected);
        return;
    }
    snprintf(text, ROW_FAULT_BYTES, "it cannot be read");
}

static bool is_outside(const struct scalar *cell, int64_t count)
{
    struct number number;
    int64_t value;
    return scalar_number(cell, &number) && number_to_int64(&number, &value) &&
           (value < 0 || value >= count);
}

static void explain_range(const struct row_reading *reading, const struct scalar *cells,
                          char text[ROW_FAULT_BYTES])
{
    char x[CELL_TEXT], y[CELL_TEXT], value[CELL_TEXT];
    bool cell = reading->names[ROW_Y] && (is_outside(&cells[ROW_X], reading->gnx) ||
                                          is_outside(&cells[ROW_Y], reading->gny));
    show(cells[ROW_VALUE].begin, cells[ROW_VALUE].end, value);
    if (!cell) {
        snprintf(text, ROW_FAULT_BYTES, "the rate of %.100s `%s` is beyond stream.gen_limit, %.17g",
                 reading->names[ROW_VALUE], value, reading->gen_limit);
        return;
    }
    show(cells[ROW_X].begin, cells[ROW_X].end, x);
    show(cells[ROW_Y].begin, cells[ROW_Y].end, y);
    snprintf(text, ROW_FAULT_BYTES,
             "cell (%.60s, %.60s) lies outside of the grid of %" PRId64 " x %" PRId64, x, y,
             reading->gnx, reading->gny);
}

static void explain_one(const char *name, const struct scalar *cell, const char *what,
                        char text[ROW_FAULT_BYTES])
{
    char shown[CELL_TEXT];
    show(cell->begin, cell->end, shown);
    snprintf(text, ROW_FAULT_BYTES, "%.100s `%s` %s", name, shown, what);
}

void row_fault_explain(const struct row_reading *reading, const struct line *line,
                       enum fate verdict, char text[ROW_FAULT_BYTES])
{
    struct scalar cells[CSV_FIELDS];
    const char *const *names = reading->names;
    if (line->size > LINE_BYTES_MAX ||
        !csv_split_line(&reading->layout, line->text, line->size, cells))
        explain_shape(reading, line, text);
    else if (verdict == FATE_UNKNOWN_SENSOR)
        explain_one(names[ROW_ID], &cells[ROW_ID], "is not in the table of sensors", text);
    else if (verdict == FATE_OUT_OF_RANGE)
        explain_range(reading, cells, text);
    else if (verdict == FATE_NOT_FINITE)
        explain_one(names[ROW_VALUE], &cells[ROW_VALUE], "is beyond what a double holds", text);
    else
        explain_cells(reading, cells, text);
}
