/* A Kafka topic as a source, and librdkafka's in-process broker fed by the generator. */
#ifndef HEATSTREAM_INGEST_SOURCE_KAFKA_H
#define HEATSTREAM_INGEST_SOURCE_KAFKA_H

#include "ingest/source.h"
#include "wire/generator.h"

/* Strings are borrowed for the call. `properties` are `count` pairs name, value for librdkafka,
 * applied last and in order, so that a later one wins. */
struct kafka_config {
    const char *brokers, *topic;
    const char *const *properties;
    int property_pairs;
    const char *token_file, *token_command; /* of OAUTHBEARER; both NULL: none, never both given */
};

/* Connects and reads the topic's metadata. STATUS_UNREACHABLE: no broker answered within its
 * time-out; STATUS_NO_INPUT: no such topic, with the list of topics known; STATUS_REFUSED:
 * authentication or authorisation. Call after MPI_Init_thread, on a rank that reads, whose process
 * is never to fork afterwards. */
enum status source_open_kafka(const struct kafka_config *config, struct source **source,
                              struct error *err) MUST_CHECK;

/* How a topic is opened: source_open_kafka(), or what takes its place. */
struct kafka_opener {
    enum status (*open)(void *context, const struct kafka_config *config, struct source **source,
                        struct error *err);
    void *context;
};

/* Starts the in-process broker and a thread that produces the generator's events to it, never
 * further ahead of the reader than the broker can hold. source_start(next) makes the generator go
 * on at exactly these offsets, so a restarted run sees the topic it saw before. `brokers` of the
 * config is ignored. `opener`, copied, opens its topics; NULL: source_open_kafka(). */
enum status source_open_embedded(const struct kafka_config *config,
                                 const struct generator_config *generator, enum event_format format,
                                 const struct kafka_opener *opener, struct source **source,
                                 struct error *err) MUST_CHECK;

/* The offset meant by one kcat-style specification for a partition: `beginning`, `end`, N
 * (absolute), -N (N before the end), s@MS (first record at or after that broker time). */
enum status source_kafka_offset(struct source *source, int partition, const char *specification,
                                int64_t *offset, struct error *err) MUST_CHECK;

/* The version of librdkafka in use, for provenance. */
const char *source_kafka_library(void);

#endif
