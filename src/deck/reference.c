#include "deck/reference.h"

#include <stdio.h>
#include <string.h>

#include "print.h"

/* Bounds that only keep infinities out are not worth telling. */
static bool is_huge(double bound)
{
    return bound >= 1e300 || bound <= -1e300;
}

static void print_range(const struct deck_option *option, struct buffer *text)
{
    bool above = option->flags & DECK_ABOVE_MIN;
    if (is_huge(option->min)) {
        buffer_printf(text, "any number");
        return;
    }
    buffer_printf(text, "%s", above ? "above " : is_huge(option->max) ? "at least " : "");
    print_double(option->min, text);
    if (is_huge(option->max))
        return;
    buffer_printf(text, " to ");
    print_double(option->max, text);
}

static void print_names(const char *names, struct buffer *text)
{
    for (const char *name = names;; name++) {
        size_t length = strcspn(name, "|");
        buffer_printf(text, "%s`%.*s`", name == names ? "" : ", ", (int)length, name);
        name += length;
        if (*name == '\0')
            return;
    }
}

void deck_reference_values(const struct deck_option *option, struct buffer *text)
{
    switch (option->type) {
    case DECK_INT_OR_AUTO:
        buffer_printf(text, "`auto` or ");
        print_range(option, text);
        break;
    case DECK_INT:
    case DECK_DOUBLE:
        print_range(option, text);
        break;
    case DECK_BOOL:
        buffer_printf(text, "`true`, `false`");
        break;
    case DECK_ENUM:
    case DECK_CONSTANT:
        print_names(option->names, text);
        break;
    case DECK_STRING:
        buffer_printf(text, "text");
        break;
    case DECK_STRING_OR_NULL:
        buffer_printf(text, "text or `null`");
        break;
    case DECK_SIDE:
        buffer_printf(text, "number or `insulated`");
        break;
    case DECK_LIST:
        buffer_printf(text, "list of texts");
        break;
    case DECK_MAP:
        buffer_printf(text, "mapping of texts");
        break;
    case DECK_HOLD:
        buffer_printf(text, "`zero` or `{hold: n}`, n ");
        print_range(option, text);
        break;
    case DECK_BOX_OR_NULL:
        buffer_printf(text, "`[x0, y0, x1, y1]` or `null`");
        break;
    case DECK_START:
        buffer_printf(text, "`auto`, ms or ISO 8601");
        break;
    case DECK_NUMBERS:
        buffer_printf(text, "list of numbers, ");
        print_range(option, text);
        break;
    case DECK_ITEMS:
        buffer_printf(text, "list of mappings");
        break;
    case DECK_TYPES:
        break;
    }
}

static void print_row(const struct deck_option *option, const char *key, struct buffer *text)
{
    bool counted = option->type == DECK_STRING || option->type == DECK_STRING_OR_NULL ||
                   option->type == DECK_LIST || option->type == DECK_MAP;
    const char *mark = option->flags & DECK_REQUIRED ? "" : "`";
    const char *fallback = option->flags & DECK_REQUIRED ? "required" : option->fallback;
    buffer_printf(text, "| `%s` | %s%s%s | ", key, mark, fallback, mark);
    deck_reference_values(option, text);
    buffer_printf(text, " | %s | %s%s |\n", counted ? "" : option->unit, option->doc,
                  option->flags & DECK_MAY_CHANGE ? " ↻" : "");
}

void deck_reference_field(const struct deck_item *kind, int field, char name[DECK_FIELD_NAME])
{
    snprintf(name, DECK_FIELD_NAME, "%s[]%s", kind->key, strrchr(kind->fields[field].key, '.'));
}

static void print_item_rows(const struct deck_item *kind, struct buffer *text)
{
    char key[DECK_FIELD_NAME];
    for (int i = 0; i < kind->count; i++) {
        deck_reference_field(kind, i, key);
        print_row(&kind->fields[i], key, text);
    }
}

static size_t section_length(const char *key)
{
    return strcspn(key, ".");
}

/* A heading with the section's text; keys without a section come under one of their own. */
static void print_heading(const char *key, struct buffer *text)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)section_length(key), key);
    const struct deck_group *group = deck_group_find(name);
    buffer_printf(text, "\n**%s** — %s\n\n", name,
                  group ? group->doc : deck_option_find(name)->doc);
    buffer_printf(text, "| key | default | values | unit | meaning |\n|---|---|---|---|---|\n");
}

void deck_reference_markdown(struct buffer *text)
{
    buffer_printf(text,
                  "Options marked ↻ may differ in a run that is continued; the others belong to "
                  "the result and are compared with the checkpoint.\n");
    const char *before = "";
    for (int i = 0; i < deck_option_count; i++) {
        const char *key = deck_options[i].key;
        size_t length = section_length(key);
        if (length != section_length(before) || strncmp(before, key, length))
            print_heading(key, text);
        print_row(&deck_options[i], key, text);
        if (deck_options[i].type == DECK_ITEMS)
            print_item_rows(deck_item_find(key), text);
        before = key;
    }
}
