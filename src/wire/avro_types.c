#include "avro_types.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PLACE_BYTES = 256 };

/* Where in the schema a type stands. */
struct place {
    const struct place *outer;
    const char *field;          /* NULL: adds nothing to the path */
    const struct avro_type *in; /* the named type whose namespace holds here, or NULL */
    int level;
};

struct parser {
    const char *file;
    struct avro_types *types;
    struct error *err;
};

static const char *const kind_names[AVRO_KINDS] = {
    [AVRO_NULL] = "null",   [AVRO_BOOLEAN] = "boolean", [AVRO_INT] = "int",
    [AVRO_LONG] = "long",   [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
    [AVRO_BYTES] = "bytes", [AVRO_STRING] = "string",   [AVRO_RECORD] = "record",
    [AVRO_ENUM] = "enum",   [AVRO_ARRAY] = "array",     [AVRO_MAP] = "map",
    [AVRO_UNION] = "union", [AVRO_FIXED] = "fixed"};

const char *avro_kind_name(enum avro_kind kind)
{
    return kind_names[kind];
}

/* The fields that lead to a place, joined by dots. */
static void print_place(const struct place *place, char path[PLACE_BYTES])
{
    if (place->outer)
        print_place(place->outer, path);
    else
        path[0] = '\0';
    size_t used = strlen(path);
    if (place->field)
        snprintf(path + used, PLACE_BYTES - used, "%s%s", used > 0 ? "." : "", place->field);
}

__attribute__((format(printf, 3, 4))) static enum status fail(const struct parser *parser,
                                                              const struct place *place,
                                                              const char *format, ...)
{
    char text[512], path[PLACE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_place(place, path);
    return error_set(parser->err, STATUS_BAD_DECK, "%s: %s%s%s%s", parser->file, path[0] ? "`" : "",
                     path, path[0] ? "`: " : "", text);
}

static struct avro_type *add_type(struct avro_types *types, enum avro_kind kind)
{
    if (types->count == types->capacity) {
        types->capacity = 2 * types->capacity + 16;
        types->items =
            memory_checked(realloc(types->items, (size_t)types->capacity * sizeof *types->items));
    }
    struct avro_type *type = memory_zeroed(1, sizeof *type);
    type->kind = kind;
    type->index = types->count;
    types->items[types->count++] = type;
    return type;
}

void avro_types_release(struct avro_types *types)
{
    for (int i = 0; i < types->count; i++) {
        free(types->items[i]->name);
        free(types->items[i]->members);
        free(types->items[i]);
    }
    free(types->items);
}

static void make_members(struct avro_type *type, size_t count)
{
    type->members = memory_zeroed((int64_t)count + 1, sizeof *type->members);
    type->member_count = (int)count;
}

/* Letters, digits and _, no digit first; parts joined by dots where `dotted`. */
static bool is_name(const char *text, bool dotted)
{
    bool first = true;
    for (; *text; text++) {
        bool letter = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        bool digit = *text >= '0' && *text <= '9';
        bool dot = dotted && *text == '.';
        if (first ? !letter && *text != '_' : !letter && !digit && *text != '_' && !dot)
            return false;
        first = dot;
    }
    return !first;
}

static bool primitive_kind(const char *name, enum avro_kind *kind)
{
    for (int k = AVRO_NULL; k <= AVRO_STRING; k++)
        if (!strcmp(kind_names[k], name)) {
            *kind = (enum avro_kind)k;
            return true;
        }
    return false;
}

static char *join_name(const char *space, size_t space_size, const char *name)
{
    size_t size = space_size + strlen(name) + 2;
    char *full = memory_block(size);
    snprintf(full, size, "%.*s%s%s", (int)space_size, space, space_size > 0 ? "." : "", name);
    return full;
}

/* A name without a dot belongs to the namespace of the type around it. */
static char *resolve_name(const char *name, const struct avro_type *in)
{
    const char *dot = in && !strchr(name, '.') ? strrchr(in->name, '.') : NULL;
    return dot ? join_name(in->name, (size_t)(dot - in->name), name) : join_name("", 0, name);
}

static const struct avro_type *find_named(const struct avro_types *types, const char *full)
{
    for (int i = 0; i < types->count; i++)
        if (types->items[i]->name && !strcmp(types->items[i]->name, full))
            return types->items[i];
    return NULL;
}

static enum status read_reference(const struct parser *parser, const char *name,
                                  const struct place *place, const struct avro_type **type)
{
    enum avro_kind kind;
    if (primitive_kind(name, &kind)) {
        struct avro_type *primitive = add_type(parser->types, kind);
        primitive->empty = kind == AVRO_NULL;
        *type = primitive;
        return STATUS_OK;
    }
    char *full = resolve_name(name, place->in);
    *type = find_named(parser->types, full);
    free(full);
    return *type ? STATUS_OK
                 : fail(parser, place, "there is no type `%.100s`, or it is defined later", name);
}

static enum status read_text(const struct parser *parser, const json_t *json, const char *key,
                             const struct place *place, const char **text)
{
    *text = json_string_value(json_object_get(json, key));
    return *text ? STATUS_OK : fail(parser, place, "needs \"%s\", a text", key);
}

static enum status read_list(const struct parser *parser, const json_t *json, const char *key,
                             const struct place *place, const json_t **list)
{
    *list = json_object_get(json, key);
    return json_is_array(*list) ? STATUS_OK : fail(parser, place, "needs \"%s\", a list", key);
}

/* Gives a type its full name, which nothing else may have. */
static enum status read_name(const struct parser *parser, const json_t *json,
                             const struct place *place, struct avro_type *type)
{
    const char *name, *space = json_string_value(json_object_get(json, "namespace"));
    enum avro_kind kind;
    TRY(read_text(parser, json, "name", place, &name));
    if (!is_name(name, true))
        return fail(parser, place, "`%.100s` is no name: letters, digits and _, parts with dots",
                    name);
    if (space && *space && !is_name(space, true))
        return fail(parser, place, "the namespace `%.100s` of `%s` is no name", space, name);
    if (primitive_kind(name, &kind))
        return fail(parser, place, "`%s` is a type of Avro itself, and cannot be defined", name);
    bool spaced = space && !strchr(name, '.');
    char *full = spaced ? join_name(space, strlen(space), name) : resolve_name(name, place->in);
    bool known = find_named(parser->types, full) != NULL;
    type->name = full;
    return known ? fail(parser, place, "`%.100s` is defined twice", full) : STATUS_OK;
}

static enum status read_type(const struct parser *parser, const json_t *json,
                             const struct place *place, const struct avro_type **type) MUST_CHECK;

static enum status read_field(const struct parser *parser, const json_t *json,
                              const struct place *record, struct avro_member *member)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || !is_name(name, false))
        return fail(parser, record, "a field of `%s` needs \"name\", of letters, digits and _",
                    record->in->name);
    const struct place place = {record, name, record->in, record->level};
    const json_t *type = json_object_get(json, "type");
    if (!type)
        return fail(parser, &place, "needs \"type\"");
    member->name = name;
    return read_type(parser, type, &place, &member->type);
}

static enum status read_record(const struct parser *parser, const json_t *json,
                               const struct place *place, struct avro_type *type)
{
    const json_t *fields;
    TRY(read_name(parser, json, place, type));
    TRY(read_list(parser, json, "fields", place, &fields));
    const struct place inside = {place, NULL, type, place->level};
    make_members(type, json_array_size(fields));
    bool empty = true;
    for (int i = 0; i < type->member_count; i++) {
        struct avro_member *member = &type->members[i];
        TRY(read_field(parser, json_array_get(fields, (size_t)i), &inside, member));
        for (int j = 0; j < i; j++)
            if (!strcmp(type->members[j].name, member->name))
                return fail(parser, &inside, "two fields of `%s` are called `%s`", type->name,
                            member->name);
        empty = empty && member->type->empty;
    }
    type->empty = empty;
    return STATUS_OK;
}

static enum status read_enum(const struct parser *parser, const json_t *json,
                             const struct place *place, struct avro_type *type)
{
    const json_t *symbols;
    TRY(read_name(parser, json, place, type));
    TRY(read_list(parser, json, "symbols", place, &symbols));
    size_t count = json_array_size(symbols);
    for (size_t i = 0; i < count; i++) {
        const char *symbol = json_string_value(json_array_get(symbols, i));
        if (!symbol || !is_name(symbol, false))
            return fail(parser, place, "symbol %zu of `%s` is not a name", i, type->name);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(json_string_value(json_array_get(symbols, j)), symbol))
                return fail(parser, place, "the symbol `%s` of `%s` is there twice", symbol,
                            type->name);
    }
    type->size = (int64_t)count;
    return count > 0 ? STATUS_OK : fail(parser, place, "the enum `%s` has no symbols", type->name);
}

static enum status read_fixed(const struct parser *parser, const json_t *json,
                              const struct place *place, struct avro_type *type)
{
    const json_t *size = json_object_get(json, "size");
    TRY(read_name(parser, json, place, type));
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return fail(parser, place, "`%s` needs \"size\", a number of bytes", type->name);
    type->size = json_integer_value(size);
    type->empty = type->size == 0;
    return STATUS_OK;
}

static enum status read_items(const struct parser *parser, const json_t *json,
                              const struct place *place, struct avro_type *type)
{
    const char *key = type->kind == AVRO_ARRAY ? "items" : "values";
    const json_t *items = json_object_get(json, key);
    if (!items)
        return fail(parser, place, "the %s needs \"%s\"", kind_names[type->kind], key);
    make_members(type, 1);
    return read_type(parser, items, place, &type->members[0].type);
}

/* Whether a union would hold two values that cannot be told apart. */
static bool is_same(const struct avro_type *a, const struct avro_type *b)
{
    return a == b || (a->kind == b->kind && !a->name);
}

static enum status read_union(const struct parser *parser, const json_t *json,
                              const struct place *place, struct avro_type *type)
{
    make_members(type, json_array_size(json));
    if (type->member_count == 0)
        return fail(parser, place, "a union without branches");
    for (int i = 0; i < type->member_count; i++) {
        struct avro_member *member = &type->members[i];
        TRY(read_type(parser, json_array_get(json, (size_t)i), place, &member->type));
        if (member->type->kind == AVRO_UNION)
            return fail(parser, place, "a union directly inside of a union");
        for (int j = 0; j < i; j++)
            if (is_same(type->members[j].type, member->type))
                return fail(parser, place, "two branches of a union are %s",
                            member->type->name ? member->type->name
                                               : kind_names[member->type->kind]);
    }
    return STATUS_OK;
}

static enum status read_object(const struct parser *parser, const json_t *json,
                               const struct place *place, const struct avro_type **type)
{
    static const struct {
        enum avro_kind kind;
        enum status (*read)(const struct parser *, const json_t *, const struct place *,
                            struct avro_type *);
    } complex[] = {{AVRO_RECORD, read_record},
                   {AVRO_ENUM, read_enum},
                   {AVRO_ARRAY, read_items},
                   {AVRO_MAP, read_items},
                   {AVRO_FIXED, read_fixed}};
    const char *name;
    TRY(read_text(parser, json, "type", place, &name));
    for (size_t i = 0; i < sizeof complex / sizeof *complex; i++)
        if (!strcmp(name, kind_names[complex[i].kind])) {
            struct avro_type *made = add_type(parser->types, complex[i].kind);
            *type = made;
            return complex[i].read(parser, json, place, made);
        }
    enum avro_kind kind;
    TRY(read_reference(parser, name, place, type));
    if (primitive_kind(name, &kind)) /* made for this place alone */
        parser->types->items[(*type)->index]->logical =
            json_string_value(json_object_get(json, "logicalType"));
    return STATUS_OK;
}

static enum status read_type(const struct parser *parser, const json_t *json,
                             const struct place *outer, const struct avro_type **type)
{
    const struct place place = {outer, NULL, outer->in, outer->level + 1};
    if (place.level > AVRO_LEVELS)
        return fail(parser, &place, "types nested more than %d levels", AVRO_LEVELS);
    if (json_is_string(json))
        return read_reference(parser, json_string_value(json), &place, type);
    if (json_is_object(json))
        return read_object(parser, json, &place, type);
    if (!json_is_array(json))
        return fail(parser, &place, "a type is a text, an object or a list");
    struct avro_type *made = add_type(parser->types, AVRO_UNION);
    *type = made;
    return read_union(parser, json, &place, made);
}

enum status avro_types_read(struct avro_types *types, const char *file, const json_t *json,
                            const struct avro_type **root, struct error *err)
{
    const struct parser parser = {file, types, err};
    const struct place outside = {0};
    TRY(read_type(&parser, json, &outside, root));
    if ((*root)->kind == AVRO_RECORD)
        return STATUS_OK;
    return fail(&parser, &outside, "an event is a record, not of type %s",
                kind_names[(*root)->kind]);
}
