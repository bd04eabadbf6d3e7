#include "json_paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json_scanner.h"

struct part {
    const char *name;
    size_t size;
};

struct path {
    char *text; /* owned; the parts lie in it */
    struct part *parts;
    int count;
};

struct json_paths {
    struct path paths[JSON_FIELDS];
    unsigned wanted; /* a bit per field */
};

static void split(struct path *path, const char *name)
{
    int most = 1;
    for (const char *c = name; *c; c++)
        most += *c == '.';
    path->text = memory_text(name);
    path->parts = memory_zeroed(most, sizeof *path->parts);
    for (const char *begin = path->text; begin; path->count++) {
        const char *dot = strchr(begin, '.');
        path->parts[path->count] =
            (struct part){begin, dot ? (size_t)(dot - begin) : strlen(begin)};
        begin = dot ? dot + 1 : NULL;
    }
}

struct json_paths *json_paths_create(const char *const names[JSON_FIELDS])
{
    struct json_paths *paths = memory_zeroed(1, sizeof *paths);
    for (int i = 0; i < JSON_FIELDS; i++) {
        if (!names[i])
            continue;
        split(&paths->paths[i], names[i]);
        paths->wanted |= 1u << i;
    }
    return paths;
}

void json_paths_destroy(struct json_paths *paths)
{
    if (!paths)
        return;
    for (int i = 0; i < JSON_FIELDS; i++) {
        free(paths->paths[i].text);
        free(paths->paths[i].parts);
    }
    free(paths);
}

struct walk {
    struct json_scanner scanner;
    const struct json_paths *paths;
    struct scalar *scalars;
    unsigned seen;
};

/* Those of the fields in `active` whose part at `depth` is this key. */
static unsigned match(const struct json_paths *paths, unsigned active, int depth,
                      const struct json_string *key)
{
    unsigned matched = 0;
    for (int i = 0; i < JSON_FIELDS; i++) {
        if (!(active >> i & 1u))
            continue;
        const struct part *part = &paths->paths[i].parts[depth];
        if (json_string_equals(key, part->name, part->size))
            matched |= 1u << i;
    }
    return matched;
}

static bool take_scalar(struct walk *walk, int field)
{
    struct json_scanner *s = &walk->scanner;
    struct scalar *scalar = &walk->scalars[field];
    struct json_string string;
    if (walk->seen >> field & 1u)
        return false;
    walk->seen |= 1u << field;
    if (s->at == s->end || *s->at != '"') {
        scalar->kind = SCALAR_NUMBER;
        return number_scan(&s->at, s->end, &scalar->number);
    }
    if (!json_take_string(s, &string))
        return false;
    *scalar = (struct scalar){
        .kind = SCALAR_STRING, .escaped = string.escaped, .begin = string.begin, .end = string.end};
    return true;
}

static bool take_object(struct walk *walk, unsigned active, int depth);

/* A member of an object that `depth` parts of the active paths lead to. */
static bool take_member(struct walk *walk, unsigned active, int depth)
{
    struct json_scanner *s = &walk->scanner;
    struct json_string key;
    if (!json_take_key(s, &key))
        return false;
    unsigned matched = match(walk->paths, active, depth, &key);
    int field = matched ? __builtin_ctz(matched) : 0;
    if (matched && walk->paths->paths[field].count == depth + 1)
        return take_scalar(walk, field);
    keyset_add(s->keys, &key);
    if (!matched)
        return json_skip_value(s, depth + 1);
    return json_take(s, '{') && take_object(walk, matched, depth + 1);
}

/* Behind the opening brace. The recursion is as deep as the longest path. */
static bool take_object(struct walk *walk, unsigned active, int depth)
{
    struct json_scanner *s = &walk->scanner;
    size_t begin = keyset_begin(s->keys);
    do {
        if (!take_member(walk, active, depth))
            return false;
        json_skip_space(s);
    } while (json_take(s, ','));
    return json_take(s, '}') && keyset_end(s->keys, begin);
}

bool json_scan_paths(const uint8_t *text, size_t size, const struct json_paths *paths,
                     struct keyset *keys, struct scalar scalars[JSON_FIELDS])
{
    struct walk walk = {{text, text + size, keys}, paths, scalars, 0};
    struct json_scanner *s = &walk.scanner;
    keys->count = 0;
    json_skip_space(s);
    if (!json_take(s, '{') || !take_object(&walk, paths->wanted, 0))
        return false;
    json_skip_space(s);
    return s->at == s->end && walk.seen == paths->wanted;
}
