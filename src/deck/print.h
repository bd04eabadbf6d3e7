/* One option's value as text. Internal to deck/. */
#ifndef HEATSTREAM_DECK_PRINT_H
#define HEATSTREAM_DECK_PRINT_H

#include "deck/deck.h"
#include "deck/options.h"

/* The shortest decimal that reads back as the same double. */
void print_double(double value, struct buffer *text);

/* In flow style, on one line; secrets as "***". `base`: the deck, or the item with the option. */
void print_value(const void *base, const struct deck_option *option, struct buffer *text);

#endif
