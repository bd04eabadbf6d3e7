/* What rank 0 tells a rank that reads for it, as bytes. */
#ifndef HEATSTREAM_INGEST_READER_ORDERS_H
#define HEATSTREAM_INGEST_READER_ORDERS_H

#include "base/buffer.h"
#include "base/status.h"
#include "ingest/source_kafka.h"

/* READER_READ comes first and once: begin, at these offsets. READER_SKIP: a partition that failed
 * with STATUS_NO_INPUT goes on at an offset. READER_AHEAD: of partitions, so many more blocks may
 * be under way. */
enum reader_order_kind { READER_READ, READER_SKIP, READER_AHEAD };

struct order_read {
    struct kafka_config kafka;
    const char *cluster_id; /* that rank 0 has found there */
    int partitions;
    const int64_t *next; /* [partitions], negative: another rank's */
    int ahead;           /* blocks of a partition that may be under way */
    int batch;
};

/* The rest of the order is order->kafka, which does not count here, as order_put_kafka() wrote it,
 * and what decoding_save() made. */
void order_put_read(struct buffer *out, const struct order_read *order, const struct buffer *kafka,
                    const struct buffer *decoding);
void order_put_kafka(struct buffer *out, const struct kafka_config *kafka);

void order_put_skip(struct buffer *out, int partition, int64_t next);

/* READER_AHEAD is a kind, then any number of these. */
void order_begin_ahead(struct buffer *out);
void order_put_ahead(struct buffer *out, int partition, int blocks);

/* `from` is behind the kind, and left at what decoding_load() reads. The strings and properties
 * point into what is read; next and kafka.properties are to be freed by the caller. */
enum status order_get_read(struct buffer_reader *from, struct order_read *order,
                           struct error *err) MUST_CHECK;

#endif
