/* The deck's stream and gen sections as configurations of the ingest room. */
#ifndef HEATSTREAM_RUN_DECK_SOURCES_H
#define HEATSTREAM_RUN_DECK_SOURCES_H

#include "deck/deck.h"
#include "ingest/source_kafka.h"
#include "wire/avro_plan.h"
#include "wire/decoder.h"
#include "wire/event_avro.h"
#include "wire/generator.h"
#include "wire/sensors.h"

/* `avro` of event_avro_of_deck(), borrowed. */
struct generator_config generator_of_deck(const struct deck *deck, const struct event_avro *avro);

/* stream.brokers: embedded, the in-process broker fed by the generator. */
bool deck_is_embedded(const struct deck *deck);

/* The events come from the generator, through the in-process broker or without transport. */
bool deck_is_generated(const struct deck *deck);

/* Broker, topic and properties; the strings are the deck's. */
struct kafka_config kafka_of_deck(const struct deck *deck);

/* The sensor table; *sensors is NULL where the deck has none. STATUS_BAD_DECK names file:line of
 * what is wrong in it, also when it is no longer the one whose digest the deck has. */
enum status sensors_of_deck(const struct deck *deck, struct sensors **sensors,
                            struct error *err) MUST_CHECK;

/* How messages are decoded: without the sensor table and the Avro plan. Strings are the deck's. */
struct decoder_config decoding_of_deck(const struct deck *deck);

enum event_format format_of_deck(const struct deck *deck);
enum time_unit time_unit_of_deck(const struct deck *deck); /* `auto` is ms */

/* Names and times of an Avro event; strings are the deck's. */
struct avro_fields avro_fields_of_deck(const struct deck *deck);

/* How to read Avro events by stream.schema; *plan is NULL where the deck has another format.
 * STATUS_BAD_DECK names the file and what is wrong in it, also when it is no longer the one whose
 * digest the deck has. */
enum status avro_plan_of_deck(const struct deck *deck, struct avro_plan **plan,
                              struct error *err) MUST_CHECK;

/* How the generator writes them, *event NULL where it writes another format. STATUS_BAD_DECK says
 * why it cannot, or that the deck has rows in its place, which it does not send. */
enum status event_avro_of_deck(const struct deck *deck, struct event_avro **event,
                               struct error *err) MUST_CHECK;

#endif
