#include "value.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "deck/timestamp.h"
#include "text.h"

enum status value_fail(const struct setting *setting, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct deck_origin at = setting->origin;
    if (setting->tree->line > 0) {
        at.line = setting->tree->line;
        at.column = setting->tree->column;
    }
    enum status status = origin_fail(setting->deck->path, &at, setting->option->key, setting->err,
                                     format, arguments);
    va_end(arguments);
    return status;
}

/* The text of a scalar, or NULL after saying that `wanted` was expected. Quoted numbers are texts.
 */
static const char *plain_text(const struct setting *setting, const char *wanted)
{
    const struct tree *tree = setting->tree;
    const char *found = tree->kind == TREE_MAP    ? "a mapping"
                        : tree->kind == TREE_LIST ? "a list"
                        : tree_is_null(tree)      ? "nothing"
                                                  : NULL;
    if (found)
        (void)value_fail(setting, "must be %s, not %s", wanted, found);
    else if (tree->quoted)
        (void)value_fail(setting, "must be %s, not the text \"%.60s\"", wanted, tree->text);
    return found || tree->quoted ? NULL : tree->text;
}

static enum status check_range(const struct setting *setting, double value)
{
    const struct deck_option *option = setting->option;
    bool above = value > option->min || (value >= option->min && !(option->flags & DECK_ABOVE_MIN));
    if (above && value <= option->max)
        return STATUS_OK;
    const char *bound = option->flags & DECK_ABOVE_MIN ? "above " : "";
    return value_fail(setting, "%.60s is out of range: %s%.16g to %.16g%s%s", setting->tree->text,
                      bound, option->min, option->max, *option->unit ? " " : "", option->unit);
}

static bool parse_whole(const char *text, int64_t *value, bool *too_large)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    if (text[sign] == '\0' || text[sign + strspn(text + sign, "0123456789")] != '\0')
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    *too_large = errno == ERANGE;
    return true;
}

static enum status set_int(const struct setting *setting)
{
    bool or_auto = setting->option->type == DECK_INT_OR_AUTO, too_large = false;
    int64_t value;
    const char *wanted = or_auto ? "a whole number or `auto`" : "a whole number";
    const char *text = plain_text(setting, wanted);
    if (!text)
        return STATUS_BAD_DECK;
    if (or_auto && !strcmp(text, "auto"))
        value = 0;
    else if (!parse_whole(text, &value, &too_large))
        return value_fail(setting, "`%.60s` is not %s", text, wanted);
    else
        TRY(check_range(setting, too_large ? copysign(INFINITY, (double)value) : (double)value));
    *(int64_t *)value_at(setting->base, setting->option) = value;
    return STATUS_OK;
}

/* Decimal only: strtod() alone would take hexadecimals, infinities and NaN. */
static bool parse_number(const char *text, double *value)
{
    if (strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0';
}

static enum status read_number(const struct setting *setting, const char *text, const char *wanted,
                               double *value)
{
    if (!parse_number(text, value))
        return value_fail(setting, "`%.60s` is not %s", text, wanted);
    return check_range(setting, *value);
}

static enum status set_double(const struct setting *setting)
{
    double value = 0;
    const char *text = plain_text(setting, "a number");
    if (!text)
        return STATUS_BAD_DECK;
    TRY(read_number(setting, text, "a number", &value));
    *(double *)value_at(setting->base, setting->option) = value;
    return STATUS_OK;
}

static enum status set_bool(const struct setting *setting)
{
    const char *text = plain_text(setting, "true or false");
    if (!text)
        return STATUS_BAD_DECK;
    int position = deck_names_find("false|true", text);
    if (position < 0)
        return value_fail(setting, "`%.60s` is neither true nor false", text);
    *(bool *)value_at(setting->base, setting->option) = position == 1;
    return STATUS_OK;
}

static enum status set_side(const struct setting *setting)
{
    struct deck_side side = {0};
    const char *wanted = "a number or `insulated`";
    const char *text = plain_text(setting, wanted);
    if (!text)
        return STATUS_BAD_DECK;
    if (!strcmp(text, "insulated"))
        side.insulated = true;
    else
        TRY(read_number(setting, text, wanted, &side.value));
    *(struct deck_side *)value_at(setting->base, setting->option) = side;
    return STATUS_OK;
}

static enum status set_start(const struct setting *setting)
{
    bool too_large = false;
    int64_t value = 0;
    const struct tree *tree = setting->tree;
    const char *wanted = "milliseconds since 1970, an ISO 8601 time with zone or `auto`";
    if (tree->kind != TREE_SCALAR || tree_is_null(tree))
        return plain_text(setting, wanted) ? STATUS_BUG : STATUS_BAD_DECK;
    bool automatic = !strcmp(tree->text, "auto");
    bool good = automatic || parse_whole(tree->text, &value, &too_large) ||
                timestamp_parse(tree->text, &value);
    if (!good)
        return value_fail(setting, "`%.60s` is not %s", tree->text, wanted);
    if (too_large)
        return value_fail(setting, "%.60s is out of range: 64-bit milliseconds", tree->text);
    setting->deck->time.t0_auto = automatic;
    setting->deck->time.t0_ms = value;
    return STATUS_OK;
}

static enum status set_numbers(const struct setting *setting)
{
    const struct tree *tree = setting->tree;
    const char *wanted = "a number";
    double values[TREE_MAX_ITEMS];
    if (tree->kind != TREE_LIST)
        return value_fail(setting, "must be a list of numbers, [1, 2]");
    for (int i = 0; i < tree->count; i++) {
        struct setting at = *setting;
        at.tree = tree->items[i];
        const char *text = plain_text(&at, wanted);
        if (!text)
            return STATUS_BAD_DECK;
        TRY(read_number(&at, text, wanted, &values[i]));
    }
    value_release(setting->base, setting->option);
    struct deck_numbers *numbers = value_at(setting->base, setting->option);
    size_t size = (size_t)tree->count * sizeof *values;
    *numbers = (struct deck_numbers){memory_block(size), tree->count};
    memcpy(numbers->values, values, size);
    return STATUS_OK;
}

/* `zero`, or the mapping {hold: n}. */
static enum status set_hold(const struct setting *setting)
{
    const struct tree *tree = setting->tree;
    int64_t *hold = value_at(setting->base, setting->option);
    bool too_large = false;
    int64_t windows = 0;
    if (tree->kind == TREE_SCALAR && !tree->quoted && !strcmp(tree->text, "zero")) {
        *hold = 0;
        return STATUS_OK;
    }
    if (tree->kind != TREE_MAP || tree->count != 2 || strcmp(tree->items[0]->text, "hold"))
        return value_fail(setting, "must be `zero` or {hold: n}");
    struct setting at = *setting;
    at.tree = tree->items[1];
    const char *text = plain_text(&at, "a whole number of windows to hold");
    if (!text)
        return STATUS_BAD_DECK;
    if (!parse_whole(text, &windows, &too_large))
        return value_fail(&at, "`%.60s` is not a whole number of windows to hold", text);
    TRY(check_range(&at, too_large ? copysign(INFINITY, (double)windows) : (double)windows));
    *hold = windows;
    return STATUS_OK;
}

/* One corner's coordinate; whether it fits the grid is a rule of the deck. */
static enum status read_coordinate(const struct setting *setting, int position, int64_t *value)
{
    bool too_large = false;
    struct setting at = *setting;
    at.tree = setting->tree->items[position];
    const char *text = plain_text(&at, "a whole number");
    if (!text)
        return STATUS_BAD_DECK;
    if (!parse_whole(text, value, &too_large))
        return value_fail(&at, "`%.60s` is not a whole number", text);
    return check_range(&at, too_large ? copysign(INFINITY, (double)*value) : (double)*value);
}

static enum status set_box(const struct setting *setting)
{
    struct deck_box box = {.whole = tree_is_null(setting->tree)};
    int64_t *const corners[] = {&box.x0, &box.y0, &box.x1, &box.y1};
    const struct tree *tree = setting->tree;
    if (!box.whole && (tree->kind != TREE_LIST || tree->count != 4))
        return value_fail(setting, "must be [x0, y0, x1, y1] or null");
    for (int i = 0; i < 4 && !box.whole; i++)
        TRY(read_coordinate(setting, i, corners[i]));
    *(struct deck_box *)value_at(setting->base, setting->option) = box;
    return STATUS_OK;
}

static enum status fail_names(const struct setting *setting)
{
    char list[256] = "";
    const char *names = setting->option->names;
    for (size_t i = 0, used = 0; names[i] && used + 3 < sizeof list; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, names[i] == '|' ? ", " : "%c",
                                 names[i]);
    }
    const struct tree *tree = setting->tree;
    if (tree->kind == TREE_LIST && !strcmp(names, "[]"))
        return value_fail(setting, "must be empty, []");
    if (tree->kind != TREE_SCALAR)
        return value_fail(setting, "must be %s%s, not a %s", strchr(names, '|') ? "one of " : "",
                          list, tree->kind == TREE_MAP ? "mapping" : "list");
    return value_fail(setting, "`%.60s` is not one of: %s", tree->text, list);
}

static enum status set_enum(const struct setting *setting)
{
    const struct tree *tree = setting->tree;
    int position = -1;
    if (tree->kind == TREE_SCALAR)
        position = deck_names_find(setting->option->names, tree->text);
    if (position < 0)
        return fail_names(setting);
    *(int *)value_at(setting->base, setting->option) = position;
    return STATUS_OK;
}

static enum status set_constant(const struct setting *setting)
{
    const struct tree *tree = setting->tree;
    const char *text = tree->kind == TREE_SCALAR ? tree->text : "";
    if (tree->kind == TREE_LIST && tree->count == 0)
        text = "[]";
    if (tree_is_null(tree))
        text = "null";
    return deck_names_find(setting->option->names, text) < 0 ? fail_names(setting) : STATUS_OK;
}

static enum status set_string(const struct setting *setting)
{
    char *text = NULL;
    bool null = setting->option->type == DECK_STRING_OR_NULL && tree_is_null(setting->tree);
    if (!null)
        TRY(value_read_text(setting, NULL, &text));
    value_release(setting->base, setting->option);
    *(char **)value_at(setting->base, setting->option) = text;
    return STATUS_OK;
}

void value_release(void *base, const struct deck_option *option)
{
    if (option->type == DECK_STRING || option->type == DECK_STRING_OR_NULL) {
        char **text = value_at(base, option);
        free(*text);
        *text = NULL;
    } else if (option->type == DECK_LIST || option->type == DECK_MAP) {
        value_release_list(value_at(base, option));
    } else if (option->type == DECK_NUMBERS) {
        struct deck_numbers *numbers = value_at(base, option);
        free(numbers->values);
        *numbers = (struct deck_numbers){0};
    } else if (option->type == DECK_ITEMS) {
        value_release_items(deck_item_find(option->key), value_at(base, option));
    }
}

enum status value_set(const struct setting *setting)
{
    static enum status (*const set[DECK_TYPES])(const struct setting *) = {
        [DECK_INT] = set_int,           [DECK_INT_OR_AUTO] = set_int,
        [DECK_DOUBLE] = set_double,     [DECK_BOOL] = set_bool,
        [DECK_ENUM] = set_enum,         [DECK_STRING] = set_string,
        [DECK_SIDE] = set_side,         [DECK_STRING_OR_NULL] = set_string,
        [DECK_LIST] = value_set_list,   [DECK_MAP] = value_set_list,
        [DECK_START] = set_start,       [DECK_HOLD] = set_hold,
        [DECK_CONSTANT] = set_constant, [DECK_BOX_OR_NULL] = set_box,
        [DECK_NUMBERS] = set_numbers,   [DECK_ITEMS] = value_set_items,
    };
    return set[setting->option->type](setting);
}
