#include "origin.h"

#include <stdio.h>

#include "deck/options.h"

static void describe(const char *path, const struct deck_origin *origin, const char *key,
                     char *place, size_t size)
{
    char variable[DECK_VARIABLE_SIZE];
    place[0] = '\0';
    if (origin->kind == ORIGIN_FILE)
        snprintf(place, size, "%s:%d:%d: ", path, origin->line, origin->column);
    if (origin->kind == ORIGIN_OVERRIDE)
        snprintf(place, size, "-D ");
    if (origin->kind == ORIGIN_VARIABLE) {
        deck_variable(key, variable);
        snprintf(place, size, "%s: ", variable);
    }
}

enum status origin_fail(const char *path, const struct deck_origin *origin, const char *key,
                        struct error *err, const char *format, va_list arguments)
{
    char place[1024], text[1536];
    describe(path, origin, key, place, sizeof place);
    vsnprintf(text, sizeof text, format, arguments);
    return error_set(err, STATUS_BAD_DECK, "%s%s%s%s", place, key, *key ? ": " : "", text);
}
