#include "ingest/share.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "ingest/decoding.h"
#include "reader_orders.h"
#include "source_ops.h"

enum { CHUNK = 512 }; /* messages handed over at once */

struct lane {                          /* a partition that another rank reads */
    struct record_block *first, *last; /* under the lock: have come */
    int due;                   /* under the lock: blocks done with that its reader may replace */
    struct record_block *open; /* the ingest thread's, as is the rest: being taken */
    size_t at;                 /* in it */
    struct message *messages;  /* [CHUNK] */
    struct record *records;    /* [CHUNK] */
};

struct remote {                  /* a reader on another rank */
    struct buffer orders;        /* under the lock: each its size, then its bytes */
    bool due;                    /* under the lock: worth an ORDER_AHEAD */
    struct record_block *failed; /* under the lock: why it reads no more; NULL: it does */
};

struct share {
    int batch, readers, partitions, ahead;
    struct buffer decoding;
    pthread_mutex_t lock;
    struct record_block *spare;   /* under the lock */
    struct shared_source *source; /* under the lock: the one to be woken */
    struct remote *remotes;       /* [readers] */
    struct lane *lanes;           /* [partitions] once it is shared out; else NULL */
};

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

struct share *share_create(int batch)
{
    struct share *share = memory_zeroed(1, sizeof *share);
    share->batch = batch;
    share->readers = 1;
    pthread_mutex_init(&share->lock, NULL);
    return share;
}

void share_destroy(struct share *share)
{
    if (!share)
        return;
    for (int p = 0; share->lanes && p < share->partitions; p++) {
        record_block_destroy(share->lanes[p].first);
        record_block_destroy(share->lanes[p].open);
        free(share->lanes[p].messages);
        free(share->lanes[p].records);
    }
    for (int i = 0; share->remotes && i < share->readers; i++) {
        buffer_release(&share->remotes[i].orders);
        record_block_destroy(share->remotes[i].failed);
    }
    record_block_destroy(share->spare);
    buffer_release(&share->decoding);
    free(share->lanes);
    free(share->remotes);
    pthread_mutex_destroy(&share->lock);
    free(share);
}

void share_begin(struct share *share, int readers, const struct buffer *decoding)
{
    assert(readers > 1 && !share->remotes);
    share->readers = readers;
    share->remotes = memory_zeroed(readers, sizeof *share->remotes);
    buffer_append(&share->decoding, decoding->data, decoding->size);
}

static int reader_of(const struct share *share, int partition)
{
    return share->remotes ? partition % share->readers : 0;
}

/* The order's bytes are spent. */
static void give_order(struct share *share, int reader, struct buffer *order)
{
    pthread_mutex_lock(&share->lock);
    buffer_put_bytes(&share->remotes[reader].orders, order->data, order->size);
    pthread_mutex_unlock(&share->lock);
    buffer_release(order);
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
        selected[p] = reader_of(share, p) == reader ? next[p] : -1;
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
        give_order(share, reader, &bytes);
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
    share->ahead =
        (int)max_int64(SHARE_AHEAD_MIN, min_int64(SHARE_AHEAD, SHARE_BLOCKS / share->partitions));
    int64_t *selected = memory_zeroed(share->partitions, sizeof *selected);
    order_all_to_read(self, next, selected);
    select_offsets(share, 0, next, selected);
    enum status status = source_start(self->local, selected, err);
    free(selected);
    return status;
}

/* The open block is done with. One that told of a failure was nobody's to count. */
static void close_block(struct share *share, int partition)
{
    struct lane *lane = &share->lanes[partition];
    struct remote *remote = &share->remotes[reader_of(share, partition)];
    struct error unused;
    bool counts = record_block_status(lane->open, &unused) == STATUS_OK;
    pthread_mutex_lock(&share->lock);
    lane->open->next = share->spare;
    share->spare = lane->open;
    lane->due += counts;
    remote->due |= 2 * lane->due >= share->ahead || !lane->first;
    pthread_mutex_unlock(&share->lock);
    lane->open = NULL;
}

static enum status shared_skip(struct source *source, int partition, int64_t next,
                               struct error *err)
{
    struct shared_source *self = of(source);
    struct share *share = self->share;
    int reader = reader_of(share, partition);
    if (reader == 0)
        return source_skip(self->local, partition, next, err);
    if (share->lanes[partition].open)
        close_block(share, partition);
    struct buffer order = {0};
    order_put_skip(&order, partition, next);
    give_order(share, reader, &order);
    return STATUS_OK;
}

/* The lane's next block becomes the open one. False: none has come. */
static bool open_block(struct share *share, struct lane *lane)
{
    if (!lane->messages) {
        lane->messages = memory_zeroed(CHUNK, sizeof *lane->messages);
        lane->records = memory_zeroed(CHUNK, sizeof *lane->records);
    }
    pthread_mutex_lock(&share->lock);
    lane->open = lane->first;
    if (lane->open) {
        lane->first = lane->open->next;
        lane->open->next = NULL;
    }
    pthread_mutex_unlock(&share->lock);
    lane->at = 0;
    return lane->open;
}

static enum status failure_of(struct share *share, int reader, struct error *err)
{
    pthread_mutex_lock(&share->lock);
    const struct record_block *failed = share->remotes[reader].failed;
    enum status status = failed ? record_block_status(failed, err) : STATUS_OK;
    pthread_mutex_unlock(&share->lock);
    return status;
}

static enum status read_lane(struct share *share, int partition, int max, int *count,
                             struct error *err)
{
    struct lane *lane = &share->lanes[partition];
    for (*count = 0; *count == 0;) {
        if (!lane->open && !open_block(share, lane))
            return failure_of(share, reader_of(share, partition), err);
        TRY(record_block_status(lane->open, err));
        *count = record_block_take(lane->open, &lane->at, max < CHUNK ? max : CHUNK, lane->messages,
                                   lane->records);
        if (*count == 0)
            close_block(share, partition);
    }
    return STATUS_OK;
}

static enum status shared_read(struct source *source, int partition, int max,
                               const struct message **messages, int *count, struct error *err)
{
    struct shared_source *self = of(source);
    if (reader_of(self->share, partition) == 0)
        return source_read(self->local, partition, max, messages, count, err);
    *messages = self->share->lanes[partition].messages;
    TRY(read_lane(self->share, partition, max, count, err));
    *messages = self->share->lanes[partition].messages;
    return STATUS_OK;
}

static enum status shared_wait(struct source *source, int timeout_ms, struct error *err)
{
    struct shared_source *self = of(source);
    for (int reader = 1; reader < self->share->readers; reader++)
        TRY(failure_of(self->share, reader, err));
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

static void shared_destroy(struct source *source)
{
    struct shared_source *self = of(source);
    pthread_mutex_lock(&self->share->lock);
    self->share->source = NULL;
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
    share->source = self;
    pthread_mutex_unlock(&share->lock);
    *source = &self->base;
    return STATUS_OK;
}

static bool take_first(struct buffer *orders, struct buffer *order)
{
    struct buffer_reader all = {.data = orders->data, .size = orders->size};
    if (orders->size == 0)
        return false;
    size_t size;
    const uint8_t *bytes = buffer_get_bytes(&all, &size);
    buffer_append(order, bytes, size);
    orders->size -= all.position;
    memmove(orders->data, orders->data + all.position, orders->size);
    return true;
}

/* Those partitions of a reader that have blocks due. */
static void put_due(struct share *share, int reader, struct buffer *order)
{
    order_begin_ahead(order);
    for (int p = reader; p < share->partitions; p += share->readers) {
        if (share->lanes[p].due > 0)
            order_put_ahead(order, p, share->lanes[p].due);
        share->lanes[p].due = 0;
    }
}

bool share_order(struct share *share, int reader, struct buffer *order)
{
    struct remote *remote = &share->remotes[reader];
    buffer_clear(order);
    pthread_mutex_lock(&share->lock);
    bool found = take_first(&remote->orders, order);
    if (!found && remote->due) {
        put_due(share, reader, order);
        remote->due = false;
        found = true;
    }
    pthread_mutex_unlock(&share->lock);
    return found;
}

struct record_block *share_empty_block(struct share *share)
{
    pthread_mutex_lock(&share->lock);
    struct record_block *block = share->spare;
    if (block)
        share->spare = block->next;
    pthread_mutex_unlock(&share->lock);
    return block ? block : record_block_create();
}

static void append(struct lane *lane, struct record_block *block)
{
    block->next = NULL;
    if (lane->first)
        lane->last->next = block;
    else
        lane->first = block;
    lane->last = block;
}

void share_give(struct share *share, int reader, struct record_block *block)
{
    int partition = record_block_partition(block);
    pthread_mutex_lock(&share->lock);
    block->next = NULL;
    if (partition == RECORD_BLOCK_NO_PARTITION)
        share->remotes[reader].failed = block;
    else
        append(&share->lanes[partition], block);
    if (share->source)
        source_wake(share->source->local);
    pthread_mutex_unlock(&share->lock);
}

void share_recycle(struct share *share, struct record_block *block)
{
    pthread_mutex_lock(&share->lock);
    block->next = share->spare;
    share->spare = block;
    pthread_mutex_unlock(&share->lock);
}
