#include "run/relay.h"

#include <stdio.h>
#include <string.h>

#include "../unit/mock_broker.h"
#include "base/memory.h"
#include "grid/agree.h"
#include "ingest/share.h"
#include "mpi_unit.h"
#include "wire/decoding.h"

enum { PARTITIONS = 7, LEADING = 1, BATCH = 1000, RECORDS = 700, LEADING_RECORDS = 1150 };
enum { LONG_BYTES = 3900, PATIENCE_MS = 60000 };

/* What every test needs; rank 0 has a topic besides. */
struct world {
    struct domain *domain;
    int readers;
    struct broker broker;
    struct share *share;
    struct source *source;
    struct relay *relay;
};

static const struct decoder_config form = {.format = EVENT_JSON,
                                           .field_time = "t",
                                           .field_x = "x",
                                           .field_y = "y",
                                           .field_value = "v",
                                           .gnx = 100,
                                           .gny = 100,
                                           .gen_limit = 1e9};

static int count_of(int partition)
{
    return partition == LEADING ? LEADING_RECORDS : RECORDS;
}

/* Long where it leads, so that it does not fit into what may be under way. */
static int print_event(char *text, int partition, int i)
{
    return snprintf(text, LONG_BYTES + 1, "{\"t\":%d,\"x\":%d,\"y\":%d,\"v\":%d%*s}", i, partition,
                    i % 100, i * 7 + partition, partition == LEADING ? LONG_BYTES - 60 : 0, "");
}

static void produce(const struct broker *broker)
{
    char why[256], text[LONG_BYTES + 1];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker->address, why, sizeof why);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    CU_ASSERT_PTR_NOT_NULL(producer);
    for (int p = 0; p < PARTITIONS; p++)
        for (int i = 0; i < count_of(p); i++) {
            size_t size = (size_t)print_event(text, p, i);
            CU_ASSERT_EQUAL(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("heat"),
                                              RD_KAFKA_V_PARTITION(p), RD_KAFKA_V_VALUE(text, size),
                                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                              RD_KAFKA_V_END),
                            RD_KAFKA_RESP_ERR_NO_ERROR);
        }
    CU_ASSERT_EQUAL(rd_kafka_flush(producer, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
}

static void open_topic(struct world *world, size_t cut)
{
    const char *properties[] = {"fetch.wait.max.ms", "5"};
    struct kafka_config config = {.topic = "heat", .properties = properties, .property_pairs = 1};
    struct buffer decoding = {0};
    struct error err;
    world->broker = start_broker("heat", PARTITIONS);
    produce(&world->broker);
    config.brokers = world->broker.address;
    world->share = share_create(BATCH);
    CU_ASSERT_EQUAL(share_open_source(world->share, &config, &world->source, &err), STATUS_OK);
    decoding_save(&(struct decoding){.config = form}, &decoding);
    decoding.size -= cut;
    share_begin(world->share, world->readers, &decoding);
    buffer_release(&decoding);
}

static void start_reading(struct world *world)
{
    static const int64_t next[PARTITIONS];
    struct error err;
    if (world->source)
        CU_ASSERT_EQUAL(source_start(world->source, next, &err), STATUS_OK);
}

/* False on a single rank, which has nobody to read for it. `cut`: bytes of the decoder that get
 * lost. */
static bool open_world(struct world *world, size_t cut)
{
    struct error err;
    *world = (struct world){0};
    CU_ASSERT_EQUAL(domain_create(MPI_COMM_WORLD, 64, 1, 0, &world->domain, &err), STATUS_OK);
    world->readers = world->domain->ranks < 3 ? world->domain->ranks : 3;
    if (world->readers == 1) {
        domain_destroy(world->domain);
        return false;
    }
    if (world->domain->rank == 0)
        open_topic(world, cut);
    CU_ASSERT_EQUAL(relay_create(world->domain, world->readers, world->share, &world->relay, &err),
                    STATUS_OK);
    start_reading(world);
    return true;
}

static void close_world(struct world *world)
{
    relay_close(world->relay);
    if (world->source) {
        source_destroy(world->source);
        share_destroy(world->share);
        stop_broker(&world->broker);
    }
    domain_destroy(world->domain);
}

static bool move(void *relay)
{
    return relay_move(relay);
}

/* The others serve rank 0 until it has come here, too. */
static void meet(struct world *world)
{
    int met = 0;
    agree_broadcast_meanwhile(world->domain, &met, (int)sizeof met,
                              &(struct meanwhile){.work = move, .context = world->relay});
}

static void check_record(const struct message *message, int p, int i)
{
    char text[LONG_BYTES + 1];
    int size = print_event(text, p, i);
    CU_ASSERT_EQUAL(message->offset, i);
    CU_ASSERT_EQUAL(message->value_size, (size_t)size);
    CU_ASSERT_EQUAL(memcmp(message->value, text, (size_t)size), 0);
    if (!message->record) /* read by rank 0 itself */
        return;
    CU_ASSERT_EQUAL(message->record->verdict, FATE_ON_TIME);
    CU_ASSERT_EQUAL(message->record->time_ms, i);
    CU_ASSERT_EQUAL(message->record->cell, p * 100 + i % 100);
    CU_ASSERT_EQUAL(message->record->rate, (double)(i * 7 + p));
}

/* Takes what is at hand of a partition; true at its end. */
static bool take(struct world *world, int p, int64_t *next)
{
    const struct message *messages;
    struct error err;
    int count = 0;
    CU_ASSERT_EQUAL(source_read(world->source, p, BATCH, &messages, &count, &err), STATUS_OK);
    for (int i = 0; i < count; i++) {
        if (messages[i].end)
            return true;
        CU_ASSERT_EQUAL(messages[i].record != NULL, p % world->readers != 0);
        check_record(&messages[i], p, (int)(*next)++);
    }
    return false;
}

/* Rank 0: reads some partitions to their ends. */
static void take_all(struct world *world, bool (*wanted)(int partition), int64_t *next)
{
    bool ended[PARTITIONS] = {false};
    int left = 0;
    struct error err;
    for (int p = 0; p < PARTITIONS; p++)
        left += wanted(p);
    for (int waited_ms = 0; left > 0 && waited_ms < PATIENCE_MS; waited_ms++) {
        while (relay_move(world->relay)) {
        }
        for (int p = 0; p < PARTITIONS; p++)
            if (wanted(p) && !ended[p] && take(world, p, &next[p])) {
                ended[p] = true;
                left--;
            }
        CU_ASSERT_EQUAL(source_wait(world->source, 1, &err), STATUS_OK);
    }
    CU_ASSERT_EQUAL(left, 0);
}

static bool is_leading(int partition)
{
    return partition == LEADING;
}

static bool is_other(int partition)
{
    return partition != LEADING;
}

/* LEADING, which is read by another rank, is let wait until the others have been read. */
static void every_record_comes_once_and_in_order_and_one_partition_holds_back_no_other(void)
{
    struct world world;
    if (!open_world(&world, 0))
        return;
    if (world.domain->rank == 0) {
        int64_t next[PARTITIONS] = {0};
        take_all(&world, is_other, next);
        take_all(&world, is_leading, next);
        for (int p = 0; p < PARTITIONS; p++)
            CU_ASSERT_EQUAL(next[p], count_of(p));
    }
    meet(&world);
    close_world(&world);
}

static void a_relay_is_closed_amid_what_is_under_way(void)
{
    struct world world;
    if (!open_world(&world, 0))
        return;
    if (world.domain->rank == 0) {
        int64_t next[PARTITIONS] = {0};
        struct error err;
        for (int waited_ms = 0; next[LEADING] == 0 && waited_ms < PATIENCE_MS; waited_ms++) {
            (void)relay_move(world.relay);
            (void)take(&world, LEADING, &next[LEADING]);
            CU_ASSERT_EQUAL(source_wait(world.source, 1, &err), STATUS_OK);
        }
    }
    meet(&world);
    close_world(&world);
}

static void a_relay_is_closed_before_anything_was_moved(void)
{
    struct world world;
    if (open_world(&world, 0))
        close_world(&world);
}

/* Rank 0: what waiting, or reading a partition of another rank, fails with in the end. */
static enum status fails(struct world *world, bool reads, struct error *err)
{
    const struct message *messages;
    struct error unused;
    enum status status = STATUS_OK;
    for (int i = 0, count; status == STATUS_OK && i < PATIENCE_MS; i++) {
        (void)relay_move(world->relay);
        status = source_wait(world->source, 1, reads ? &unused : err);
        if (reads)
            status = source_read(world->source, LEADING, 1, &messages, &count, err);
    }
    return status;
}

static void why_a_rank_cannot_read_is_told_on_rank_0(void)
{
    struct world world;
    if (!open_world(&world, 1))
        return;
    if (world.domain->rank == 0) {
        struct error waiting = {""}, reading = {""};
        CU_ASSERT_EQUAL(fails(&world, false, &waiting), STATUS_BUG);
        CU_ASSERT_EQUAL(fails(&world, true, &reading), STATUS_BUG);
        CU_ASSERT_PTR_NOT_NULL(strstr(waiting.text, "reading on rank "));
        CU_ASSERT_PTR_NOT_NULL(strstr(reading.text, "reading on rank "));
    }
    meet(&world);
    close_world(&world);
}

static void readers_are_spread_over_the_ranks_and_rank_0_is_the_first(void)
{
    for (int ranks = 1; ranks <= 50; ranks++)
        for (int readers = 1; readers <= ranks; readers++) {
            CU_ASSERT_EQUAL(relay_rank(0, readers, ranks), 0);
            for (int i = 1; i <= readers; i++) {
                int last = relay_rank(i - 1, readers, ranks);
                int gap = (i < readers ? relay_rank(i, readers, ranks) : ranks) - last;
                CU_ASSERT_TRUE(gap >= ranks / readers && gap <= ranks / readers + 1);
            }
        }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(readers_are_spread_over_the_ranks_and_rank_0_is_the_first),
        UNIT_TEST(every_record_comes_once_and_in_order_and_one_partition_holds_back_no_other),
        UNIT_TEST(a_relay_is_closed_amid_what_is_under_way),
        UNIT_TEST(a_relay_is_closed_before_anything_was_moved),
        UNIT_TEST(why_a_rank_cannot_read_is_told_on_rank_0),
    };
    return mpi_unit_run(&argc, &argv, "relay", tests, UNIT_COUNT(tests));
}
