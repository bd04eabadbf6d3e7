#include <stdlib.h>

#include "base/memory.h"
#include "ingest/event_log.h"
#include "ingest/source_file.h"
#include "ingest/source_kafka.h"
#include "ingest/source_synthetic.h"
#include "run/deck_sources.h"
#include "run_internal.h"

static enum status open_source(struct root *root, struct error *err)
{
    const struct deck *deck = root->deck;
    struct source **source = &root->source;
    if (deck_is_generated(deck))
        TRY(event_avro_of_deck(deck, &root->event_avro, err));
    struct generator_config generator = generator_of_deck(deck, root->event_avro);
    struct kafka_config kafka = kafka_of_deck(deck);
    const struct kafka_opener shared = {.open = share_open_source, .context = root->share};
    switch (deck->stream.source) {
    case DECK_SOURCE_FILE:
        return source_open_files((const char *const *)deck->stream.files.items,
                                 deck->stream.files.count, source, err);
    case DECK_SOURCE_SYNTHETIC:
        return source_open_synthetic(&generator, format_of_deck(deck), source, err);
    default:
        if (deck_is_embedded(deck))
            return source_open_embedded(&kafka, &generator, format_of_deck(deck),
                                        root->share ? &shared : NULL, source, err);
        return root->share ? share_open_source(root->share, &kafka, source, err)
                           : source_open_kafka(&kafka, source, err);
    }
}

static enum status read_tables(const struct deck *deck, struct sensors **sensors,
                               struct avro_plan **avro, struct error *err)
{
    TRY(avro_plan_of_deck(deck, avro, err));
    enum status status = sensors_of_deck(deck, sensors, err);
    if (status != STATUS_OK)
        avro_plan_destroy(*avro);
    return status;
}

/* A file of lines begins with names of columns, or holds events of a form that lines can hold. */
static enum status read_headers(const struct deck *deck, struct root *root, struct error *err)
{
    bool lines = deck->stream.format == DECK_FORMAT_JSON || deck->stream.format == DECK_FORMAT_CSV;
    if (deck->stream.source != DECK_SOURCE_FILE || event_log_is(deck->stream.files.items[0]))
        return STATUS_OK;
    for (int p = 0; p < root->identity.partitions; p++) {
        const char *file = deck->stream.files.items[p];
        const char *header = source_file_header(root->source, p);
        enum status status = header ? decoder_set_csv(root->decoder, p, header, err) : STATUS_OK;
        if (status != STATUS_OK)
            return error_prefix(err, status, "%s", file);
        if (!header && !lines)
            return deck_error(deck, "stream.format", err,
                              "the lines of %s cannot hold events of this form; `heatstream "
                              "record` makes files that can",
                              file);
    }
    return STATUS_OK;
}

static enum status open_decoder(const struct deck *deck, struct root *root, struct error *err)
{
    struct sensors *sensors;
    struct avro_plan *avro;
    TRY(read_tables(deck, &sensors, &avro, err));
    struct decoder_config config = decoding_of_deck(deck);
    config.sensors = sensors;
    config.avro = avro;
    root->decoder = decoder_create(&config);
    return read_headers(deck, root, err);
}

static void *per_partition(const struct root *root, size_t size)
{
    void *array = memory_zeroed(root->identity.partitions, size);
    return array;
}

enum status inputs_open(struct root *root, struct error *err)
{
    TRY(open_source(root, err));
    root->identity = source_identity(root->source);
    root->bounded = root->identity.bounded || root->options->until == RUN_UNTIL_END;
    root->first = per_partition(root, sizeof *root->first);
    root->ends = per_partition(root, sizeof *root->ends);
    root->fingerprints = per_partition(root, sizeof *root->fingerprints);
    root->ledgers = per_partition(root, sizeof *root->ledgers);
    for (int p = 0; p < root->identity.partitions; p++)
        root->fingerprints[p].offset = -1;
    return open_decoder(root->deck, root, err);
}
