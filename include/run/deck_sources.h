/* The deck's stream and gen sections as configurations of the ingest room. */
#ifndef HEATSTREAM_RUN_DECK_SOURCES_H
#define HEATSTREAM_RUN_DECK_SOURCES_H

#include "deck/deck.h"
#include "ingest/generator.h"
#include "ingest/sensors.h"
#include "ingest/source_kafka.h"

struct generator_config generator_of_deck(const struct deck *deck);

/* stream.brokers: embedded, the in-process broker fed by the generator. */
bool deck_is_embedded(const struct deck *deck);

/* Broker, topic and properties; the strings are the deck's. */
struct kafka_config kafka_of_deck(const struct deck *deck);

/* The sensor table; *sensors is NULL where the deck has none. STATUS_BAD_DECK names file:line of
 * what is wrong in it, also when it is no longer the one whose digest the deck has. */
enum status sensors_of_deck(const struct deck *deck, struct sensors **sensors,
                            struct error *err) MUST_CHECK;

#endif
