/* Turning a tree into the value of one option. Internal to deck/. */
#ifndef HEATSTREAM_DECK_VALUE_H
#define HEATSTREAM_DECK_VALUE_H

#include "deck/options.h"
#include "origin.h"
#include "tree.h"

/* What is being set, and where it stood. */
struct setting {
    struct deck *deck;
    void *base; /* what the option's offset counts from: the deck, or an item of a list in it */
    const struct deck_option *option;
    const struct tree *tree;
    struct deck_origin origin;
    struct error *err;
};

/* Checks type and range and replaces the option's value; untouched on failure. */
enum status value_set(const struct setting *setting) MUST_CHECK;

/* Replaces one entry of a DECK_MAP, or adds it. */
enum status value_set_entry(const struct setting *setting, const char *name) MUST_CHECK;

/* A copy of the setting's scalar with ${NAME} and, where `name` is a map's entry that is secret,
 * ${file:PATH} expanded, within the option's range of lengths. `name` may be NULL. */
enum status value_read_text(const struct setting *setting, const char *name,
                            char **text) MUST_CHECK;

/* value_set() of a list or a map. */
enum status value_set_list(const struct setting *setting) MUST_CHECK;
void value_release_list(struct deck_list *list);

/* value_set() of a list of mappings. */
enum status value_set_items(const struct setting *setting) MUST_CHECK;
void value_release_items(const struct deck_item *kind, struct deck_items *items);

/* Failure of this setting; the message names the place of the value and the key. */
enum status value_fail(const struct setting *setting, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees what the option owns. */
void value_release(void *base, const struct deck_option *option);

/* The option's value inside a deck, or inside an item. */
static inline void *value_at(const void *base, const struct deck_option *option)
{
    return (char *)(uintptr_t)base + option->offset;
}

#endif
