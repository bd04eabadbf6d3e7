#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "deck/judged.h"
#include "nearest.h"
#include "rules.h"
#include "value.h"
#include "watch_rules.h"

extern char **environ;

/* Values of one origin on their way into a deck. */
struct layer {
    struct deck *deck;
    struct deck_origin origin;
    struct error *err;
    bool judged; /* only what the table marks DECK_JUDGED */
};

enum { KEY_SIZE = 320 };

static enum status fail(const struct layer *layer, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum status fail(const struct layer *layer, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    enum status status =
        origin_fail(layer->deck->path, &layer->origin, key, layer->err, format, arguments);
    va_end(arguments);
    return status;
}

static enum status apply(const struct layer *layer, const char *key, const struct tree *tree);

static enum status set_option(const struct layer *layer, const struct deck_option *option,
                              const struct tree *tree)
{
    struct setting setting = {layer->deck, layer->deck, option, tree, layer->origin, layer->err};
    if (layer->judged && !(option->flags & DECK_JUDGED))
        return layer->origin.kind == ORIGIN_FILE
                   ? STATUS_OK
                   : value_fail(&setting, "decides nothing about stored frames: what does is "
                                          "regions, relations and alerts");
    bool runs = option->flags & DECK_RUNS_PROGRAM && !tree_is_null(tree);
    if (runs && layer->origin.kind == ORIGIN_FILE)
        return value_fail(&setting, "is not taken from a deck file: give it with -D or in the "
                                    "environment");
    TRY(value_set(&setting));
    layer->deck->origins[option - deck_options] = layer->origin;
    return STATUS_OK;
}

/* One scalar for a group sets all of it where it holds sides only: `boundary: insulated`. */
static enum status set_sides(const struct layer *layer, const char *group, const struct tree *tree)
{
    size_t length = strlen(group);
    for (int i = 0; i < deck_option_count; i++) {
        const struct deck_option *option = &deck_options[i];
        bool member = !strncmp(option->key, group, length) && option->key[length] == '.';
        if (member && option->type != DECK_SIDE)
            return fail(layer, group, "must be a mapping");
        if (member)
            TRY(set_option(layer, option, tree));
    }
    return STATUS_OK;
}

static enum status apply_entry(const struct layer *layer, const char *group,
                               const struct tree *name, const struct tree *tree)
{
    char key[KEY_SIZE];
    struct layer here = *layer;
    if (here.origin.kind == ORIGIN_FILE) {
        here.origin.line = name->line;
        here.origin.column = name->column;
    }
    snprintf(key, sizeof key, "%s%s%.200s", group, *group ? "." : "", name->text);
    if (strchr(name->text, '.'))
        return fail(&here, key, "a key with a dot; nest mappings instead");
    return apply(&here, key, tree);
}

static enum status apply_group(const struct layer *layer, const char *group,
                               const struct tree *tree)
{
    if (tree_is_null(tree))
        return STATUS_OK;
    if (tree->kind == TREE_SCALAR && *group)
        return set_sides(layer, group, tree);
    if (tree->kind != TREE_MAP)
        return fail(layer, group, "must be a mapping");
    for (int i = 0; i < tree->count; i += 2)
        TRY(apply_entry(layer, group, tree->items[i], tree->items[i + 1]));
    return STATUS_OK;
}

static enum status apply(const struct layer *layer, const char *key, const struct tree *tree)
{
    const struct deck_option *option = deck_option_find(key);
    if (option)
        return set_option(layer, option, tree);
    if (deck_group_find(key))
        return apply_group(layer, key, tree);
    return fail(layer, key, "unknown key; the nearest is `%s`", nearest_key(key));
}

/* The map option that `key` is an entry of (stream.rdkafka.socket.timeout.ms), or NULL. */
static const struct deck_option *find_map(const char *key, const char **name)
{
    for (int i = 0; i < deck_option_count; i++) {
        size_t length = strlen(deck_options[i].key);
        if (deck_options[i].type == DECK_MAP && !strncmp(key, deck_options[i].key, length) &&
            key[length] == '.') {
            *name = key + length + 1;
            return &deck_options[i];
        }
    }
    return NULL;
}

/* Text options take the value as it is, so that a: b, [::1]:9092 and the like need no quotes. */
static bool is_verbatim(const struct deck_option *option, const char *value)
{
    return option && (option->type == DECK_STRING || option->type == DECK_STRING_OR_NULL) &&
           *value != '"' && *value != '\'';
}

static enum status apply_text(const struct layer *layer, const char *key, const char *value)
{
    char label[KEY_SIZE];
    const char *name = NULL;
    const struct deck_option *option = deck_option_find(key), *map = find_map(key, &name);
    struct tree *tree = NULL;
    if (is_verbatim(option, value) || map) {
        tree = tree_scalar(value, map || option->type == DECK_STRING);
    } else {
        if (layer->origin.kind == ORIGIN_VARIABLE)
            deck_variable(key, label);
        else
            snprintf(label, sizeof label, "-D %.250s", key);
        TRY(tree_parse(label, false, value, strlen(value), &tree, layer->err));
    }
    struct setting setting = {layer->deck, layer->deck, map, tree, layer->origin, layer->err};
    bool entry = map && !layer->judged;
    enum status status = entry ? value_set_entry(&setting, name)
                         : map ? set_option(layer, map, tree)
                               : apply(layer, key, tree);
    tree_destroy(tree);
    return status;
}

static void load_defaults(struct deck *deck)
{
    struct error err;
    struct layer layer = {.deck = deck, .err = &err};
    for (int i = 0; i < deck_option_count; i++) {
        struct tree *tree = NULL;
        const char *text = deck_options[i].fallback;
        enum status status = tree_parse("default", false, text, strlen(text), &tree, &err);
        if (status == STATUS_OK)
            status = set_option(&layer, &deck_options[i], tree);
        assert(status == STATUS_OK);
        (void)status;
        tree_destroy(tree);
    }
}

/* At most one byte more than a deck may have, so that a deck that is no deck is not read whole. */
static enum status read_text(const char *path, struct buffer *text, struct error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return error_set(err, STATUS_NO_INPUT, "deck %s: %s", path, strerror(errno));
    void *memory = buffer_reserve(text, TREE_MAX_BYTES + 1);
    text->size = fread(memory, 1, TREE_MAX_BYTES + 1, file);
    enum status status = STATUS_OK;
    if (ferror(file))
        status = error_set(err, STATUS_NO_INPUT, "deck %s: %s", path, strerror(errno));
    fclose(file);
    return status;
}

static enum status load_file(struct deck *deck, bool judged, struct error *err)
{
    struct buffer text = {0};
    struct tree *tree = NULL;
    struct layer layer = {deck, {ORIGIN_FILE, 1, 1}, err, judged};
    enum status status = read_text(deck->path, &text, err);
    if (status == STATUS_OK)
        status = tree_parse(deck->path, true, (char *)text.data, text.size, &tree, err);
    if (status == STATUS_OK)
        status = apply_group(&layer, "", tree);
    tree_destroy(tree);
    buffer_release(&text);
    return status;
}

static const char *key_at(int i)
{
    /* groups first: an option of one is closer to what the user meant */
    return i < deck_group_count ? deck_groups[i].key : deck_options[i - deck_group_count].key;
}

static int find_variable(const char *name, size_t length)
{
    char known[DECK_VARIABLE_SIZE];
    for (int i = 0; i < deck_group_count + deck_option_count; i++) {
        deck_variable(key_at(i), known);
        if (strlen(known) == length && !strncmp(known, name, length))
            return i;
    }
    return -1;
}

static enum status fail_variable(const char *name, size_t length, struct error *err)
{
    char nearest[DECK_VARIABLE_SIZE] = "", known[DECK_VARIABLE_SIZE], given[DECK_VARIABLE_SIZE];
    snprintf(given, sizeof given, "%.*s", (int)length, name);
    int best = INT_MAX;
    for (int i = 0; i < deck_group_count + deck_option_count; i++) {
        deck_variable(key_at(i), known);
        int distance = nearest_distance(given, known);
        if (distance < best) {
            best = distance;
            memcpy(nearest, known, sizeof nearest);
        }
    }
    return error_set(err, STATUS_BAD_DECK,
                     "environment variable %s: no such option; the nearest is %s", given, nearest);
}

static enum status load_environment(struct deck *deck, struct error *err)
{
    char name[DECK_VARIABLE_SIZE];
    struct layer layer = {deck, {ORIGIN_VARIABLE, 0, 0}, err, false};
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        if (!strncmp(*entry, "HEATSTREAM_", 11) && find_variable(*entry, length) < 0)
            return fail_variable(*entry, length, err);
    }
    for (int i = 0; i < deck_group_count + deck_option_count; i++) {
        deck_variable(key_at(i), name);
        const char *value = getenv(name);
        if (value)
            TRY(apply_text(&layer, key_at(i), value));
    }
    return STATUS_OK;
}

static enum status load_override(struct deck *deck, const char *text, bool judged,
                                 struct error *err)
{
    char key[KEY_SIZE];
    struct layer layer = {deck, {ORIGIN_OVERRIDE, 0, 0}, err, judged};
    size_t length = strcspn(text, "=");
    if (text[length] != '=' || length == 0 || length >= sizeof key)
        return error_set(err, STATUS_BAD_DECK, "-D %.200s: must be key=value", text);
    snprintf(key, sizeof key, "%.*s", (int)length, text);
    return apply_text(&layer, key, text + length + 1);
}

static enum status fill(struct deck *deck, char *const *overrides, int override_count,
                        struct error *err)
{
    load_defaults(deck);
    TRY(load_file(deck, false, err));
    TRY(load_environment(deck, err));
    for (int i = 0; i < override_count; i++)
        TRY(load_override(deck, overrides[i], false, err));
    TRY(rules_complete(deck, err));
    return rules_check(deck, err);
}

static struct deck *create(const char *path)
{
    struct deck *deck = memory_zeroed(1, sizeof *deck);
    deck->path = memory_text(path);
    deck->origins = memory_zeroed(deck_option_count, sizeof *deck->origins);
    return deck;
}

enum status deck_load(const char *path, char *const *overrides, int override_count,
                      struct deck **deck, struct error *err)
{
    struct deck *loaded = create(path);
    enum status status = fill(loaded, overrides, override_count, err);
    if (status == STATUS_OK)
        *deck = loaded;
    else
        deck_destroy(loaded);
    return status;
}

/* What is there so far is no line of this file. */
static enum status load_other(struct deck *deck, const char *path, struct error *err)
{
    free(deck->path);
    deck->path = memory_text(path);
    memset(deck->origins, 0, (size_t)deck_option_count * sizeof *deck->origins);
    return load_file(deck, true, err);
}

enum status deck_load_judged(const char *path, const char *other, char *const *overrides,
                             int override_count, struct deck **deck, struct error *err)
{
    struct deck *loaded = create(path);
    load_defaults(loaded);
    enum status status = load_file(loaded, true, err);
    if (status == STATUS_OK && other)
        status = load_other(loaded, other, err);
    for (int i = 0; i < override_count && status == STATUS_OK; i++)
        status = load_override(loaded, overrides[i], true, err);
    if (status == STATUS_OK)
        status = rules_complete(loaded, err);
    if (status == STATUS_OK)
        status = watch_rules_check(loaded, err);
    if (status == STATUS_OK)
        *deck = loaded;
    else
        deck_destroy(loaded);
    return status;
}
