/* Rules of regions, relations and alerts. Internal to deck/. */
#ifndef HEATSTREAM_DECK_WATCH_RULES_H
#define HEATSTREAM_DECK_WATCH_RULES_H

#include "deck/deck.h"

/* Reads the masks, whose paths are absolute. */
enum status watch_rules_read_masks(struct deck *deck, struct error *err) MUST_CHECK;
enum status watch_rules_check(const struct deck *deck, struct error *err) MUST_CHECK;

/* Frees what was read. */
void watch_rules_release(struct deck *deck);

#endif
