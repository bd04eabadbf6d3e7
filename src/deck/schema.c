#include <stdlib.h>
#include <string.h>

#include "deck/options.h"
#include "deck/reference.h"
#include "print.h"

static void put_string(const char *string, size_t length, struct buffer *text)
{
    buffer_printf(text, "\"");
    for (size_t i = 0; i < length; i++) {
        if (string[i] == '"' || string[i] == '\\')
            buffer_printf(text, "\\");
        buffer_append(text, string + i, 1);
    }
    buffer_printf(text, "\"");
}

/* YAML scalars of the table as JSON: numbers, booleans, null and empty containers as they are. */
static void put_scalar(const char *scalar, size_t length, struct buffer *text)
{
    char *end;
    static const char bare[] = "true|false|null|[]|{}|\"\"";
    char word[64] = "";
    memcpy(word, scalar, length < sizeof word ? length : sizeof word - 1);
    double number = strtod(word, &end);
    if (deck_names_find(bare, word) >= 0)
        buffer_append(text, scalar, length);
    else if (*word && *end == '\0')
        print_double(number, text);
    else
        put_string(scalar, length, text);
}

static void put_range(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text,
                  option->flags & DECK_ABOVE_MIN ? "\"exclusiveMinimum\": " : "\"minimum\": ");
    print_double(option->min, text);
    buffer_printf(text, ", \"maximum\": ");
    print_double(option->max, text);
}

static void put_lengths(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "\"minLength\": %.0f", option->min);
}

static void put_names(const char *names, struct buffer *text)
{
    buffer_printf(text, "\"enum\": [");
    for (const char *name = names;; name++) {
        size_t length = strcspn(name, "|");
        buffer_printf(text, name == names ? "" : ", ");
        put_scalar(name, length, text);
        name += length;
        if (*name == '\0')
            break;
    }
    buffer_printf(text, "]");
}

static void put_number_or(const char *type, const char *word, const struct deck_option *option,
                          struct buffer *text)
{
    buffer_printf(text, "\"anyOf\": [{\"const\": \"%s\"}, {\"type\": \"%s\", ", word, type);
    put_range(option, text);
    buffer_printf(text, "}]");
}

static void put_option(const struct deck_option *option, struct buffer *text);

static void put_numbers(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "\"type\": \"array\", \"items\": {\"type\": \"number\", ");
    put_range(option, text);
    buffer_printf(text, "}");
}

static void put_items(const struct deck_item *kind, struct buffer *text)
{
    const char *between = "";
    buffer_printf(text, "\"type\": \"array\", \"items\": {\"type\": \"object\", "
                        "\"additionalProperties\": false, \"required\": [");
    for (int i = 0; i < kind->count; i++) {
        if (!(kind->fields[i].flags & DECK_REQUIRED))
            continue;
        buffer_printf(text, "%s\"%s\"", between, strrchr(kind->fields[i].key, '.') + 1);
        between = ", ";
    }
    buffer_printf(text, "], \"properties\": {");
    for (int i = 0; i < kind->count; i++) {
        buffer_printf(text, "%s\"%s\": ", i ? ", " : "", strrchr(kind->fields[i].key, '.') + 1);
        put_option(&kind->fields[i], text);
    }
    buffer_printf(text, "}}");
}

static void put_hold(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "\"anyOf\": [{\"const\": \"zero\"}, {\"type\": \"object\", "
                        "\"additionalProperties\": false, \"required\": [\"hold\"], "
                        "\"properties\": {\"hold\": {\"type\": \"integer\", ");
    put_range(option, text);
    buffer_printf(text, "}}}]");
}

static void put_texts(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "\"type\": \"array\", \"items\": {\"type\": \"string\", ");
    put_lengths(option, text);
    buffer_printf(text, "}");
}

static void put_box(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "\"anyOf\": [{\"type\": \"null\"}, {\"type\": \"array\", "
                        "\"minItems\": 4, \"maxItems\": 4, \"items\": {\"type\": "
                        "\"integer\", ");
    put_range(option, text);
    buffer_printf(text, "}}]");
}

static void put_type(const struct deck_option *option, struct buffer *text)
{
    switch (option->type) {
    case DECK_INT:
    case DECK_DOUBLE:
        buffer_printf(text, "\"type\": \"%s\", ", option->type == DECK_INT ? "integer" : "number");
        put_range(option, text);
        break;
    case DECK_INT_OR_AUTO:
        put_number_or("integer", "auto", option, text);
        break;
    case DECK_SIDE:
        put_number_or("number", "insulated", option, text);
        break;
    case DECK_BOOL:
        buffer_printf(text, "\"type\": \"boolean\"");
        break;
    case DECK_ENUM:
    case DECK_CONSTANT:
        put_names(option->names, text);
        break;
    case DECK_STRING:
        buffer_printf(text, "\"type\": [\"string\", \"number\", \"boolean\"], ");
        put_lengths(option, text);
        break;
    case DECK_STRING_OR_NULL:
        buffer_printf(text, "\"type\": [\"string\", \"number\", \"boolean\", \"null\"], ");
        put_lengths(option, text);
        break;
    case DECK_LIST:
        put_texts(option, text);
        break;
    case DECK_MAP:
        buffer_printf(text, "\"type\": \"object\", \"propertyNames\": {\"pattern\": "
                            "\"^[A-Za-z0-9._-]+$\"}, \"additionalProperties\": {\"type\": "
                            "[\"string\", \"number\", \"boolean\"]}");
        break;
    case DECK_HOLD:
        put_hold(option, text);
        break;
    case DECK_BOX_OR_NULL:
        put_box(option, text);
        break;
    case DECK_START:
        buffer_printf(text, "\"anyOf\": [{\"type\": \"integer\"}, {\"const\": \"auto\"}, "
                            "{\"type\": \"string\", \"format\": \"date-time\"}]");
        break;
    case DECK_NUMBERS:
        put_numbers(option, text);
        break;
    case DECK_ITEMS:
        put_items(deck_item_find(option->key), text);
        break;
    case DECK_TYPES:
        break;
    }
}

static void put_documentation(const struct deck_option *option, struct buffer *text)
{
    if (!(option->flags & DECK_REQUIRED)) {
        buffer_printf(text, ", \"default\": ");
        put_scalar(option->fallback, strlen(option->fallback), text);
    }
    buffer_printf(text, ", \"description\": ");
    put_string(option->doc, strlen(option->doc), text);
}

static void put_option(const struct deck_option *option, struct buffer *text)
{
    buffer_printf(text, "{");
    put_type(option, text);
    put_documentation(option, text);
    buffer_printf(text, "}");
}

static bool is_inside(const char *key, const char *group)
{
    size_t length = strlen(group);
    return length == 0 || (!strncmp(key, group, length) && key[length] == '.');
}

static bool is_child(const char *key, const char *group)
{
    size_t skip = *group ? strlen(group) + 1 : 0;
    return is_inside(key, group) && !strchr(key + skip, '.');
}

static bool holds_sides(const char *group)
{
    for (int i = 0; i < deck_option_count; i++)
        if (is_child(deck_options[i].key, group) && deck_options[i].type == DECK_SIDE)
            return true;
    return false;
}

static void put_group(const char *key, const char *doc, int depth, struct buffer *text);

static void put_name(const char *key, int depth, bool first, struct buffer *text)
{
    const char *dot = strrchr(key, '.');
    buffer_printf(text, "%s\n%*s\"%s\": ", first ? "" : ",", 2 * depth, "", dot ? dot + 1 : key);
}

static void put_members(const char *group, int depth, struct buffer *text)
{
    bool first = true;
    for (int i = 0; i < deck_option_count; i++) {
        if (!is_child(deck_options[i].key, group))
            continue;
        put_name(deck_options[i].key, depth, first, text);
        put_option(&deck_options[i], text);
        first = false;
    }
    for (int i = 0; i < deck_group_count; i++) {
        if (!is_child(deck_groups[i].key, group))
            continue;
        put_name(deck_groups[i].key, depth, first, text);
        put_group(deck_groups[i].key, deck_groups[i].doc, depth, text);
        first = false;
    }
}

static void put_group(const char *key, const char *doc, int depth, struct buffer *text)
{
    const char *type = !*key              ? "\"object\""
                       : holds_sides(key) ? "[\"object\", \"null\", \"number\", \"string\"]"
                                          : "[\"object\", \"null\"]";
    buffer_printf(text, "{\"type\": %s, \"additionalProperties\": false, \"description\": ", type);
    put_string(doc, strlen(doc), text);
    if (!*key)
        buffer_printf(text, ",\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\"");
    buffer_printf(text, ",\n%*s\"properties\": {", 2 * depth, "");
    put_members(key, depth + 1, text);
    buffer_printf(text, "\n%*s}}", 2 * depth, "");
}

void deck_reference_schema(struct buffer *text)
{
    put_group("", "A heatstream run deck", 1, text);
    buffer_printf(text, "\n");
}
