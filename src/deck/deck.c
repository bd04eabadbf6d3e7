#include "deck/deck.h"

#include <stdlib.h>

#include "value.h"
#include "watch_rules.h"

void deck_destroy(struct deck *deck)
{
    if (!deck)
        return;
    watch_rules_release(deck);
    for (int i = 0; i < deck_option_count; i++)
        value_release(deck, &deck_options[i]);
    free(deck->origins);
    free(deck->path);
    free(deck);
}

enum status deck_error(const struct deck *deck, const char *key, struct error *err,
                       const char *format, ...)
{
    static const struct deck_origin nowhere = {ORIGIN_DEFAULT, 0, 0};
    const struct deck_option *option = deck_option_find(key);
    va_list arguments;
    va_start(arguments, format);
    enum status status =
        origin_fail(deck->path, option ? &deck->origins[option - deck_options] : &nowhere, key, err,
                    format, arguments);
    va_end(arguments);
    return status;
}
