/* The deck's stream and gen sections as configurations of the ingest room. */
#ifndef HEATSTREAM_RUN_DECK_SOURCES_H
#define HEATSTREAM_RUN_DECK_SOURCES_H

#include "deck/deck.h"
#include "ingest/generator.h"
#include "ingest/source_kafka.h"

struct generator_config generator_of_deck(const struct deck *deck);

/* stream.brokers: embedded, the in-process broker fed by the generator. */
bool deck_is_embedded(const struct deck *deck);

/* Broker, topic and properties; the strings are the deck's. */
struct kafka_config kafka_of_deck(const struct deck *deck);

#endif
