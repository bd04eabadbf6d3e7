/* The part of a deck by which stored frames are judged: regions, relations, alerts, and the shape
 * of the frames that they are meant for. The option table marks it. */
#ifndef HEATSTREAM_DECK_JUDGED_H
#define HEATSTREAM_DECK_JUDGED_H

#include "deck/deck.h"

/* As deck_load(), but of the marked options only: those of the deck `path` (a run's config.yaml),
 * then those that the deck `other` has (NULL: none), then `overrides`, of which one of another
 * option is STATUS_BAD_DECK. What a file says of other options is not looked at, but that they
 * exist: the sensors, schemas and secrets of the run need not be there any more. The environment is
 * not asked, for a run's config.yaml says already what it said. All other options are defaults.
 *
 * Masks are read: one of the run's must still lie where it lay. */
enum status deck_load_judged(const char *path, const char *other, char *const *overrides,
                             int override_count, struct deck **deck, struct error *err) MUST_CHECK;

#endif
