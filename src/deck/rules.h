/* Rules that tie options together, and values that follow from others. Internal to deck/. */
#ifndef HEATSTREAM_DECK_RULES_H
#define HEATSTREAM_DECK_RULES_H

#include "deck/deck.h"

/* Names the run after the deck where run.id is `auto`, makes stream.files,
 * stream.sensors and stream.schema absolute, and takes the digests of the latter two. */
enum status rules_complete(struct deck *deck, struct error *err) MUST_CHECK;

enum status rules_check(const struct deck *deck, struct error *err) MUST_CHECK;

#endif
