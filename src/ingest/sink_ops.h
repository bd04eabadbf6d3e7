/* What a kind of sink implements; see ingest/sink.h for the contract of each call. A sink embeds
 * `struct sink` as its first member. */
#ifndef HEATSTREAM_INGEST_SINK_OPS_H
#define HEATSTREAM_INGEST_SINK_OPS_H

#include "ingest/sink.h"

struct sink_ops {
    enum status (*put)(struct sink *sink, const struct sink_record *record, struct error *err);
    enum status (*push)(struct sink *sink, struct error *err);
    enum status (*flush)(struct sink *sink,
                         struct error *err); /* of close: all delivered on return */
    void (*destroy)(struct sink *sink);
};

struct sink {
    const struct sink_ops *ops;
};

#endif
