/* What a kind of source implements; see ingest/source.h for the contract of each call. A source
 * embeds `struct source` as its first member. */
#ifndef HEATSTREAM_INGEST_SOURCE_OPS_H
#define HEATSTREAM_INGEST_SOURCE_OPS_H

#include "ingest/source.h"

struct source_ops {
    struct source_identity (*identity)(const struct source *source);
    enum status (*bounds)(struct source *source, int partition, int64_t *first, int64_t *end,
                          struct error *err);
    enum status (*start)(struct source *source, const int64_t *next, struct error *err);
    enum status (*skip)(struct source *source, int partition, int64_t next,
                        struct error *err); /* may be NULL */
    enum status (*read)(struct source *source, int partition, int max,
                        const struct message **messages, int *count, struct error *err);
    enum status (*wait)(struct source *source, int timeout_ms, struct error *err);
    void (*wake)(struct source *source);
    void (*report)(struct source *source, const int64_t *next);       /* may be NULL */
    int64_t (*known_end)(const struct source *source, int partition); /* may be NULL */
    enum status (*offset_at_time)(struct source *source, int partition, int64_t time_ms,
                                  int64_t *offset, struct error *err); /* may be NULL */
    void (*destroy)(struct source *source);
};

struct source {
    const struct source_ops *ops;
};

#endif
