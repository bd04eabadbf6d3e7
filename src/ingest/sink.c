#include "sink_ops.h"

enum status sink_put(struct sink *sink, const struct sink_record *record, struct error *err)
{
    return sink->ops->put(sink, record, err);
}

enum status sink_push(struct sink *sink, struct error *err)
{
    return sink->ops->push(sink, err);
}

enum status sink_close(struct sink *sink, struct error *err)
{
    enum status status = sink->ops->flush(sink, err);
    sink->ops->destroy(sink);
    return status;
}

void sink_discard(struct sink *sink)
{
    if (sink)
        sink->ops->destroy(sink);
}
