#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "secrets.h"
#include "text.h"
#include "value.h"

/* Replaces a text by the one it refers to, ${NAME} or ${file:PATH}. */
static enum status expand(const struct setting *setting, const char *name, struct buffer *expanded)
{
    char reason[SECRET_REASON_SIZE];
    const char *text = setting->tree->text;
    bool whole_file = name && deck_name_is_secret(name) && secret_is_file(text);
    bool good = whole_file ? secret_read_file(text, setting->deck->path, expanded, reason)
                           : text_expand(text, expanded, reason, sizeof reason);
    if (!good)
        return value_fail(setting, "%s%s%s", name ? name : "", name ? ": " : "", reason);
    return STATUS_OK;
}

static enum status check_text(const struct setting *setting, const struct buffer *text)
{
    const struct deck_option *option = setting->option;
    size_t length = text->size - 1;
    if (!text_is_utf8((char *)text->data))
        return value_fail(setting, "the text is not UTF-8");
    if ((double)length < option->min || (double)length > option->max)
        return value_fail(setting, "must be %.0f to %.0f bytes long, not %zu", option->min,
                          option->max, length);
    return STATUS_OK;
}

enum status value_read_text(const struct setting *setting, const char *name, char **text)
{
    const struct tree *tree = setting->tree;
    if (tree->kind != TREE_SCALAR || tree_is_null(tree))
        return value_fail(setting, "must be a text, not %s",
                          tree->kind == TREE_MAP    ? "a mapping"
                          : tree->kind == TREE_LIST ? "a list"
                                                    : "nothing");
    struct buffer expanded = {0};
    enum status status = expand(setting, name, &expanded);
    if (status == STATUS_OK)
        status = check_text(setting, &expanded);
    if (status == STATUS_OK)
        *text = (char *)expanded.data;
    else
        buffer_release(&expanded);
    return status;
}

void value_release_list(struct deck_list *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct deck_list){0};
}

static void append_item(struct deck_list *list, char *text)
{
    size_t size = (size_t)(list->count + 1) * sizeof *list->items;
    list->items = memory_checked(realloc(list->items, size));
    list->items[list->count++] = text;
}

static enum status check_name(const struct setting *setting, const char *name)
{
    size_t length = strlen(name);
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (length == 0 || length > 255 || good != length)
        return value_fail(setting, "`%.60s` is no name: letters, digits, `.`, `_`, `-`", name);
    return STATUS_OK;
}

/* A deck may come from anywhere, the command line and the environment are the user's own. */
static enum status check_harmless(const struct setting *setting, const char *name,
                                  const char *value)
{
    if (setting->origin.kind != ORIGIN_FILE || secret_property_is_harmless(name, value))
        return STATUS_OK;
    return value_fail(
        setting,
        "%s can make librdkafka load or run other programs, so it is not taken from a "
        "deck file: give it with -X or -F",
        name);
}

static enum status read_value(const struct setting *setting, const char *name, char **text)
{
    TRY(value_read_text(setting, name, text));
    enum status status = name ? check_harmless(setting, name, *text) : STATUS_OK;
    if (status != STATUS_OK)
        free(*text);
    return status;
}

/* Names of a map are taken as they are; everything else is a text of the deck. */
static enum status read_item(const struct setting *setting, int position, char **text)
{
    struct tree *const *items = setting->tree->items;
    bool map = setting->option->type == DECK_MAP;
    struct setting at = *setting;
    at.tree = items[position];
    if (!map || position % 2 == 1)
        return read_value(&at, map ? items[position - 1]->text : NULL, text);
    TRY(check_name(&at, at.tree->text));
    *text = memory_text(at.tree->text);
    return STATUS_OK;
}

enum status value_set_list(const struct setting *setting)
{
    bool map = setting->option->type == DECK_MAP;
    const struct tree *tree = setting->tree;
    struct deck_list list = {0};
    if (tree->kind != (map ? TREE_MAP : TREE_LIST))
        return value_fail(setting, "must be a %s", map ? "mapping" : "list, [a, b]");
    for (int i = 0; i < tree->count; i++) {
        char *text;
        enum status status = read_item(setting, i, &text);
        if (status != STATUS_OK) {
            value_release_list(&list);
            return status;
        }
        append_item(&list, text);
    }
    value_release(setting->base, setting->option);
    *(struct deck_list *)value_at(setting->base, setting->option) = list;
    return STATUS_OK;
}

enum status value_set_entry(const struct setting *setting, const char *name)
{
    struct deck_list *list = value_at(setting->base, setting->option);
    char *text;
    TRY(check_name(setting, name));
    TRY(read_value(setting, name, &text));
    for (int i = 0; i < list->count; i += 2) {
        if (!strcmp(list->items[i], name)) {
            free(list->items[i + 1]);
            list->items[i + 1] = text;
            return STATUS_OK;
        }
    }
    append_item(list, memory_text(name));
    append_item(list, text);
    return STATUS_OK;
}
