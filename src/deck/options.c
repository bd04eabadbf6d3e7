#include "deck/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

const struct deck_option *deck_option_find(const char *key)
{
    for (int i = 0; i < deck_option_count; i++)
        if (!strcmp(deck_options[i].key, key))
            return &deck_options[i];
    return NULL;
}

const struct deck_group *deck_group_find(const char *key)
{
    for (int i = 0; i < deck_group_count; i++)
        if (!strcmp(deck_groups[i].key, key))
            return &deck_groups[i];
    return NULL;
}

const struct deck_item *deck_item_find(const char *key)
{
    for (int i = 0; i < deck_item_count; i++)
        if (!strcmp(deck_item_kinds[i].key, key))
            return &deck_item_kinds[i];
    return NULL;
}

void deck_variable(const char *key, char *name)
{
    int length = snprintf(name, DECK_VARIABLE_SIZE, "HEATSTREAM_%s", key);
    assert(length < DECK_VARIABLE_SIZE);
    for (char *c = name; *c; c++)
        *c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
    (void)length;
}

const char *deck_names_at(const char *names, int position, int *length)
{
    for (; position > 0; position--)
        names = strchr(names, '|') + 1;
    *length = (int)strcspn(names, "|");
    return names;
}

int deck_names_find(const char *names, const char *word)
{
    for (int position = 0;; position++) {
        size_t length = strcspn(names, "|");
        if (strlen(word) == length && !memcmp(names, word, length))
            return position;
        if (names[length] == '\0')
            return -1;
        names += length + 1;
    }
}
