#include "run/relay.h"

#include <stdlib.h>
#include <time.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/memory.h"
#include "grid/agree.h"
#include "ingest/reader.h"

/* An empty message of either kind says that it was the last one. */
enum { TAG_BLOCK, TAG_ORDER };

enum { DEPTH = 4, NAP_NS = 200 * 1000 };

/* Blocks of one reader under way, oldest first at `next`: sent by it, or awaited by rank 0. */
struct relay_lane {
    MPI_Request request[DEPTH];
    struct record_block *block[DEPTH];
    int next, count;
};

/* An order under way to a reader; one at a time. */
struct relay_order {
    MPI_Request request; /* MPI_REQUEST_NULL: none is under way */
    struct buffer bytes;
    bool last; /* it was, or is, the last one */
};

/* Of rank 0: one for each reader; of a reader: one. */
struct relay_route {
    int rank; /* the other end */
    struct relay_lane lane;
    struct relay_order order;
    bool done; /* rank 0: the last block has come */
};

struct relay {
    MPI_Comm comm;
    int readers, route_count;
    struct relay_route *routes;
    struct share *share;   /* of rank 0 */
    struct reader *reader; /* of a reader, NULL on other ranks */
    bool closing;
};

int relay_rank(int reader, int readers, int ranks)
{
    return (int)((int64_t)reader * ranks / readers);
}

static int slot(const struct relay_lane *lane, int after)
{
    return (lane->next + after) % DEPTH;
}

static void release_oldest(struct relay_lane *lane)
{
    lane->next = slot(lane, 1);
    lane->count--;
}

static bool is_done(MPI_Request *request, MPI_Status *status)
{
    int done;
    MPI_Test(request, &done, status);
    return done;
}

static void await_blocks(struct relay *relay, struct relay_route *route)
{
    struct relay_lane *lane = &route->lane;
    for (; lane->count < DEPTH; lane->count++) {
        int at = slot(lane, lane->count);
        lane->block[at] = share_empty_block(relay->share);
        MPI_Irecv(lane->block[at]->data, RECORD_BLOCK_BYTES, MPI_BYTE, route->rank, TAG_BLOCK,
                  relay->comm, &lane->request[at]);
    }
}

/* The oldest block that was awaited is there. */
static void take_block(struct relay *relay, int reader, const MPI_Status *status)
{
    struct relay_route *route = &relay->routes[reader - 1];
    struct record_block *block = route->lane.block[route->lane.next];
    int size;
    MPI_Get_count(status, MPI_BYTE, &size);
    block->size = (size_t)size;
    release_oldest(&route->lane);
    route->done = size == 0;
    if (size == 0 || relay->closing)
        share_recycle(relay->share, block);
    else
        share_give(relay->share, reader, block);
}

static bool receive_blocks(struct relay *relay, int reader)
{
    struct relay_route *route = &relay->routes[reader - 1];
    bool moved = false;
    MPI_Status status;
    while (!route->done && is_done(&route->lane.request[route->lane.next], &status)) {
        take_block(relay, reader, &status);
        moved = true;
        if (!route->done)
            await_blocks(relay, route);
    }
    return moved;
}

static void send_order(struct relay *relay, struct relay_route *route)
{
    struct relay_order *order = &route->order;
    MPI_Isend(order->bytes.data, narrow_to_int((int64_t)order->bytes.size), MPI_BYTE, route->rank,
              TAG_ORDER, relay->comm, &order->request);
}

static bool send_orders(struct relay *relay, int reader)
{
    struct relay_route *route = &relay->routes[reader - 1];
    struct relay_order *order = &route->order;
    if (!is_done(&order->request, MPI_STATUS_IGNORE) || order->last)
        return false;
    if (relay->closing) {
        buffer_clear(&order->bytes);
        order->last = true;
    } else if (!share_order(relay->share, reader, &order->bytes)) {
        return false;
    }
    send_order(relay, route);
    return true;
}

static bool move_of_root(struct relay *relay)
{
    bool moved = false;
    for (int reader = 1; reader < relay->readers; reader++) {
        moved |= receive_blocks(relay, reader);
        moved |= send_orders(relay, reader);
    }
    return moved;
}

static bool send_blocks(struct relay *relay, struct relay_route *route)
{
    struct relay_lane *lane = &route->lane;
    bool moved = false;
    while (lane->count > 0 && is_done(&lane->request[lane->next], MPI_STATUS_IGNORE)) {
        reader_give_back(relay->reader, lane->block[lane->next]);
        release_oldest(lane);
        moved = true;
    }
    struct record_block *block;
    while (lane->count < DEPTH && !relay->closing && (block = reader_take(relay->reader))) {
        int at = slot(lane, lane->count++);
        lane->block[at] = block;
        MPI_Isend(block->data, narrow_to_int((int64_t)block->size), MPI_BYTE, route->rank,
                  TAG_BLOCK, relay->comm, &lane->request[at]);
        moved = true;
    }
    return moved;
}

/* Begins to receive an order if one is there. */
static bool begin_order(struct relay *relay, struct relay_route *route)
{
    struct relay_order *order = &route->order;
    MPI_Message message;
    MPI_Status status;
    int there, size;
    MPI_Improbe(route->rank, TAG_ORDER, relay->comm, &there, &message, &status);
    if (!there)
        return false;
    MPI_Get_count(&status, MPI_BYTE, &size);
    buffer_clear(&order->bytes);
    buffer_reserve(&order->bytes, (size_t)size + 1);
    order->bytes.size = (size_t)size;
    order->last = size == 0;
    MPI_Imrecv(order->bytes.data, size, MPI_BYTE, &message, &order->request);
    return true;
}

static bool receive_orders(struct relay *relay, struct relay_route *route)
{
    struct relay_order *order = &route->order;
    if (order->request == MPI_REQUEST_NULL)
        return !order->last && begin_order(relay, route);
    if (!is_done(&order->request, MPI_STATUS_IGNORE))
        return false;
    if (!order->last)
        reader_obey(relay->reader, order->bytes.data, order->bytes.size);
    return true;
}

static bool move_of_reader(struct relay *relay)
{
    bool moved = send_blocks(relay, &relay->routes[0]);
    return receive_orders(relay, &relay->routes[0]) || moved;
}

bool relay_move(struct relay *relay)
{
    if (!relay)
        return false;
    if (relay->share)
        return move_of_root(relay);
    return relay->reader && move_of_reader(relay);
}

static bool is_reader(int rank, int readers, int ranks)
{
    for (int i = 1; i < readers; i++)
        if (relay_rank(i, readers, ranks) == rank)
            return true;
    return false;
}

static void make_routes(struct relay *relay, int ranks)
{
    relay->route_count = relay->share ? relay->readers - 1 : relay->reader ? 1 : 0;
    relay->routes = memory_zeroed(relay->route_count, sizeof *relay->routes);
    for (int i = 0; i < relay->route_count; i++) {
        struct relay_route *route = &relay->routes[i];
        route->order.request = MPI_REQUEST_NULL;
        route->rank = relay->share ? relay_rank(i + 1, relay->readers, ranks) : 0;
        if (relay->share)
            await_blocks(relay, route);
    }
}

static void release(struct relay *relay)
{
    reader_destroy(relay->reader);
    MPI_Comm_free(&relay->comm);
    free(relay->routes);
    free(relay);
}

enum status relay_create(const struct domain *domain, int readers, struct share *share,
                         struct relay **created, struct error *err)
{
    struct relay *relay = memory_zeroed(1, sizeof *relay);
    enum status status = STATUS_OK;
    MPI_Comm_dup(domain->comm, &relay->comm);
    relay->readers = readers;
    relay->share = share;
    if (is_reader(domain->rank, readers, domain->ranks)) {
        log_let_warn();
        status = reader_create(domain->rank, &relay->reader, err);
    }
    status = agree(domain, status, err);
    if (status != STATUS_OK) {
        release(relay);
        return status;
    }
    make_routes(relay, domain->ranks);
    *created = relay;
    return STATUS_OK;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

static void withdraw(struct relay *relay, struct relay_route *route)
{
    struct relay_lane *lane = &route->lane;
    for (; lane->count > 0; release_oldest(lane)) {
        MPI_Cancel(&lane->request[lane->next]);
        MPI_Wait(&lane->request[lane->next], MPI_STATUS_IGNORE);
        share_recycle(relay->share, lane->block[lane->next]);
    }
}

static void close_route(struct relay *relay, struct relay_route *route)
{
    while (!route->done || !route->order.last || route->order.request != MPI_REQUEST_NULL)
        if (!move_of_root(relay))
            nap();
    withdraw(relay, route);
}

static void close_reader(struct relay *relay, struct relay_route *route)
{
    struct relay_lane *lane = &route->lane;
    reader_stop(relay->reader);
    while (lane->count > 0)
        if (!move_of_reader(relay))
            nap();
    MPI_Request request;
    MPI_Isend(NULL, 0, MPI_BYTE, route->rank, TAG_BLOCK, relay->comm, &request);
    while (!route->order.last || route->order.request != MPI_REQUEST_NULL ||
           !is_done(&request, MPI_STATUS_IGNORE))
        if (!move_of_reader(relay))
            nap();
}

void relay_close(struct relay *relay)
{
    if (!relay)
        return;
    relay->closing = true;
    for (int i = 0; i < relay->route_count; i++) {
        if (relay->share)
            close_route(relay, &relay->routes[i]);
        else
            close_reader(relay, &relay->routes[i]);
        buffer_release(&relay->routes[i].order.bytes);
    }
    release(relay);
}
