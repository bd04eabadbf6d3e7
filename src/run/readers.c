/* Which ranks read the topic: chosen on rank 0, which tells the others. */
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/hash.h"
#include "base/log.h"
#include "run/deck_sources.h"
#include "run_internal.h"
#include "wire/decoding.h"

/* Why rank 0 has to read alone what other decks may share out, NULL: it need not. */
static const char *why_alone(const struct run *run)
{
    const struct deck *deck = run->root->deck;
    if (deck->stream.source == DECK_SOURCE_FILE)
        return "files";
    if (deck->stream.source == DECK_SOURCE_SYNTHETIC)
        return "events without transport";
    if (deck_is_embedded(deck) && run->launch.nodes > 1)
        return "the in-process broker, which other nodes do not reach,";
    return NULL;
}

enum status readers_check(struct run *run, struct error *err)
{
    struct root *root = run->root;
    int64_t readers = root->deck->ingest.readers;
    root->readers = 1;
    if (readers > run->domain->ranks)
        return deck_error(root->deck, "ingest.readers", err,
                          "%lld readers are as many ranks, and this run has %d; start it on more, "
                          "or let fewer read",
                          (long long)readers, run->domain->ranks);
    const char *alone = readers > 1 ? why_alone(run) : NULL;
    if (alone)
        log_warn("ingest.readers: %lld counts for topics of Kafka only: %s are read by rank 0",
                 (long long)readers, alone);
    if (readers == 1 || alone)
        return STATUS_OK;
    root->readers = (int)readers;
    root->share = share_create((int)root->deck->stream.batch);
    return STATUS_OK;
}

static enum status read_file(const struct deck *deck, const char *key, const char *path,
                             const char *digest, struct buffer *bytes, struct error *err)
{
    char hex[HASH_HEX_SIZE];
    TRY(durable_read_file(path, bytes, err));
    hash_hex(bytes->data, bytes->size, hex);
    if (strcmp(hex, digest) == 0)
        return STATUS_OK;
    return deck_error(deck, key, err, "%s has changed since the deck was read", path);
}

static enum status read_files(const struct deck *deck, struct buffer *sensors,
                              struct buffer *schema, struct error *err)
{
    if (deck->stream.sensors)
        TRY(read_file(deck, "stream.sensors", deck->stream.sensors, deck->stream.sensors_digest,
                      sensors, err));
    if (event_format_is_avro(format_of_deck(deck)))
        TRY(read_file(deck, "stream.schema", deck->stream.schema, deck->stream.schema_digest,
                      schema, err));
    return STATUS_OK;
}

static struct decoding_file file_of(const char *name, const struct buffer *bytes)
{
    return (struct decoding_file){.name = name, .bytes = bytes->data, .size = bytes->size};
}

/* Rank 0: from here on the source shares its partitions out. */
static enum status begin_share(struct root *root, struct error *err)
{
    const struct deck *deck = root->deck;
    struct buffer sensors = {0}, schema = {0}, bytes = {0};
    enum status status = read_files(deck, &sensors, &schema, err);
    if (status == STATUS_OK) {
        bool avro = event_format_is_avro(format_of_deck(deck));
        const struct decoding decoding = {
            .config = decoding_of_deck(deck),
            .sensors = file_of(deck->stream.sensors, &sensors),
            .schema = file_of(avro ? deck->stream.schema : NULL, &schema),
            .fields = avro_fields_of_deck(deck),
        };
        decoding_save(&decoding, &bytes);
        share_begin(root->share, root->readers, &bytes);
    }
    buffer_release(&sensors);
    buffer_release(&schema);
    buffer_release(&bytes);
    return status;
}

static void say_who_reads(const struct run *run, int readers)
{
    struct buffer ranks = {0};
    for (int i = 0; i < readers; i++)
        buffer_printf(&ranks, "%s%d",
                      i == 0             ? ""
                      : i + 1 == readers ? " and "
                                         : ", ",
                      relay_rank(i, readers, run->domain->ranks));
    log_info("the %d partitions are read by ranks %.*s", run->root->identity.partitions,
             (int)ranks.size, (const char *)ranks.data);
    buffer_release(&ranks);
}

enum status readers_open(struct run *run, struct error *err)
{
    struct root *root = run->root;
    int readers = 1;
    enum status mine = STATUS_OK;
    if (root && root->share)
        root->readers = readers = (int)min_int64(root->readers, root->identity.partitions);
    agree_broadcast(run->domain, &readers, (int)sizeof readers);
    if (readers == 1)
        return STATUS_OK;
    if (root)
        mine = begin_share(root, err);
    TRY(agree(run->domain, mine, err));
    if (root)
        say_who_reads(run, readers);
    return relay_create(run->domain, readers, root ? root->share : NULL, &run->relay, err);
}
