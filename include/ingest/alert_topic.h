/* Alerts on a topic of their own: the value of a message is a line of alerts.ndjson without its
 * end, the key the run's id, a slash and the alert's name. So those of an alert lie in one
 * partition, in the order told. */
#ifndef HEATSTREAM_INGEST_ALERT_TOPIC_H
#define HEATSTREAM_INGEST_ALERT_TOPIC_H

#include <stddef.h>

#include "ingest/patience.h"
#include "ingest/source_kafka.h"

struct alert_topic;

/* An idempotent producer to config->topic, which is made with the broker's defaults if it is
 * missing. STATUS_UNREACHABLE and STATUS_REFUSED as source_open_kafka(). */
enum status alert_topic_open(const struct kafka_config *config, const char *run_id,
                             struct alert_topic **topic, struct error *err) MUST_CHECK;

/* Gives up what was not delivered; accepts NULL. */
void alert_topic_close(struct alert_topic *topic);

/* How long a call may wait for the broker; borrowed. At first patience is endless. */
void alert_topic_set_patience(struct alert_topic *topic, const struct patience *patience);

/* Waits only for room in the queue. A failure is final and may belong to an earlier line. */
enum status alert_topic_put(struct alert_topic *topic, const char *alert, size_t alert_size,
                            const char *line, size_t line_size, struct error *err) MUST_CHECK;

/* Everything put is acknowledged by the broker on return. */
enum status alert_topic_sync(struct alert_topic *topic, struct error *err) MUST_CHECK;

#endif
