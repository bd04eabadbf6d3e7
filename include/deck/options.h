/* The option table: every key of the deck once. It drives parsing, ranges, defaults,
 * --print-config, the deck hash, the reference in the README and the JSON schema. */
#ifndef HEATSTREAM_DECK_OPTIONS_H
#define HEATSTREAM_DECK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum deck_type {
    DECK_INT,            /* int64_t */
    DECK_INT_OR_AUTO,    /* int64_t, 0 for `auto` */
    DECK_DOUBLE,         /* double, always finite */
    DECK_BOOL,           /* bool */
    DECK_ENUM,           /* int, the position in `names` */
    DECK_STRING,         /* char *, range = length in bytes */
    DECK_STRING_OR_NULL, /* char *, NULL for `null` */
    DECK_SIDE,           /* struct deck_side: a number or `insulated` */
    DECK_LIST,           /* struct deck_list of strings */
    DECK_MAP,            /* struct deck_list of names and strings in turn */
    DECK_START,          /* time.t0: milliseconds, ISO 8601 with zone, or `auto` */
    DECK_HOLD,           /* int64_t: n for `{hold: n}`, 0 for `zero` */
    DECK_BOX_OR_NULL,    /* struct deck_box: [x0, y0, x1, y1], or `null` for the whole grid */
    DECK_NUMBERS,        /* struct deck_numbers, range = of each */
    DECK_ITEMS,          /* struct deck_items: a list of mappings, see struct deck_item */
    DECK_CONSTANT,       /* one of `names`, all of which mean the same: not stored */
    DECK_TYPES
};

enum {
    DECK_MAY_CHANGE = 1,   /* a continued run may differ in it: not part of deck_hash() */
    DECK_HOLDS_SECRET = 2, /* a map whose *.password, *.secret, … are shown as *** */
    DECK_ABOVE_MIN = 4,    /* the minimum itself is out of range */
    DECK_RUNS_PROGRAM = 8, /* not taken from a deck file, and not printed into one */
    DECK_REQUIRED = 16,    /* a field of an item that has no default */
    DECK_JUDGED = 32,      /* what stored frames are judged by again: see deck/judged.h */
};

struct deck_option {
    const char *key; /* dotted: "grid.nx" */
    enum deck_type type;
    size_t offset; /* into struct deck, or the item; unused for DECK_START and DECK_CONSTANT */
    const char *fallback; /* the default as YAML */
    const char *names;    /* DECK_ENUM, DECK_CONSTANT: "a|b|c" */
    double min, max;      /* integers up to 2^53; times have no range */
    const char *unit;     /* "" when it has none */
    unsigned flags;
    const char *doc; /* what it means and what goes wrong, Markdown */
};

/* A mapping of the deck that holds options: "output", "output.frames". */
struct deck_group {
    const char *key, *doc;
};

/* The fields of the items of a DECK_ITEMS option. Keys are "regions.box", offsets into the item. */
struct deck_item {
    const char *key; /* of the option: "regions" */
    size_t size;
    const struct deck_option *fields;
    int count;
};
extern const struct deck_item deck_item_kinds[];
extern const int deck_item_count;

extern const struct deck_option deck_options[];
extern const int deck_option_count;
extern const struct deck_group deck_groups[];
extern const int deck_group_count;

/* The option or group of that key, or NULL. */
const struct deck_option *deck_option_find(const char *key);
const struct deck_group *deck_group_find(const char *key);
const struct deck_item *deck_item_find(const char *key);

/* The environment variable of a key: HEATSTREAM_GRID_NX. `name` holds DECK_VARIABLE_SIZE bytes. */
enum { DECK_VARIABLE_SIZE = 96 };
void deck_variable(const char *key, char *name);

/* Position of `word` in "a|b|c", or -1; and the word at a position, its length in *length. */
int deck_names_find(const char *names, const char *word);
const char *deck_names_at(const char *names, int position, int *length);

/* True for names such as sasl.password, whose values are never shown. */
bool deck_name_is_secret(const char *name);

/* True for a value that is secret whatever its name: a private key, a URL with a password. */
bool deck_value_is_secret(const char *value);

#endif
