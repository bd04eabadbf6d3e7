/* What every Kafka client of the program shares: its configuration, its log, and what became of the
 * connection. No MPI call may be made from a librdkafka thread, so callbacks only take notes here
 * and kafka_client_check() turns them into a status. */
#ifndef HEATSTREAM_INGEST_KAFKA_COMMON_H
#define HEATSTREAM_INGEST_KAFKA_COMMON_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/status.h"
#include "kafka_conf.h"
#include "kafka_notes.h"
#include "kafka_refusal.h"

struct kafka_client;

/* Does not connect. STATUS_BAD_DECK names the property that librdkafka does not accept. `user` is
 * what kafka_client_user() yields for callbacks of `prepare`. */
enum status kafka_client_create(const struct kafka_setup *setup, const struct kafka_config *config,
                                void *user, struct kafka_client **client,
                                struct error *err) MUST_CHECK;

/* Never waits for a broker; deliver or commit before. Accepts NULL. */
void kafka_client_destroy(struct kafka_client *client);

/* Instead of destroying it: the client stays until the process ends. librdkafka, at least up to
 * 2.0.2, never comes back from closing one of whose partitions was deleted while it was read. */
void kafka_client_leave(struct kafka_client *client);

rd_kafka_t *kafka_client_handle(const struct kafka_client *client);
void *kafka_client_user(void *opaque);

/* How long all brokers may be out of reach while running (socket.connection.setup.timeout.ms); at
 * the start it is a third of that. */
int kafka_client_limit_ms(const struct kafka_client *client);

/* Metadata of one topic, or of all when `topic` is NULL; freed with rd_kafka_metadata_destroy().
 * Fails with STATUS_UNREACHABLE after the limit of the start, STATUS_REFUSED at once. */
enum status kafka_client_metadata(struct kafka_client *client, const char *topic,
                                  const struct rd_kafka_metadata **metadata,
                                  struct error *err) MUST_CHECK;

/* STATUS_NO_INPUT with the names of the topics the broker has. */
enum status kafka_client_no_topic(struct kafka_client *client, const char *topic,
                                  struct error *err);

/* No broker has answered another client of the same cluster since then, by monotonic_ms(): the next
 * checks find out whether one is there. A slow one may be busy with a long answer: what arrives
 * ends the doubt (it costs nothing where there is none). */
void kafka_client_doubt(struct kafka_client *client, int64_t silent_since_ms);
void kafka_client_heard(struct kafka_client *client);

/* Serves callbacks without waiting, then tells whether the client can go on. */
enum status kafka_client_check(struct kafka_client *client, struct error *err) MUST_CHECK;

/* Appends to the text of `err` what a refused client lacks: "user alice (SASL PLAIN) needs READ on
 * topic heat". Returns the status of `code`. */
enum status kafka_client_needs(struct kafka_client *client, rd_kafka_resp_err_t code,
                               const char *operation, const char *topic, struct error *err);

/* False once the broker has refused the group; a commit would then wait for nothing, and with it
 * the end of the client. */
bool kafka_client_may_commit(const struct kafka_client *client);

#endif
