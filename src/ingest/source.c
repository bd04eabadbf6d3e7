#include "source_ops.h"

struct source_identity source_identity(const struct source *source)
{
    return source->ops->identity(source);
}

enum status source_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                          struct error *err)
{
    return source->ops->bounds(source, partition, first, end, err);
}

enum status source_start(struct source *source, const int64_t *next, struct error *err)
{
    return source->ops->start(source, next, err);
}

enum status source_skip(struct source *source, int partition, int64_t next, struct error *err)
{
    if (source->ops->skip)
        return source->ops->skip(source, partition, next, err);
    return error_set(err, STATUS_NO_INPUT, "%s partition %d cannot be read on at offset %lld",
                     source_identity(source).topic, partition, (long long)next);
}

enum status source_read(struct source *source, int partition, int max,
                        const struct message **messages, int *count, struct error *err)
{
    return source->ops->read(source, partition, max, messages, count, err);
}

enum status source_wait(struct source *source, int timeout_ms, struct error *err)
{
    return source->ops->wait(source, timeout_ms, err);
}

void source_wake(struct source *source)
{
    source->ops->wake(source);
}

void source_report(struct source *source, const int64_t *next)
{
    if (source->ops->report)
        source->ops->report(source, next);
}

int64_t source_known_end(const struct source *source, int partition)
{
    return source->ops->known_end ? source->ops->known_end(source, partition) : -1;
}

void source_destroy(struct source *source)
{
    if (source)
        source->ops->destroy(source);
}
