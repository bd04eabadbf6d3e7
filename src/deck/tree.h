/* YAML text as a tree that remembers where everything stood. Internal to deck/. */
#ifndef HEATSTREAM_DECK_TREE_H
#define HEATSTREAM_DECK_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree {
    enum tree_kind kind;
    char *text;  /* of a scalar, without NUL inside */
    bool quoted; /* so that "null" and "40" are texts */
    int line, column;
    struct tree **items; /* of a map: keys (always scalars) and values in turn */
    int count;
};

enum { TREE_MAX_DEPTH = 16, TREE_MAX_ITEMS = 4096, TREE_MAX_BYTES = 1 << 20 };

/* `name` is put in front of a message, with :line:column where `placed`. Exactly one document,
 * without anchors, aliases and tags; an empty one is a null scalar. STATUS_BAD_DECK. */
enum status tree_parse(const char *name, bool placed, const char *text, size_t size,
                       struct tree **tree, struct error *err) MUST_CHECK;

/* A scalar that was not read from YAML. */
struct tree *tree_scalar(const char *text, bool quoted);
void tree_destroy(struct tree *tree); /* accepts NULL */

/* True for ~, null and nothing at all, unquoted. */
bool tree_is_null(const struct tree *tree);

#endif
