/* What a broker's errors mean to the program, and its refusals to the one who has to lift them. */
#ifndef HEATSTREAM_INGEST_KAFKA_REFUSAL_H
#define HEATSTREAM_INGEST_KAFKA_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/status.h"

/* The status of a librdkafka error, STATUS_IO when it has no better one. */
enum status kafka_status(rd_kafka_resp_err_t code);

/* True for what a broker says while a leader moves, a disk or the broker itself recovers or a quota
 * is used up, and of a connection that broke: worth to ask again, for a while. */
bool kafka_status_passes(rd_kafka_resp_err_t code);

/* Who a client says it is: "user alice (SASL PLAIN)". Never holds a secret. */
void kafka_refusal_who(const rd_kafka_conf_t *conf, char *who, size_t size);

/* What is wrong with a broker's certificate, as in "its certificate …": `x509_error` is OpenSSL's
 * verification error (X509_STORE_CTX_get_error(3)), `broker` its host:port. */
void kafka_refusal_certificate(int x509_error, const char *broker, char *text, size_t size);

/* What a TLS alert of the broker in librdkafka's text says of the client, as in "the broker …";
 * NULL when there is none. Alerts are numbered in RFC 8446, section 6. */
const char *kafka_refusal_alert(const char *text);

/* What to look at after an authentication that failed, "" when the text says it all. */
const char *kafka_refusal_advice(rd_kafka_resp_err_t code, const char *text, const char *who);

/* Appends to the text of `err` which grant is missing, where `code` says that one is: `who` needs
 * `operation` on `topic`. Returns the status of `code`. */
enum status kafka_refusal_add(rd_kafka_resp_err_t code, const char *who, const char *operation,
                              const char *topic, struct error *err);

#endif
