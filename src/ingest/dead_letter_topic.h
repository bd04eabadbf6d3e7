/* Dead letters on a topic of their own. */
#ifndef HEATSTREAM_INGEST_DEAD_LETTER_TOPIC_H
#define HEATSTREAM_INGEST_DEAD_LETTER_TOPIC_H

#include "base/status.h"
#include "ingest/patience.h"
#include "ingest/source_kafka.h"
#include "window/event.h"

struct dead_letter_topic;

/* An idempotent producer to config->topic. */
enum status dead_letter_topic_open(const struct kafka_config *config, const char *source_topic,
                                   struct dead_letter_topic **topic, struct error *err) MUST_CHECK;
void dead_letter_topic_close(struct dead_letter_topic *topic); /* accepts NULL */

/* How long the calls below may wait; borrowed. At first their patience is endless. */
void dead_letter_topic_set_patience(struct dead_letter_topic *topic,
                                    const struct patience *patience);

/* Hands the letter to the producer; waits while its queue is full. */
enum status dead_letter_topic_put(struct dead_letter_topic *topic, const struct dead_letter *letter,
                                  const uint8_t *bytes, struct error *err) MUST_CHECK;

/* All letters put so far are delivered on return. */
enum status dead_letter_topic_sync(struct dead_letter_topic *topic, struct error *err) MUST_CHECK;

#endif
