#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nearest.h"
#include "value.h"

static const char *field_name(const struct deck_option *field)
{
    return strrchr(field->key, '.') + 1;
}

static void *item_at(const struct deck_item *kind, void *items, int i)
{
    return (char *)items + (size_t)i * kind->size;
}

/* The setting of one field of an item, by the tree of its value. */
static struct setting field_setting(const struct setting *setting, void *item,
                                    const struct deck_option *field, const struct tree *tree)
{
    struct setting of_field = *setting;
    of_field.base = item;
    of_field.option = field;
    of_field.tree = tree;
    return of_field;
}

static enum status set_default(const struct setting *setting, void *item,
                               const struct deck_option *field)
{
    struct tree *tree = NULL;
    const char *text = field->fallback;
    if (field->flags & DECK_REQUIRED)
        return STATUS_OK;
    TRY(tree_parse("default", false, text, strlen(text), &tree, setting->err));
    struct setting of_field = field_setting(setting, item, field, tree);
    enum status status = value_set(&of_field);
    tree_destroy(tree);
    return status;
}

static const struct deck_option *find_field(const struct deck_item *kind, const char *name)
{
    for (int i = 0; i < kind->count; i++)
        if (!strcmp(field_name(&kind->fields[i]), name))
            return &kind->fields[i];
    return NULL;
}

static const char *nearest_field(const struct deck_item *kind, const char *name)
{
    const char *nearest = "";
    int best = INT_MAX;
    for (int i = 0; i < kind->count; i++) {
        int distance = nearest_distance(name, field_name(&kind->fields[i]));
        if (distance < best)
            nearest = field_name(&kind->fields[i]);
        best = distance < best ? distance : best;
    }
    return nearest;
}

static enum status set_fields(const struct setting *setting, const struct deck_item *kind,
                              void *item)
{
    const struct tree *tree = setting->tree;
    for (int i = 0; i < tree->count; i += 2) {
        const char *name = tree->items[i]->text;
        const struct deck_option *field = find_field(kind, name);
        struct setting at = field_setting(setting, item, setting->option, tree->items[i]);
        if (!field)
            return value_fail(&at, "unknown key `%.60s`; the nearest is `%s`", name,
                              nearest_field(kind, name));
        struct setting of_field = field_setting(setting, item, field, tree->items[i + 1]);
        TRY(value_set(&of_field));
    }
    return STATUS_OK;
}

static enum status check_required(const struct setting *setting, const struct deck_item *kind)
{
    const struct tree *tree = setting->tree;
    for (int f = 0; f < kind->count; f++) {
        bool given = !(kind->fields[f].flags & DECK_REQUIRED);
        for (int i = 0; i < tree->count && !given; i += 2)
            given = !strcmp(tree->items[i]->text, field_name(&kind->fields[f]));
        if (!given)
            return value_fail(setting, "lacks `%s`", field_name(&kind->fields[f]));
    }
    return STATUS_OK;
}

static enum status set_item(const struct setting *setting, const struct deck_item *kind, void *item)
{
    if (setting->tree->kind != TREE_MAP)
        return value_fail(setting, "must be a list of mappings, [{name: …}]");
    for (int i = 0; i < kind->count; i++)
        TRY(set_default(setting, item, &kind->fields[i]));
    TRY(set_fields(setting, kind, item));
    return check_required(setting, kind);
}

enum status value_set_items(const struct setting *setting)
{
    const struct deck_item *kind = deck_item_find(setting->option->key);
    const struct tree *tree = setting->tree;
    if (tree->kind != TREE_LIST)
        return value_fail(setting, "must be a list of mappings, [{name: …}]");
    struct deck_items items = {memory_zeroed(tree->count, kind->size), tree->count};
    enum status status = STATUS_OK;
    for (int i = 0; i < tree->count && status == STATUS_OK; i++) {
        struct setting at = *setting;
        at.tree = tree->items[i];
        status = set_item(&at, kind, item_at(kind, items.items, i));
    }
    if (status != STATUS_OK) {
        value_release_items(kind, &items);
        return status;
    }
    value_release(setting->base, setting->option);
    *(struct deck_items *)value_at(setting->base, setting->option) = items;
    return STATUS_OK;
}

void value_release_items(const struct deck_item *kind, struct deck_items *items)
{
    for (int i = 0; i < items->count; i++)
        for (int f = 0; f < kind->count; f++)
            value_release(item_at(kind, items->items, i), &kind->fields[f]);
    free(items->items);
    *items = (struct deck_items){0};
}
