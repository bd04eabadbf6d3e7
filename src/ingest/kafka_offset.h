/* kcat's way to name an offset: beginning | end | N | -N | s@MS. */
#ifndef HEATSTREAM_INGEST_KAFKA_OFFSET_H
#define HEATSTREAM_INGEST_KAFKA_OFFSET_H

#include "base/status.h"
#include "kafka_common.h"

enum kafka_offset_kind {
    KAFKA_OFFSET_BEGINNING,
    KAFKA_OFFSET_END,
    KAFKA_OFFSET_ABSOLUTE,
    KAFKA_OFFSET_BEFORE_END,
    KAFKA_OFFSET_AT_TIME
};

struct kafka_offset {
    enum kafka_offset_kind kind;
    int64_t value; /* N, or broker time in ms */
};

/* STATUS_USAGE when the text is none of them. */
enum status kafka_offset_parse(const char *text, struct kafka_offset *offset,
                               struct error *err) MUST_CHECK;

/* Every kind but AT_TIME, in a partition that holds first .. end - 1. STATUS_NO_INPUT when an
 * absolute offset lies outside; `-N` stops at the first. STATUS_USAGE for the end of what never
 * ends. */
enum status kafka_offset_resolve(const struct kafka_offset *wanted, int64_t first, int64_t end,
                                 int64_t *offset, struct error *err) MUST_CHECK;

/* The first record at or after a broker time; `end` when there is none. */
enum status kafka_offset_at_time(struct kafka_client *client, const char *topic, int partition,
                                 int64_t time_ms, int64_t end, int64_t *offset,
                                 struct error *err) MUST_CHECK;

/* Asks the broker for the first offset of a partition and the one after its last record; a leader
 * that moves is asked again. */
enum status kafka_offset_bounds(struct kafka_client *client, const char *topic, int partition,
                                int64_t *first, int64_t *end, struct error *err) MUST_CHECK;

/* The latter as the client heard it last, from any thread; -1: it has not. */
int64_t kafka_offset_known_end(struct kafka_client *client, const char *topic, int partition);

#endif
