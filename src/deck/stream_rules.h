/* Rules about the form of events. Internal to deck/. */
#ifndef HEATSTREAM_DECK_STREAM_RULES_H
#define HEATSTREAM_DECK_STREAM_RULES_H

#include "deck/deck.h"

/* Fields, paths, units, columns and the sensor table fit each other and the format. */
enum status stream_rules_check(const struct deck *deck, struct error *err) MUST_CHECK;

/* True when the events of the run come from the generator. */
bool stream_rules_generated(const struct deck *deck);

/* Takes the digests of the sensor table and the schema, whose paths are absolute. */
enum status stream_rules_read_files(struct deck *deck, struct error *err) MUST_CHECK;

#endif
