#include "ingest/reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/thread.h"
#include "reader_orders.h"
#include "wire/decoding.h"

enum { WAIT_MS = 100 };

struct lane {          /* a partition; the thread's, but for `open` */
    bool mine, halted; /* halted: failed, and no order to skip has come */
    const struct message *messages;
    int count, packed;
    int ahead;                 /* blocks that may still be begun */
    struct record_block *open; /* under the lock: waits to be sent, and has room */
};

struct reader {
    int rank;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ordered;
    bool stop, joined;                 /* under the lock: */
    struct buffer orders;              /* each its size, then its bytes */
    struct record_block *first, *last; /* ready to be sent, in this order, linked both ways */
    struct record_block *spare;        /* empty ones */
    struct source *source; /* opened by the thread, woken by others; the rest is the thread's */
    struct decoder *decoder;
    struct buffer obeyed;
    struct lane *lanes;
    int partitions, batch;
};

static struct record_block *empty_block(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    struct record_block *block = reader->spare;
    if (block)
        reader->spare = block->next;
    pthread_mutex_unlock(&reader->lock);
    return block ? block : record_block_create();
}

/* Under the lock. */
static void take_out(struct reader *reader, struct record_block *block)
{
    *(block->before ? &block->before->next : &reader->first) = block->next;
    *(block->next ? &block->next->before : &reader->last) = block->before;
    block->next = block->before = NULL;
}

/* Takes the partition's last block back, if it still waits and has room. */
static struct record_block *reopen(struct reader *reader, struct lane *lane)
{
    pthread_mutex_lock(&reader->lock);
    struct record_block *block = lane->open;
    lane->open = NULL;
    if (block)
        take_out(reader, block);
    pthread_mutex_unlock(&reader->lock);
    return block;
}

/* Nothing is to be added to what has been handed out. */
static void close_open(struct reader *reader, struct lane *lane)
{
    pthread_mutex_lock(&reader->lock);
    lane->open = NULL;
    pthread_mutex_unlock(&reader->lock);
}

static void hand_out(struct reader *reader, struct record_block *block, struct lane *has_room)
{
    pthread_mutex_lock(&reader->lock);
    block->next = NULL;
    block->before = reader->last;
    *(reader->last ? &reader->last->next : &reader->first) = block;
    reader->last = block;
    if (has_room)
        has_room->open = block;
    pthread_mutex_unlock(&reader->lock);
}

/* Fills one block, an old one or a new one, with messages that were read. False: it may not yet. */
static bool fill_block(struct reader *reader, int p)
{
    struct lane *lane = &reader->lanes[p];
    struct record_block *block = reopen(reader, lane);
    if (!block && lane->ahead == 0)
        return false;
    if (!block) {
        block = empty_block(reader);
        record_block_begin(block, p);
        lane->ahead--;
    }
    bool fits = true;
    while (fits && lane->packed < lane->count) {
        const struct message *message = &lane->messages[lane->packed];
        struct record record = {0};
        if (!message->end)
            decoder_decode(reader->decoder, p, message, &record);
        fits = record_block_put(block, message, &record);
        lane->packed += fits;
    }
    record_block_note_end(block, source_known_end(reader->source, p));
    hand_out(reader, block, fits ? lane : NULL);
    return true;
}

static void hand_out_failure(struct reader *reader, int p, enum status status,
                             const struct error *why)
{
    struct record_block *block = empty_block(reader);
    record_block_fail(block, p, status, why);
    hand_out(reader, block, NULL);
}

static enum status refill(struct reader *reader, int p, struct error *err)
{
    struct lane *lane = &reader->lanes[p];
    lane->count = lane->packed = 0;
    enum status status =
        source_read(reader->source, p, reader->batch, &lane->messages, &lane->count, err);
    if (status != STATUS_NO_INPUT)
        return status;
    close_open(reader, lane);
    lane->halted = true;
    hand_out_failure(reader, p, status, err);
    return STATUS_OK;
}

static bool may_fill(struct reader *reader, const struct lane *lane)
{
    pthread_mutex_lock(&reader->lock);
    bool may = lane->ahead > 0 || lane->open;
    pthread_mutex_unlock(&reader->lock);
    return may;
}

static enum status read_partition(struct reader *reader, int p, bool *moved, struct error *err)
{
    struct lane *lane = &reader->lanes[p];
    if (!lane->mine || lane->halted || !may_fill(reader, lane))
        return STATUS_OK;
    if (lane->packed == lane->count)
        TRY(refill(reader, p, err));
    while (lane->packed < lane->count && fill_block(reader, p))
        *moved = true;
    return STATUS_OK;
}

static bool is_stopped(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    bool stop = reader->stop;
    pthread_mutex_unlock(&reader->lock);
    return stop;
}

static void set_source(struct reader *reader, struct source *source)
{
    pthread_mutex_lock(&reader->lock);
    reader->source = source;
    pthread_mutex_unlock(&reader->lock);
}

/* Under one address, two ranks may reach different brokers. */
static enum status compare_topic(const struct source_identity *found,
                                 const struct order_read *order, struct error *err)
{
    if (strcmp(found->cluster_id, order->cluster_id) != 0)
        return error_set(err, STATUS_BAD_DATA,
                         "Kafka cluster %s answers under this address, rank 0 reads from %s",
                         found->cluster_id, order->cluster_id);
    if (found->partitions != order->partitions)
        return error_set(err, STATUS_BAD_DATA, "%s has %d partitions, rank 0 has seen %d",
                         found->topic, found->partitions, order->partitions);
    return STATUS_OK;
}

static enum status begin_reading(struct reader *reader, const struct order_read *order,
                                 struct error *err)
{
    struct source *source;
    TRY(source_open_kafka(&order->kafka, &source, err));
    set_source(reader, source);
    struct source_identity identity = source_identity(source);
    TRY(compare_topic(&identity, order, err));
    reader->batch = order->batch;
    reader->lanes = memory_zeroed(order->partitions, sizeof *reader->lanes);
    reader->partitions = order->partitions;
    for (int p = 0; p < order->partitions; p++)
        reader->lanes[p] = (struct lane){.mine = order->next[p] >= 0, .ahead = order->ahead};
    return source_start(source, order->next, err);
}

static enum status obey_read(struct reader *reader, struct buffer_reader *from, struct error *err)
{
    struct order_read order;
    enum status status = order_get_read(from, &order, err);
    if (status == STATUS_OK)
        status = decoding_load(from, &reader->decoder, err);
    if (status == STATUS_OK)
        status = begin_reading(reader, &order, err);
    free((void *)(uintptr_t)order.kafka.properties);
    free((void *)(uintptr_t)order.next);
    return status;
}

static enum status obey_skip(struct reader *reader, struct buffer_reader *from, struct error *err)
{
    int p = (int)buffer_get_i64(from);
    int64_t next = buffer_get_i64(from);
    TRY(source_skip(reader->source, p, next, err));
    reader->lanes[p].halted = false;
    reader->lanes[p].count = reader->lanes[p].packed = 0;
    return STATUS_OK;
}

static void obey_ahead(struct reader *reader, struct buffer_reader *from)
{
    while (from->position < from->size) {
        int p = (int)buffer_get_i64(from);
        reader->lanes[p].ahead += (int)buffer_get_i64(from);
    }
}

static enum status obey(struct reader *reader, struct buffer_reader *order, struct error *err)
{
    switch ((enum reader_order_kind)buffer_get_u8(order)) {
    case READER_READ:
        return obey_read(reader, order, err);
    case READER_SKIP:
        return obey_skip(reader, order, err);
    case READER_AHEAD:
        obey_ahead(reader, order);
    }
    return STATUS_OK;
}

/* Swaps out the orders that have come; waits for the first one. */
static void fetch_orders(struct reader *reader)
{
    buffer_clear(&reader->obeyed);
    pthread_mutex_lock(&reader->lock);
    while (!reader->source && reader->orders.size == 0 && !reader->stop)
        pthread_cond_wait(&reader->ordered, &reader->lock);
    struct buffer fetched = reader->orders;
    reader->orders = reader->obeyed;
    reader->obeyed = fetched;
    pthread_mutex_unlock(&reader->lock);
}

static enum status obey_all(struct reader *reader, struct error *err)
{
    fetch_orders(reader);
    struct buffer_reader all = {.data = reader->obeyed.data, .size = reader->obeyed.size};
    while (all.position < all.size) {
        struct buffer_reader order = {0};
        order.data = buffer_get_bytes(&all, &order.size);
        TRY(obey(reader, &order, err));
    }
    return STATUS_OK;
}

static enum status read_round(struct reader *reader, struct error *err)
{
    bool moved = false;
    TRY(obey_all(reader, err));
    if (!reader->source) /* stopped before it began */
        return STATUS_OK;
    for (int p = 0; p < reader->partitions; p++)
        TRY(read_partition(reader, p, &moved, err));
    return moved ? STATUS_OK : source_wait(reader->source, WAIT_MS, err);
}

static void *reader_main(void *context)
{
    struct reader *reader = context;
    struct error err;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !is_stopped(reader))
        status = read_round(reader, &err);
    if (status == STATUS_NO_INPUT) /* of a whole topic: no gap that could be passed over */
        status = STATUS_BAD_DATA;
    if (status != STATUS_OK) {
        error_prefix(&err, status, "reading on rank %d", reader->rank);
        hand_out_failure(reader, RECORD_BLOCK_NO_PARTITION, status, &err);
    }
    return NULL;
}

enum status reader_create(int rank, struct reader **created, struct error *err)
{
    struct reader *reader = memory_zeroed(1, sizeof *reader);
    reader->rank = rank;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->ordered, NULL);
    int failed = thread_start(&reader->thread, reader_main, reader);
    if (failed) {
        reader->joined = true;
        reader_destroy(reader);
        return error_set(err, STATUS_BUG, "starting the thread that reads on rank %d: %s", rank,
                         strerror(failed));
    }
    *created = reader;
    return STATUS_OK;
}

void reader_stop(struct reader *reader)
{
    if (reader->joined)
        return;
    pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    pthread_cond_signal(&reader->ordered);
    if (reader->source)
        source_wake(reader->source);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    reader->joined = true;
}

void reader_destroy(struct reader *reader)
{
    if (!reader)
        return;
    reader_stop(reader);
    source_destroy(reader->source);
    decoder_destroy(reader->decoder);
    record_block_destroy(reader->first);
    record_block_destroy(reader->spare);
    buffer_release(&reader->orders);
    buffer_release(&reader->obeyed);
    free(reader->lanes);
    pthread_cond_destroy(&reader->ordered);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

void reader_obey(struct reader *reader, const uint8_t *order, size_t size)
{
    pthread_mutex_lock(&reader->lock);
    buffer_put_bytes(&reader->orders, order, size);
    pthread_cond_signal(&reader->ordered);
    if (reader->source)
        source_wake(reader->source);
    pthread_mutex_unlock(&reader->lock);
}

struct record_block *reader_take(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    struct record_block *block = reader->first;
    if (block) {
        take_out(reader, block);
        int p = record_block_partition(block);
        if (p >= 0 && reader->lanes[p].open == block)
            reader->lanes[p].open = NULL;
    }
    pthread_mutex_unlock(&reader->lock);
    return block;
}

void reader_give_back(struct reader *reader, struct record_block *block)
{
    pthread_mutex_lock(&reader->lock);
    block->next = reader->spare;
    reader->spare = block;
    pthread_mutex_unlock(&reader->lock);
}
