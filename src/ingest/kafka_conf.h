/* The properties of a Kafka client: ours, the user's, and those the run depends on. */
#ifndef HEATSTREAM_INGEST_KAFKA_CONF_H
#define HEATSTREAM_INGEST_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "base/status.h"
#include "ingest/source_kafka.h"

struct kafka_property {
    const char *name, *value;
};

/* How a client is set up: `defaults` may be overridden by the user's properties, `fixed` may not.
 * Both end with a NULL name and may be NULL. `prepare` (may be NULL) adds callbacks. */
struct kafka_setup {
    rd_kafka_type_t type;
    const struct kafka_property *defaults, *fixed;
    void (*prepare)(rd_kafka_conf_t *conf);
};

/* STATUS_BAD_DECK names the property that librdkafka does not accept. */
enum status kafka_conf_create(const struct kafka_setup *setup, const struct kafka_config *config,
                              rd_kafka_conf_t **conf, struct error *err) MUST_CHECK;

/* The value of a property, owned by the caller; NULL when it has none. */
char *kafka_conf_read(const rd_kafka_conf_t *conf, const char *name);

/* The same of a number; 0 when it has none. */
int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name);

#endif
