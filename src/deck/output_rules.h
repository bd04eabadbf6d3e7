/* What a deck's output must fulfil. Internal to deck/. */
#ifndef HEATSTREAM_DECK_OUTPUT_RULES_H
#define HEATSTREAM_DECK_OUTPUT_RULES_H

#include "deck/deck.h"

enum status output_rules_check(const struct deck *deck, struct error *err) MUST_CHECK;

#endif
