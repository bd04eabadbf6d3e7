#include "share_lanes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "reader_orders.h"

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

void share_give_order(struct share *share, int reader, struct buffer *order)
{
    pthread_mutex_lock(&share->lock);
    buffer_put_bytes(&share->remotes[reader].orders, order->data, order->size);
    pthread_mutex_unlock(&share->lock);
    buffer_release(order);
}

enum status share_failure_of(struct share *share, int reader, struct error *err)
{
    pthread_mutex_lock(&share->lock);
    const struct record_block *failed = share->remotes[reader].failed;
    enum status status = failed ? record_block_status(failed, err) : STATUS_OK;
    pthread_mutex_unlock(&share->lock);
    return status;
}

bool share_open_block(struct share *share, struct share_lane *lane)
{
    if (!lane->messages) {
        lane->messages = memory_zeroed(SHARE_CHUNK, sizeof *lane->messages);
        lane->records = memory_zeroed(SHARE_CHUNK, sizeof *lane->records);
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

/* The open block is done with. One that told of a failure was nobody's to count. */
void share_close_block(struct share *share, int partition)
{
    struct share_lane *lane = &share->lanes[partition];
    struct share_remote *remote = &share->remotes[share_reader_of(share, partition)];
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
    struct share_remote *remote = &share->remotes[reader];
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

static void append(struct share_lane *lane, struct record_block *block)
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
    if (partition == RECORD_BLOCK_NO_PARTITION) {
        share->remotes[reader].failed = block;
    } else {
        struct share_lane *lane = &share->lanes[partition];
        append(lane, block);
        lane->known_end = max_int64(lane->known_end, record_block_known_end(block));
    }
    if (share->woken)
        source_wake(share->woken);
    pthread_mutex_unlock(&share->lock);
}

void share_recycle(struct share *share, struct record_block *block)
{
    pthread_mutex_lock(&share->lock);
    block->next = share->spare;
    share->spare = block;
    pthread_mutex_unlock(&share->lock);
}
