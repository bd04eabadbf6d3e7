#include "print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "deck/regions.h"
#include "text.h"
#include "value.h"

/* Exponents come with a point: YAML 1.1 readers take 1e+12 for a text. */
void print_double(double value, struct buffer *text)
{
    char digits[320];
    bool whole = value > -1e15 && value < 1e15 && (double)(int64_t)value == value &&
                 !(value == 0 && signbit(value));
    if (whole) {
        buffer_printf(text, "%" PRId64, (int64_t)value);
        return;
    }
    int precision = 1;
    do
        snprintf(digits, sizeof digits, "%.*g", precision++, value);
    while (strtod(digits, NULL) != value);
    size_t mantissa = strcspn(digits, "e");
    bool bare = digits[mantissa] == 'e' && !strchr(digits, '.');
    buffer_printf(text, "%.*s%s%s", (int)mantissa, digits, bare ? ".0" : "", digits + mantissa);
}

/* Words that no YAML reader takes for anything but a text. */
static bool is_plain(const char *text)
{
    static const char reserved[] =
        "null|true|false|yes|no|on|off|y|n|Y|N|Null|NULL|True|TRUE|False|"
        "FALSE|Yes|YES|No|NO|On|ON|Off|OFF";
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/";
    static const char later[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/0123456789.-";
    return *text && strchr(first, *text) && text[strspn(text, later)] == '\0' &&
           deck_names_find(reserved, text) < 0;
}

static bool is_printable(uint32_t code)
{
    return (code >= 0x20 && code < 0x7f) ||
           (code >= 0xa0 && code < 0xd800 && code != 0x2028 && code != 0x2029) ||
           (code >= 0xe000 && code < 0xfffe && code != 0xfeff);
}

static void print_quoted(const char *text, struct buffer *out)
{
    buffer_append(out, "\"", 1);
    while (*text) {
        uint32_t code = 0;
        int length = text_decode(text, &code);
        if (code == '"' || code == '\\')
            buffer_printf(out, "\\%c", (int)code);
        else if (!strncmp(text, "${", 2))
            buffer_append(out, "$$", 2);
        else if (is_printable(code))
            buffer_append(out, text, (size_t)length);
        else
            buffer_printf(out, code > 0xffff ? "\\U%08" PRIX32 : "\\u%04" PRIX32, code);
        text += length > 0 ? length : 1;
    }
    buffer_append(out, "\"", 1);
}

static void print_string(const char *text, struct buffer *out)
{
    if (!text)
        buffer_printf(out, "null");
    else if (is_plain(text))
        buffer_printf(out, "%s", text);
    else
        print_quoted(text, out);
}

static void print_list(const struct deck_list *list, struct buffer *text)
{
    buffer_printf(text, "[");
    for (int i = 0; i < list->count; i++) {
        buffer_printf(text, i ? ", " : "");
        print_string(list->items[i], text);
    }
    buffer_printf(text, "]");
}

static void print_map(const struct deck_list *map, bool secrets, struct buffer *text)
{
    buffer_printf(text, "{");
    for (int i = 0; i < map->count; i += 2) {
        buffer_printf(text, i ? ", " : "");
        print_string(map->items[i], text);
        buffer_printf(text, ": ");
        bool hide = secrets &&
                    (deck_name_is_secret(map->items[i]) || deck_value_is_secret(map->items[i + 1]));
        print_string(hide ? "***" : map->items[i + 1], text);
    }
    buffer_printf(text, "}");
}

static void print_name(const char *names, int position, struct buffer *text)
{
    int length;
    const char *name = deck_names_at(names, position, &length);
    buffer_printf(text, "%.*s", length, name);
}

static void print_int(const struct deck_option *option, int64_t value, struct buffer *text)
{
    if (option->type == DECK_INT_OR_AUTO && value == 0)
        buffer_printf(text, "auto");
    else
        buffer_printf(text, "%" PRId64, value);
}

static void print_side(const struct deck_side *side, struct buffer *text)
{
    if (side->insulated)
        buffer_printf(text, "insulated");
    else
        print_double(side->value, text);
}

static void print_hold(int64_t windows, struct buffer *text)
{
    if (windows == 0)
        buffer_printf(text, "zero");
    else
        buffer_printf(text, "{hold: %" PRId64 "}", windows);
}

static void print_box(const struct deck_box *box, struct buffer *text)
{
    if (box->whole)
        buffer_printf(text, "null");
    else
        buffer_printf(text, "[%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]", box->x0,
                      box->y0, box->x1, box->y1);
}

static void print_start(const struct deck *deck, struct buffer *text)
{
    if (deck->time.t0_auto)
        buffer_printf(text, "auto");
    else
        buffer_printf(text, "%" PRId64, deck->time.t0_ms);
}

static void print_numbers(const struct deck_numbers *numbers, struct buffer *text)
{
    buffer_printf(text, "[");
    for (int i = 0; i < numbers->count; i++) {
        buffer_printf(text, i ? ", " : "");
        print_double(numbers->values[i], text);
    }
    buffer_printf(text, "]");
}

/* Fields that are not as they are by default; of those without `flags`. */
static void print_item(const void *item, const struct deck_item *kind, unsigned flags,
                       struct buffer *text)
{
    struct buffer value = {0};
    const char *between = "";
    buffer_printf(text, "{");
    for (int i = 0; i < kind->count; i++) {
        const struct deck_option *field = &kind->fields[i];
        buffer_clear(&value);
        print_value(item, field, &value);
        bool plain = value.size == strlen(field->fallback) &&
                     !memcmp(value.data, field->fallback, value.size);
        if (plain || field->flags & flags)
            continue;
        buffer_printf(text, "%s%s: %.*s", between, strrchr(field->key, '.') + 1, (int)value.size,
                      (const char *)value.data);
        between = ", ";
    }
    buffer_printf(text, "}");
    buffer_release(&value);
}

static void print_items(const struct deck_items *items, const struct deck_item *kind,
                        unsigned flags, struct buffer *text)
{
    buffer_printf(text, "[");
    for (int i = 0; i < items->count; i++) {
        buffer_printf(text, i ? ", " : "");
        print_item((const char *)items->items + (size_t)i * kind->size, kind, flags, text);
    }
    buffer_printf(text, "]");
}

void print_value(const void *base, const struct deck_option *option, struct buffer *text)
{
    const void *value = value_at(base, option);
    if (option->flags & DECK_RUNS_PROGRAM) {
        buffer_printf(text, "%s", option->fallback);
        return;
    }
    switch (option->type) {
    case DECK_INT:
    case DECK_INT_OR_AUTO:
        print_int(option, *(const int64_t *)value, text);
        break;
    case DECK_DOUBLE:
        print_double(*(const double *)value, text);
        break;
    case DECK_BOOL:
        buffer_printf(text, *(const bool *)value ? "true" : "false");
        break;
    case DECK_ENUM:
        print_name(option->names, *(const int *)value, text);
        break;
    case DECK_STRING:
    case DECK_STRING_OR_NULL:
        print_string(*(char *const *)value, text);
        break;
    case DECK_SIDE:
        print_side(value, text);
        break;
    case DECK_LIST:
        print_list(value, text);
        break;
    case DECK_MAP:
        print_map(value, option->flags & DECK_HOLDS_SECRET, text);
        break;
    case DECK_HOLD:
        print_hold(*(const int64_t *)value, text);
        break;
    case DECK_BOX_OR_NULL:
        print_box(value, text);
        break;
    case DECK_START:
        print_start(base, text);
        break;
    case DECK_NUMBERS:
        print_numbers(value, text);
        break;
    case DECK_ITEMS:
        print_items(value, deck_item_find(option->key), 0, text);
        break;
    case DECK_CONSTANT:
    case DECK_TYPES:
        buffer_printf(text, "%s", option->fallback);
        break;
    }
}

/* Opens the mappings of `key` that the option before it was not in yet. */
static void print_groups(const char *before, const char *key, struct buffer *yaml)
{
    int depth = 0;
    const char *part = key;
    for (const char *dot = strchr(part, '.'); dot; dot = strchr(part, '.'), depth++) {
        size_t length = (size_t)(dot - key) + 1;
        if (strncmp(before, key, length))
            buffer_printf(yaml, "%*s%.*s:\n", 2 * depth, "", (int)(dot - part), part);
        part = dot + 1;
    }
    buffer_printf(yaml, "%*s%s: ", 2 * depth, "", part);
}

/* alerts.command beside the list `alerts`: has no place in a deck file. */
static bool is_below_option(const char *key)
{
    char parent[DECK_VARIABLE_SIZE];
    const char *dot = strrchr(key, '.');
    snprintf(parent, sizeof parent, "%.*s", dot ? (int)(dot - key) : 0, key);
    return deck_option_find(parent) != NULL;
}

void deck_print(const struct deck *deck, struct buffer *yaml)
{
    const char *before = "";
    for (int i = 0; i < deck_option_count; i++) {
        if (is_below_option(deck_options[i].key))
            continue;
        print_groups(before, deck_options[i].key, yaml);
        print_value(deck, &deck_options[i], yaml);
        buffer_printf(yaml, "\n");
        before = deck_options[i].key;
    }
}

void deck_hash(const struct deck *deck, char hex[33])
{
    struct buffer text = {0};
    for (int i = 0; i < deck_option_count; i++) {
        if (deck_options[i].flags & DECK_MAY_CHANGE)
            continue;
        buffer_printf(&text, "%s: ", deck_options[i].key);
        if (deck_options[i].type == DECK_ITEMS)
            print_items(value_at(deck, &deck_options[i]), deck_item_find(deck_options[i].key),
                        DECK_MAY_CHANGE, &text);
        else
            print_value(deck, &deck_options[i], &text);
        buffer_printf(&text, "\n");
    }
    buffer_printf(&text, "sensors: %s\n", deck->stream.sensors_digest);
    buffer_printf(&text, "schema: %s\n", deck->stream.schema_digest);
    for (int i = 0; i < deck->regions.count; i++)
        buffer_printf(&text, "%s", deck_regions(deck)[i].mask_digest);
    hash_hex(text.data, text.size, hex);
    buffer_release(&text);
}
