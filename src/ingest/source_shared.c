#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "reader_orders.h"
#include "share_lanes.h"
#include "source_ops.h"

struct shared_source {
    struct source base;
    struct share *share;
    struct source *local;
    struct buffer kafka; /* its configuration, for the readers */
};

static struct shared_source *of(const struct source *source)
{
    return (struct shared_source *)source;
}

static struct source_identity shared_identity(const struct source *source)
{
    return source_identity(of(source)->local);
}

static enum status shared_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                                 struct error *err)
{
    return source_bounds(of(source)->local, partition, first, end, err);
}

/* Where each partition begins for one reader, -1 for those of the others. */
static void select_offsets(const struct share *share, int reader, const int64_t *next,
                           int64_t *selected)
{
    for (int p = 0; p < share->partitions; p++)
        selected[p] = share_reader_of(share, p) == reader ? next[p] : -1;
}

static void order_all_to_read(struct shared_source *self, const int64_t *next, int64_t *selected)
{
    struct share *share = self->share;
    for (int reader = 1; reader < share->readers; reader++) {
        select_offsets(share, reader, next, selected);
        const struct order_read order = {.cluster_id = source_identity(self->local).cluster_id,
                                         .partitions = share->partitions,
                                         .next = selected,
                                         .ahead = share->ahead,
                                         .batch = share->batch};
        struct buffer bytes = {0};
        order_put_read(&bytes, &order, &self->kafka, &share->decoding);
        share_give_order(share, reader, &bytes);
    }
}

static enum status shared_start(struct source *source, const int64_t *next, struct error *err)
{
    struct shared_source *self = of(source);
    struct share *share = self->share;
    if (!share->remotes)
        return source_start(self->local, next, err);
    assert(!share->lanes);
    share->partitions = source_identity(self->local).partitions;
    share->lanes = memory_zeroed(share->partitions, sizeof *share->lanes);
    for (int p = 0; p < share->partitions; p++)
        share->lanes[p].known_end = -1;
    share->ahead =
        (int)max_int64(SHARE_AHEAD_MIN, min_int64(SHARE_AHEAD, SHARE_BLOCKS / share->partitions));
    int64_t *selected = memory_zeroed(share->partitions, sizeof *selected);
    order_all_to_read(self, next, selected);
    select_offsets(share, 0, next, selected);
    enum status status = source_start(self->local, selected, err);
    free(selected);
    return status;
}

static enum status shared_skip(struct source *source, int partition, int64_t next,
                               struct error *err)
{
    struct shared_source *self = of(source);
    struct share *share = self->share;
    int reader = share_reader_of(share, partition);
    if (reader == 0)
        return source_skip(self->local, partition, next, err);
    if (share->lanes[partition].open)
        share_close_block(share, partition);
    struct buffer order = {0};
    order_put_skip(&order, partition, next);
    share_give_order(share, reader, &order);
    return STATUS_OK;
}

static enum status read_lane(struct share *share, int partition, int max, int *count,
                             struct error *err)
{
    struct share_lane *lane = &share->lanes[partition];
    for (*count = 0; *count == 0;) {
        if (!lane->open && !share_open_block(share, lane))
            return share_failure_of(share, share_reader_of(share, partition), err);
        TRY(record_block_status(lane->open, err));
        *count = record_block_take(lane->open, &lane->at, max < SHARE_CHUNK ? max : SHARE_CHUNK,
                                   lane->messages, lane->records);
        if (*count == 0)
            share_close_block(share, partition);
    }
    return STATUS_OK;
}

static enum status shared_read(struct source *source, int partition, int max,
                               const struct message **messages, int *count, struct error *err)
{
    struct shared_source *self = of(source);
    if (share_reader_of(self->share, partition) == 0)
        return source_read(self->local, partition, max, messages, count, err);
    TRY(read_lane(self->share, partition, max, count, err));
    *messages = self->share->lanes[partition].messages;
    return STATUS_OK;
}

static enum status shared_wait(struct source *source, int timeout_ms, struct error *err)
{
    struct shared_source *self = of(source);
    for (int reader = 1; reader < self->share->readers; reader++)
        TRY(share_failure_of(self->share, reader, err));
    return source_wait(self->local, timeout_ms, err);
}

static void shared_wake(struct source *source)
{
    source_wake(of(source)->local);
}

static void shared_report(struct source *source, const int64_t *next)
{
    source_report(of(source)->local, next);
}

static int64_t shared_known_end(const struct source *source, int partition)
{
    const struct shared_source *self = of(source);
    struct share *share = self->share;
    if (share_reader_of(share, partition) == 0)
        return source_known_end(self->local, partition);
    pthread_mutex_lock(&share->lock);
    int64_t known_end = share->lanes[partition].known_end;
    pthread_mutex_unlock(&share->lock);
    return known_end;
}

static enum status shared_at_time(struct source *source, int partition, int64_t time_ms,
                                  int64_t *offset, struct error *err)
{
    struct source *local = of(source)->local;
    return local->ops->offset_at_time(local, partition, time_ms, offset, err);
}

static void shared_destroy(struct source *source)
{
    struct shared_source *self = of(source);
    pthread_mutex_lock(&self->share->lock);
    self->share->woken = NULL;
    pthread_mutex_unlock(&self->share->lock);
    source_destroy(self->local);
    buffer_release(&self->kafka);
    free(self);
}

static const struct source_ops shared_ops = {
    .identity = shared_identity,
    .bounds = shared_bounds,
    .start = shared_start,
    .skip = shared_skip,
    .read = shared_read,
    .wait = shared_wait,
    .wake = shared_wake,
    .report = shared_report,
    .known_end = shared_known_end,
    .offset_at_time = shared_at_time,
    .destroy = shared_destroy,
};

enum status share_open_source(void *context, const struct kafka_config *config,
                              struct source **source, struct error *err)
{
    struct share *share = context;
    struct source *local;
    TRY(source_open_kafka(config, &local, err));
    struct shared_source *self = memory_zeroed(1, sizeof *self);
    self->base.ops = &shared_ops;
    self->share = share;
    self->local = local;
    order_put_kafka(&self->kafka, config);
    pthread_mutex_lock(&share->lock);
    share->woken = local;
    pthread_mutex_unlock(&share->lock);
    *source = &self->base;
    return STATUS_OK;
}
