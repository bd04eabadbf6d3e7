#include <stdio.h>
#include <string.h>

#include "base/build_id.h"
#include "base/mdoc.h"
#include "deck/options.h"
#include "deck/reference.h"

static void print_section(const struct deck_option *option, struct buffer *text)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(option->key, "."), option->key);
    const struct deck_group *group = deck_group_find(name);
    buffer_printf(text, ".El\n.Ss %s\n", name);
    mdoc_text(group ? group->doc : option->doc, text);
    buffer_printf(text, ".Bl -tag -width Ds\n");
}

static void print_option(const struct deck_option *option, const char *key, struct buffer *text)
{
    struct buffer values = {0};
    buffer_printf(text, ".It Cm ");
    mdoc_argument(key, text);
    buffer_printf(text, "\n");
    mdoc_text(option->doc, text);
    deck_reference_values(option, &values);
    if (option->flags & DECK_REQUIRED)
        buffer_printf(&values, ". Must be given.");
    else
        buffer_printf(&values, ". Default: `%s`%s%s.", option->fallback, *option->unit ? " " : "",
                      option->unit);
    buffer_put_u8(&values, '\0');
    buffer_printf(text, ".br\n");
    mdoc_text((const char *)values.data, text);
    if (option->flags & DECK_MAY_CHANGE)
        mdoc_text("A run that is continued may change it.", text);
    buffer_release(&values);
}

/* Of the items, where the option is a list of them. */
static void print_fields(const char *key, struct buffer *text)
{
    char name[DECK_FIELD_NAME];
    const struct deck_item *kind = deck_item_find(key);
    for (int field = 0; kind && field < kind->count; field++) {
        deck_reference_field(kind, field, name);
        print_option(&kind->fields[field], name, text);
    }
}

static void print_options(struct buffer *text)
{
    const char *before = "";
    for (int i = 0; i < deck_option_count; i++) {
        const char *key = deck_options[i].key;
        size_t length = strcspn(key, ".");
        if (length != strcspn(before, ".") || strncmp(before, key, length))
            print_section(&deck_options[i], text);
        print_option(&deck_options[i], key, text);
        print_fields(key, text);
        before = key;
    }
}

void deck_reference_manual(struct buffer *text)
{
    buffer_printf(text, ".Dd %s\n.Dt HEATSTREAM-DECK 5\n.Os heatstream %s\n", build_date(),
                  build_version());
    buffer_printf(text, ".Sh NAME\n.Nm heatstream-deck\n.Nd description of a run\n"
                        ".Sh DESCRIPTION\nA run is described by a deck, a YAML file of sections "
                        "with options.\nLater wins: defaults, the deck, the environment, the "
                        "command line.\n.Bl -tag -width Ds\n"
                        ".It Ev HEATSTREAM_GRID_NX\nsets grid.nx, and so on with every option.\n"
                        ".It Fl D Ar grid.nx=100\nis the same on the command line.\n");
    print_options(text);
    buffer_printf(text, ".El\n.Sh SEE ALSO\n.Xr heatstream 1\n");
}
