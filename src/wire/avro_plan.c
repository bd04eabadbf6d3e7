#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro_nodes.h"
#include "base/memory.h"

enum { REASON_BYTES = 640 };

/* For every field of the event, what is left of its path here: NULL, it does not come by; "", this
 * is it. */
struct want {
    const char *rest[AVRO_FIELDS];
};

struct compiler {
    struct avro_plan *plan;
    struct avro_list **passed; /* by type: the members of one that is passed over */
    const struct avro_fields *fields;
    struct want whole;
    char reason[AVRO_FIELDS][REASON_BYTES]; /* why a field was not found where it was sought */
};

static struct avro_list *add_list(struct avro_plan *plan, int count)
{
    struct avro_list *list =
        memory_zeroed(1, sizeof *list + (size_t)count * sizeof(struct avro_node));
    list->next = plan->lists;
    plan->lists = list;
    return list;
}

static void push_node(struct avro_list *list, const struct avro_node *node)
{
    if (node->kind != AVRO_NULL)
        list->nodes[list->count++] = *node;
}

/* Notes why a field cannot be here; of several reasons the first one is told. */
#define EXPLAIN(compiler, f, ...)                                                                  \
    do {                                                                                           \
        if (!(compiler)->reason[f][0])                                                             \
            snprintf((compiler)->reason[f], REASON_BYTES, __VA_ARGS__);                            \
    } while (0)

/* The path up to here, without the dot behind it. */
static int path_size(const struct compiler *compiler, int f, const char *rest)
{
    const char *path = compiler->whole.rest[f];
    return rest == path ? 0 : (int)(rest - path) - (*rest != '\0');
}

static bool wants_any(const struct want *want)
{
    for (int f = 0; f < AVRO_FIELDS; f++)
        if (want->rest[f])
            return true;
    return false;
}

static struct avro_node plain_node(const struct avro_type *type)
{
    return (struct avro_node){
        .kind = type->empty ? AVRO_NULL : type->kind, .field = AVRO_FIELD_NONE, .size = type->size};
}

/* Without any field in it. Each type is gone into once, before its members are: it may be one of
 * them. */
static struct avro_node pass_over(struct compiler *compiler, const struct avro_type *type)
{
    struct avro_node node = plain_node(type);
    if (type->empty || type->member_count == 0)
        return node;
    struct avro_list **list = &compiler->passed[type->index];
    if (!*list) {
        *list = add_list(compiler->plan, type->member_count);
        for (int i = 0; i < type->member_count; i++) {
            struct avro_node member = pass_over(compiler, type->members[i].type);
            if (type->kind == AVRO_RECORD)
                push_node(*list, &member);
            else
                (*list)->nodes[(*list)->count++] = member;
        }
    }
    node.inside = *list;
    return node;
}

/* False when the schema says of a time what is none of the units. */
static bool choose_unit(struct compiler *compiler, const struct avro_type *type,
                        enum time_unit *unit)
{
    static const struct {
        const char *logical;
        enum time_unit unit;
    } known[] = {
        {"timestamp-millis", TIME_MS}, {"timestamp-micros", TIME_US}, {"timestamp-nanos", TIME_NS}};
    const struct avro_fields *fields = compiler->fields;
    *unit = fields->unit_of_schema ? TIME_MS : fields->time_unit;
    if (!fields->unit_of_schema || !type->logical)
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (type->kind == AVRO_LONG && !strcmp(type->logical, known[i].logical)) {
            *unit = known[i].unit;
            return true;
        }
    EXPLAIN(
        compiler, AVRO_FIELD_TIME,
        "`%s` has the logical type %.60s, which is no instant; stream.time_unit can say what it is",
        fields->time, type->logical);
    return false;
}

/* What a field of the event may be, in words and as bits 1 << kind. */
static int kinds_of(const struct avro_fields *fields, int f, const char **words)
{
    static const int whole = 1 << AVRO_INT | 1 << AVRO_LONG;
    bool iso = !fields->unit_of_schema && fields->time_unit == TIME_ISO8601;
    if (f == AVRO_FIELD_TIME) {
        *words = iso ? "string, for stream.time_unit: iso8601"
                     : "long or int (a string is for stream.time_unit: iso8601)";
        return iso ? 1 << AVRO_STRING : whole;
    }
    if (f == AVRO_FIELD_VALUE) {
        *words = "double, float, int or long";
        return whole | 1 << AVRO_DOUBLE | 1 << AVRO_FLOAT;
    }
    *words = fields->id ? "string, int or long" : "int or long";
    return fields->id ? whole | 1 << AVRO_STRING : whole;
}

static struct avro_node take_field(struct compiler *compiler, const struct avro_type *type, int f)
{
    const char *words;
    struct avro_node node = plain_node(type);
    bool fits = kinds_of(compiler->fields, f, &words) >> type->kind & 1;
    if (fits && (f != AVRO_FIELD_TIME || choose_unit(compiler, type, &node.unit))) {
        node.field = (int8_t)f;
        node.reaches = (uint8_t)(1 << f);
        return node;
    }
    if (type->kind != AVRO_NULL)
        EXPLAIN(compiler, f, "`%s` is of type %s, not %s", compiler->whole.rest[f],
                avro_kind_name(type->kind), words);
    return pass_over(compiler, type);
}

/* Where a path ends, or meets what it cannot enter. */
static struct avro_node compile_end(struct compiler *compiler, const struct avro_type *type,
                                    const struct want *want)
{
    for (int f = 0; f < AVRO_FIELDS; f++)
        if (want->rest[f] && !*want->rest[f])
            return take_field(compiler, type, f);
        else if (want->rest[f] && type->kind != AVRO_NULL)
            EXPLAIN(compiler, f, "`%.*s` is of type %s, which paths do not enter",
                    path_size(compiler, f, want->rest[f]), compiler->whole.rest[f],
                    avro_kind_name(type->kind));
    return pass_over(compiler, type);
}

static struct avro_node compile(struct compiler *compiler, const struct avro_type *type,
                                const struct want *want);

/* What is wanted of one field of a record: of the paths that begin with its name, the rest. */
static struct want want_inside(const struct want *want, const char *name)
{
    struct want inside = {{NULL}};
    size_t size = strlen(name);
    for (int f = 0; f < AVRO_FIELDS; f++) {
        const char *rest = want->rest[f];
        if (rest && !strncmp(rest, name, size) && (rest[size] == '.' || !rest[size]))
            inside.rest[f] = rest + size + (rest[size] == '.');
    }
    return inside;
}

static void explain_missing(struct compiler *compiler, const struct avro_type *record, int f,
                            const char *rest)
{
    char names[REASON_BYTES / 2] = "";
    size_t used = 0;
    for (int i = 0; i < record->member_count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 record->members[i].name);
    EXPLAIN(compiler, f, "the record %.100s has no field `%.*s`%s%s%s", record->name,
            (int)strcspn(rest, "."), rest, *names ? ", only: " : "", names,
            used < sizeof names ? "" : "…");
}

static struct avro_node compile_record(struct compiler *compiler, const struct avro_type *type,
                                       const struct want *want)
{
    struct avro_node node = plain_node(type);
    struct avro_list *list = add_list(compiler->plan, type->member_count);
    struct want met = {{NULL}};
    for (int i = 0; i < type->member_count; i++) {
        struct want inside = want_inside(want, type->members[i].name);
        struct avro_node member = compile(compiler, type->members[i].type, &inside);
        for (int f = 0; f < AVRO_FIELDS; f++)
            if (inside.rest[f])
                met.rest[f] = inside.rest[f];
        node.reaches |= member.reaches;
        push_node(list, &member);
    }
    for (int f = 0; f < AVRO_FIELDS; f++)
        if (want->rest[f] && !*want->rest[f])
            EXPLAIN(compiler, f, "`%s` is a record", compiler->whole.rest[f]);
        else if (want->rest[f] && !met.rest[f])
            explain_missing(compiler, type, f, want->rest[f]);
    node.inside = list;
    return node;
}

static struct avro_node compile_union(struct compiler *compiler, const struct avro_type *type,
                                      const struct want *want)
{
    struct avro_node node = plain_node(type);
    struct avro_list *list = add_list(compiler->plan, type->member_count);
    for (int i = 0; i < type->member_count; i++) {
        struct avro_node branch = compile(compiler, type->members[i].type, want);
        node.reaches |= branch.reaches;
        list->nodes[list->count++] = branch;
    }
    node.inside = list;
    return node;
}

/* Ends although types may contain themselves: every record takes a name off the paths, and no union
 * has a union for a branch. */
static struct avro_node compile(struct compiler *compiler, const struct avro_type *type,
                                const struct want *want)
{
    if (!wants_any(want))
        return pass_over(compiler, type);
    if (type->kind == AVRO_RECORD)
        return compile_record(compiler, type, want);
    if (type->kind == AVRO_UNION)
        return compile_union(compiler, type, want);
    return compile_end(compiler, type, want);
}

static enum status check_reached(const struct compiler *compiler, const char *file,
                                 struct error *err)
{
    static const char *const names[AVRO_FIELDS] = {"time", "column", "row", "value"};
    for (int f = 0; f < AVRO_FIELDS; f++) {
        if (!compiler->whole.rest[f] || compiler->plan->event.reaches >> f & 1)
            continue;
        const char *name = f == AVRO_FIELD_ID && compiler->fields->id ? "identifier" : names[f];
        return error_set(err, STATUS_BAD_DECK, "%s: the %s of an event, `%s`: %s", file, name,
                         compiler->whole.rest[f],
                         compiler->reason[f][0] ? compiler->reason[f] : "it is always null");
    }
    return STATUS_OK;
}

enum status avro_plan_create(const struct avro_schema *schema, const struct avro_fields *fields,
                             struct avro_plan **plan, struct error *err)
{
    struct avro_plan *made = memory_zeroed(1, sizeof *made);
    struct compiler *compiler = memory_zeroed(1, sizeof *compiler);
    compiler->plan = made;
    compiler->fields = fields;
    compiler->passed = memory_zeroed(avro_schema_type_count(schema), sizeof(struct avro_list *));
    compiler->whole = (struct want){{[AVRO_FIELD_TIME] = fields->time,
                                     [AVRO_FIELD_X] = fields->id ? fields->id : fields->x,
                                     [AVRO_FIELD_Y] = fields->id ? NULL : fields->y,
                                     [AVRO_FIELD_VALUE] = fields->value}};
    made->event = compile(compiler, avro_schema_root(schema), &compiler->whole);
    enum status status = check_reached(compiler, avro_schema_file(schema), err);
    free(compiler->passed);
    free(compiler);
    if (status == STATUS_OK)
        *plan = made;
    else
        avro_plan_destroy(made);
    return status;
}

void avro_plan_destroy(struct avro_plan *plan)
{
    if (!plan)
        return;
    for (struct avro_list *list = plan->lists, *next; list; list = next) {
        next = list->next;
        free(list);
    }
    free(plan);
}
