#include "wire/csv.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static bool take_quoted(const uint8_t **at, const uint8_t *end, struct scalar *cell)
{
    const uint8_t *p = cell->begin = *at + 1;
    for (; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++)
        if (*p == '"') {
            cell->escaped = true;
            p++;
        }
    if (p == end)
        return false;
    cell->end = p++;
    *at = p;
    return p == end || *p == ',';
}

bool csv_take_cell(const uint8_t **at, const uint8_t *end, struct scalar *cell)
{
    const uint8_t *p = *at;
    cell->kind = SCALAR_CELL;
    cell->escaped = false;
    if (p < end && *p == '"') {
        if (!take_quoted(&p, end, cell))
            return false;
    } else {
        cell->begin = p;
        while (p < end && *p != ',' && *p != '"')
            p++;
        if (p < end && *p == '"')
            return false;
        cell->end = p;
    }
    *at = p < end ? p + 1 : NULL;
    return true;
}

size_t csv_line_size(const uint8_t *text, size_t size)
{
    size -= size > 0 && text[size - 1] == '\n';
    return size - (size > 0 && text[size - 1] == '\r');
}

bool csv_cell_is(const struct scalar *cell, const char *name)
{
    const uint8_t *at = cell->begin;
    for (; *name; name++, at++) {
        if (at >= cell->end || *at != (uint8_t)*name)
            return false;
        at += cell->escaped && *at == '"';
    }
    return at == cell->end;
}

static const uint8_t *skip_mark(const char *header)
{
    return (const uint8_t *)header + (strncmp(header, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
}

enum status csv_read_header(const char *header, const char *const names[CSV_FIELDS],
                            struct csv_layout *layout, struct error *err)
{
    struct csv_layout found = {0, {-1, -1, -1, -1}};
    struct scalar cell;
    const uint8_t *end =
        (const uint8_t *)header + csv_line_size((const uint8_t *)header, strlen(header));
    for (const uint8_t *at = skip_mark(header); at; found.columns++) {
        if (!csv_take_cell(&at, end, &cell))
            return error_set(err, STATUS_NO_INPUT, "the CSV header has a quote out of place: %s",
                             header);
        for (int i = 0; i < CSV_FIELDS; i++) {
            if (!names[i] || !csv_cell_is(&cell, names[i]))
                continue;
            if (found.column[i] >= 0)
                return error_set(err, STATUS_NO_INPUT,
                                 "the CSV header has the field `%s` twice: %s", names[i], header);
            found.column[i] = found.columns;
        }
    }
    for (int i = 0; i < CSV_FIELDS; i++)
        if (names[i] && found.column[i] < 0)
            return error_set(err, STATUS_NO_INPUT, "the CSV header lacks the field `%s`: %s",
                             names[i], header);
    *layout = found;
    return STATUS_OK;
}

struct csv_layout csv_layout_of(const char *const *columns, int count,
                                const char *const names[CSV_FIELDS])
{
    struct csv_layout layout = {count, {-1, -1, -1, -1}};
    for (int i = 0; i < CSV_FIELDS; i++) {
        for (int column = 0; column < count && names[i]; column++)
            if (strcmp(columns[column], names[i]) == 0)
                layout.column[i] = column;
        assert(!names[i] || layout.column[i] >= 0);
    }
    return layout;
}

bool csv_split_line(const struct csv_layout *layout, const uint8_t *text, size_t size,
                    struct scalar scalars[CSV_FIELDS])
{
    const uint8_t *at = text, *end = text + csv_line_size(text, size);
    struct scalar cell;
    int column = 0;
    for (; at; column++) {
        if (!csv_take_cell(&at, end, &cell))
            return false;
        for (int i = 0; i < CSV_FIELDS; i++)
            if (layout->column[i] == column) {
                scalars[i].kind = SCALAR_CELL;
                scalars[i].escaped = cell.escaped;
                scalars[i].begin = cell.begin;
                scalars[i].end = cell.end;
            }
    }
    return column == layout->columns && !memchr(text, '\n', (size_t)(end - text));
}

static bool is_name(const struct scalar *cell)
{
    const uint8_t *begin = cell->begin;
    if (begin == cell->end || !(isalpha(*begin) || *begin == '_'))
        return false;
    for (; begin < cell->end; begin++)
        if (!isalnum(*begin) && !strchr("_-./ ()", *begin) && *begin < 0x80)
            return false;
    return true;
}

bool csv_is_header(const uint8_t *text, size_t size)
{
    const uint8_t *at = text, *end = text + csv_line_size(text, size);
    struct scalar cell;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        at += 3;
    int columns = 0;
    for (; at; columns++)
        if (!csv_take_cell(&at, end, &cell) || !is_name(&cell))
            return false;
    return columns >= CSV_NAMES_MIN;
}
