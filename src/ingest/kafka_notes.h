/* What librdkafka tells of a client's connections, on whatever thread, kept until it is asked for:
 * no callback may end the run or call MPI. Trouble is logged once, not with every attempt. */
#ifndef HEATSTREAM_INGEST_KAFKA_NOTES_H
#define HEATSTREAM_INGEST_KAFKA_NOTES_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct kafka_notes;

/* Of a client configured so; nothing is kept of `conf`. */
struct kafka_notes *kafka_notes_create(const rd_kafka_conf_t *conf);
void kafka_notes_destroy(struct kafka_notes *notes); /* accepts NULL */

/* From any thread: a line of librdkafka's log, an error, the outcome of OpenSSL's look at a
 * broker's certificate (0: good; returns what the callback has to). */
void kafka_notes_take_log(struct kafka_notes *notes, int level, const char *line);
void kafka_notes_take_error(struct kafka_notes *notes, rd_kafka_resp_err_t code, const char *line);
int kafka_notes_take_certificate(struct kafka_notes *notes, const char *broker, int x509_error,
                                 char *why, size_t why_size);

/* The client has a token that is good until then. As long as it is, not to get the next one is no
 * refusal; nor is what the broker says of it afterwards. */
void kafka_notes_take_token(struct kafka_notes *notes, const char *principal, int64_t expires_ms);

/* Whether trouble is logged as a warning: not while a call waits that will tell of it. */
void kafka_notes_warn(struct kafka_notes *notes, bool warn);

/* STATUS_REFUSED once a broker has refused the client, or the client a broker. */
enum status kafka_notes_check(struct kafka_notes *notes, struct error *err) MUST_CHECK;

/* Somebody else's requests have found nobody since then: to be taken for down until a broker
 * answers, or something is heard of it after all. */
void kafka_notes_doubt(struct kafka_notes *notes, int64_t silent_since_ms);
void kafka_notes_heard(struct kafka_notes *notes);

/* Since when no broker has been reached, by monotonic_ms(), and why (`reason` may be NULL, and is
 * "" when not known); 0: one may be there. kafka_notes_up() ends it. */
int64_t kafka_notes_down_since_ms(struct kafka_notes *notes, char *reason, size_t size);
void kafka_notes_up(struct kafka_notes *notes);

/* See kafka_client_needs() and kafka_client_may_commit(). */
enum status kafka_notes_needs(struct kafka_notes *notes, rd_kafka_resp_err_t code,
                              const char *operation, const char *topic, struct error *err);
bool kafka_notes_may_commit(const struct kafka_notes *notes);

#endif
