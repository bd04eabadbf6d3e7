#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/memory.h"

struct reader {
    yaml_parser_t parser;
    const char *name;
    bool placed;
    struct error *err;
};

static void *allocate(void *old, size_t size)
{
    return memory_checked(realloc(old, size));
}

static enum status fail_at(struct reader *reader, yaml_mark_t mark, const char *text)
{
    if (!reader->placed)
        return error_set(reader->err, STATUS_BAD_DECK, "%s: %s", reader->name, text);
    return error_set(reader->err, STATUS_BAD_DECK, "%s:%zu:%zu: %s", reader->name, mark.line + 1,
                     mark.column + 1, text);
}

static enum status next_event(struct reader *reader, yaml_event_t *event)
{
    yaml_parser_t *parser = &reader->parser;
    if (yaml_parser_parse(parser, event))
        return STATUS_OK;
    char text[256];
    snprintf(text, sizeof text, "not valid YAML: %s%s%s",
             parser->problem ? parser->problem : "out of memory", parser->context ? " " : "",
             parser->context ? parser->context : "");
    bool has_mark = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
    return fail_at(reader, has_mark ? parser->problem_mark : parser->mark, text);
}

static struct tree *create_node(enum tree_kind kind, yaml_mark_t mark)
{
    struct tree *tree = allocate(NULL, sizeof *tree);
    *tree = (struct tree){.kind = kind, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
    return tree;
}

void tree_destroy(struct tree *tree)
{
    if (!tree)
        return;
    for (int i = 0; i < tree->count; i++)
        tree_destroy(tree->items[i]);
    free(tree->items);
    free(tree->text);
    free(tree);
}

struct tree *tree_scalar(const char *text, bool quoted)
{
    struct tree *tree = create_node(TREE_SCALAR, (yaml_mark_t){0});
    tree->text = strcpy(allocate(NULL, strlen(text) + 1), text);
    tree->quoted = quoted;
    return tree;
}

bool tree_is_null(const struct tree *tree)
{
    return tree->kind == TREE_SCALAR && !tree->quoted &&
           (!strcmp(tree->text, "") || !strcmp(tree->text, "~") || !strcmp(tree->text, "null"));
}

/* What no deck needs: aliases let a few lines stand for gigabytes. */
static enum status refuse_extras(struct reader *reader, const yaml_event_t *event)
{
    yaml_mark_t mark = event->start_mark;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_ALIAS_EVENT)
        return fail_at(reader, mark, "aliases (*name) are not allowed in a deck");
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    }
    if (anchor)
        return fail_at(reader, mark, "anchors (&name) are not allowed in a deck");
    if (tag)
        return fail_at(reader, mark, "tags (!name) are not allowed in a deck");
    return STATUS_OK;
}

static enum status read_scalar(struct reader *reader, const yaml_event_t *event, struct tree **tree)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (strlen(value) != length)
        return fail_at(reader, event->start_mark, "a NUL character in a text");
    *tree = create_node(TREE_SCALAR, event->start_mark);
    (*tree)->text = memcpy(allocate(NULL, length + 1), value, length + 1);
    (*tree)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return STATUS_OK;
}

static enum status check_key(struct reader *reader, const struct tree *map, const struct tree *key,
                             yaml_mark_t mark)
{
    if (key->kind != TREE_SCALAR)
        return fail_at(reader, mark, "a key must be a plain word");
    for (int i = 0; i + 1 < map->count; i += 2) {
        if (strcmp(map->items[i]->text, key->text))
            continue;
        char text[320];
        snprintf(text, sizeof text, "`%.200s` is given twice, first on line %d", key->text,
                 map->items[i]->line);
        return fail_at(reader, mark, text);
    }
    return STATUS_OK;
}

static enum status read_node(struct reader *reader, const yaml_event_t *event, int depth,
                             struct tree **tree);

static enum status read_items(struct reader *reader, int depth, struct tree *parent)
{
    for (;;) {
        yaml_event_t event;
        TRY(next_event(reader, &event));
        bool end = event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        struct tree *item = NULL;
        yaml_mark_t mark = event.start_mark;
        enum status status = end ? STATUS_OK : read_node(reader, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (end || status != STATUS_OK)
            return status;
        if (parent->kind == TREE_MAP && parent->count % 2 == 0)
            status = check_key(reader, parent, item, mark);
        if (status == STATUS_OK && parent->count == 2 * TREE_MAX_ITEMS)
            status = fail_at(reader, mark, "too many entries in one list or mapping");
        if (status != STATUS_OK) {
            tree_destroy(item);
            return status;
        }
        parent->items = allocate(parent->items, (size_t)(parent->count + 1) * sizeof item);
        parent->items[parent->count++] = item;
    }
}

static enum status read_node(struct reader *reader, const yaml_event_t *event, int depth,
                             struct tree **tree)
{
    TRY(refuse_extras(reader, event));
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader, event, tree);
    if (depth > TREE_MAX_DEPTH)
        return fail_at(reader, event->start_mark, "nested too deeply for a deck");
    enum tree_kind kind = event->type == YAML_MAPPING_START_EVENT ? TREE_MAP : TREE_LIST;
    struct tree *parent = create_node(kind, event->start_mark);
    enum status status = read_items(reader, depth, parent);
    if (status == STATUS_OK)
        *tree = parent;
    else
        tree_destroy(parent);
    return status;
}

/* Stream start, document start, the node, document end, stream end. */
static enum status read_stream(struct reader *reader, struct tree **tree)
{
    for (;;) {
        yaml_event_t event;
        TRY(next_event(reader, &event));
        yaml_event_type_t type = event.type;
        enum status status = STATUS_OK;
        bool is_node = type == YAML_SCALAR_EVENT || type == YAML_MAPPING_START_EVENT ||
                       type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT;
        if (type == YAML_DOCUMENT_START_EVENT && *tree)
            status = fail_at(reader, event.start_mark, "a second YAML document in one deck");
        else if (is_node)
            status = read_node(reader, &event, 1, tree);
        yaml_event_delete(&event);
        if (status != STATUS_OK || type == YAML_STREAM_END_EVENT)
            return status;
    }
}

enum status tree_parse(const char *name, bool placed, const char *text, size_t size,
                       struct tree **tree, struct error *err)
{
    struct reader reader = {.name = name, .placed = placed, .err = err};
    if (size > TREE_MAX_BYTES)
        return error_set(err, STATUS_BAD_DECK, "%s: more than %d bytes: this is no deck", name,
                         TREE_MAX_BYTES);
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    struct tree *root = NULL;
    enum status status = read_stream(&reader, &root);
    yaml_parser_delete(&reader.parser);
    if (status == STATUS_OK)
        *tree = root ? root : tree_scalar("", false);
    else
        tree_destroy(root);
    return status;
}
