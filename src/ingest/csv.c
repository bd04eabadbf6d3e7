#include "csv.h"

#include <ctype.h>
#include <string.h>

/* Takes the next field; *at ends behind its comma, or becomes NULL after the last. With quotes the
 * field is what lies between them, doubled quotes left as they are. */
static bool take_field(const uint8_t **at, const uint8_t *end, const uint8_t **begin,
                       const uint8_t **stop)
{
    const uint8_t *p = *at;
    bool quoted = p < end && *p == '"';
    *begin = quoted ? ++p : p;
    if (quoted) {
        while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"')))
            p += *p == '"' ? 2 : 1;
        if (p == end)
            return false;
        *stop = p++;
        if (p < end && *p != ',')
            return false;
    } else {
        const uint8_t *comma = memchr(p, ',', (size_t)(end - p));
        *stop = p = comma ? comma : end;
        if (memchr(*begin, '"', (size_t)(*stop - *begin)))
            return false;
    }
    *at = p < end ? p + 1 : NULL;
    return true;
}

/* A line may end in CR LF; the reader has taken the LF. */
static const uint8_t *line_end(const uint8_t *text, size_t size)
{
    return text + size - (size > 0 && text[size - 1] == '\r');
}

static bool name_equals(const uint8_t *begin, const uint8_t *stop, const struct json_field *field)
{
    for (size_t i = 0; i < field->size; i++, begin++) {
        if (begin >= stop || *begin != (uint8_t)field->name[i])
            return false;
        if (*begin == '"')
            begin++;
    }
    return begin == stop;
}

enum status csv_read_header(const char *header, const struct json_field fields[JSON_FIELDS],
                            struct csv_layout *layout, struct error *err)
{
    const uint8_t *at = (const uint8_t *)header, *begin, *stop;
    const uint8_t *end = line_end(at, strlen(header));
    struct csv_layout found = {0, {-1, -1, -1, -1}};
    if (strncmp(header, "\xEF\xBB\xBF", 3) == 0)
        at += 3;
    for (; at; found.columns++) {
        if (!take_field(&at, end, &begin, &stop))
            return error_set(err, STATUS_NO_INPUT, "the CSV header has a quote out of place: %s",
                             header);
        for (int i = 0; i < JSON_FIELDS; i++) {
            if (!name_equals(begin, stop, &fields[i]))
                continue;
            if (found.column[i] >= 0)
                return error_set(err, STATUS_NO_INPUT,
                                 "the CSV header has the field `%s` twice: %s", fields[i].name,
                                 header);
            found.column[i] = found.columns;
        }
    }
    for (int i = 0; i < JSON_FIELDS; i++)
        if (found.column[i] < 0)
            return error_set(err, STATUS_NO_INPUT, "the CSV header lacks the field `%s`: %s",
                             fields[i].name, header);
    *layout = found;
    return STATUS_OK;
}

static bool scan_whole(const uint8_t *begin, const uint8_t *stop, struct number *number)
{
    return number_scan(&begin, stop, number) && begin == stop;
}

bool csv_scan_line(const struct csv_layout *layout, const uint8_t *text, size_t size,
                   struct number numbers[JSON_FIELDS])
{
    const uint8_t *at = text, *end = line_end(text, size), *begin, *stop;
    int column = 0;
    for (; at; column++) {
        if (!take_field(&at, end, &begin, &stop))
            return false;
        for (int i = 0; i < JSON_FIELDS; i++)
            if (layout->column[i] == column && !scan_whole(begin, stop, &numbers[i]))
                return false;
    }
    return column == layout->columns;
}

static bool is_name(const uint8_t *begin, const uint8_t *stop)
{
    if (begin == stop || !(isalpha(*begin) || *begin == '_'))
        return false;
    for (; begin < stop; begin++)
        if (!isalnum(*begin) && !strchr("_-./ ()", *begin) && *begin < 0x80)
            return false;
    return true;
}

bool csv_is_header(const uint8_t *text, size_t size)
{
    const uint8_t *at = text, *end = line_end(text, size), *begin, *stop;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        at += 3;
    int columns = 0;
    for (; at; columns++)
        if (!take_field(&at, end, &begin, &stop) || !is_name(begin, stop))
            return false;
    return columns >= JSON_FIELDS;
}
