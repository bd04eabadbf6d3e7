/* heatstream gen: synthetic sensors, or the rows of a CSV file, to a topic, to files or to standard
 * output. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "deck/deck.h"
#include "ingest/pace.h"
#include "ingest/row_replay.h"
#include "ingest/sink.h"
#include "run/deck_sources.h"
#include "wire/generator.h"

static enum status send_event(const struct generator *generator, const struct generated *event,
                              enum event_format format, struct sink *sink, struct buffer bytes[2],
                              struct error *err)
{
    struct buffer *key = &bytes[0], *value = &bytes[1];
    buffer_clear(key);
    buffer_clear(value);
    generator_encode(generator, event, format, key, value);
    return sink_put(sink,
                    &(struct sink_record){.partition = event->partition,
                                          .key = key->size ? key->data : NULL,
                                          .key_size = key->size,
                                          .value = value->data,
                                          .value_size = value->size,
                                          .time_ms = event->time_ms},
                    err);
}

static enum status send_all(struct generator *generator, const struct deck *deck, struct pace *pace,
                            struct sink *sink, int64_t *sent, struct error *err)
{
    enum event_format format = format_of_deck(deck);
    struct buffer bytes[2] = {{0}, {0}};
    struct generated event;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && generator_next(generator, &event)) {
        status = pace_wait(pace, (double)event.step * (double)deck->gen.step_ms, sink, err);
        if (status == STATUS_OK)
            status = send_event(generator, &event, format, sink, bytes, err);
        *sent += status == STATUS_OK;
    }
    buffer_release(&bytes[0]);
    buffer_release(&bytes[1]);
    return status;
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The topic that the deck names, whatever its source: the rows may be what it reads without one. */
static enum status open_sink(const struct cli_options *options, const struct deck *deck,
                             struct sink **sink, struct error *err)
{
    int partitions = (int)deck->gen.partitions;
    if (options->gen_out && deck->stream.format != DECK_FORMAT_JSON)
        return error_set(err, STATUS_USAGE,
                         "gen --out writes lines of JSON, but stream.format is another: add "
                         "-D stream.format=json, or leave out --out to write to the topic");
    if (options->gen_out && strcmp(options->gen_out, "-") == 0)
        return sink_open_stream(STDOUT_FILENO, "standard output", sink, err);
    if (options->gen_out)
        return sink_open_files(options->gen_out, partitions, sink, err);
    if (strcmp(deck->stream.brokers, "embedded") == 0)
        return error_set(err, STATUS_USAGE,
                         "gen has nowhere to write to: the deck names no Kafka brokers; give "
                         "-b BROKERS and -t TOPIC, or --out PREFIX for files, or --out -");
    const struct kafka_config kafka = kafka_of_deck(deck);
    return sink_open_kafka(&kafka, partitions, sink, err);
}

/* Sends the generator's events, or the rows of gen.csv. */
struct sender {
    const struct deck *deck;
    struct generator *generator; /* either this */
    struct row_replay *replay;   /* or this, the other one is NULL */
};

static enum status open_replay(const struct deck *deck, struct row_replay **replay,
                               struct error *err)
{
    struct sensors *sensors;
    struct row_replay_config config = {.path = deck->gen.csv,
                                       .decoding = decoding_of_deck(deck),
                                       .partitions = (int)deck->gen.partitions,
                                       .partition_by_key = deck->gen.partition_by == DECK_BY_KEY};
    TRY(sensors_of_deck(deck, &sensors, err));
    config.decoding.sensors = sensors;
    TRY(row_replay_open(&config, replay, err));
    if (deck->gen.csv_times == DECK_CSV_TIMES_NOW)
        row_replay_start_at(*replay, wall_clock_ms());
    return STATUS_OK;
}

static enum status open_sender(struct sender *sender, const struct event_avro *avro,
                               struct error *err)
{
    if (sender->deck->gen.csv)
        return open_replay(sender->deck, &sender->replay, err);
    struct generator_config config = generator_of_deck(sender->deck, avro);
    sender->generator = generator_create(&config);
    return STATUS_OK;
}

static enum status send_rows(const struct sender *sender, struct pace *pace, struct sink *sink,
                             int64_t *sent, struct error *err)
{
    struct row_counts counts;
    TRY(row_replay_send(sender->replay, pace, sink, &counts, err));
    *sent = counts.sent;
    if (counts.faulty > 0)
        log_warn("%s: %lld of %lld rows are no events and were not sent", sender->deck->gen.csv,
                 (long long)counts.faulty, (long long)(counts.faulty + counts.sent));
    return STATUS_OK;
}

static enum status send_everything(const struct sender *sender, double times, struct sink *sink,
                                   struct error *err)
{
    struct pace pace = pace_begin(pace_clock_monotonic(), times);
    int64_t sent = 0;
    enum status status = sender->replay
                             ? send_rows(sender, &pace, sink, &sent, err)
                             : send_all(sender->generator, sender->deck, &pace, sink, &sent, err);
    if (status != STATUS_OK) {
        sink_discard(sink);
        return status;
    }
    TRY(sink_close(sink, err));
    double spent_s = pace_spent_s(&pace);
    log_info("%s %lld events in %.3f s: %.4g events/s", sender->replay ? "sent" : "generated",
             (long long)sent, spent_s, spent_s > 0 ? (double)sent / spent_s : 0.0);
    return STATUS_OK;
}

static enum status generate(const struct cli_options *options, const struct deck *deck,
                            const struct event_avro *avro, struct error *err)
{
    struct sender sender = {.deck = deck};
    struct sink *sink;
    enum status status = open_sender(&sender, avro, err);
    if (status == STATUS_OK)
        status = open_sink(options, deck, &sink, err);
    if (status == STATUS_OK)
        status = send_everything(&sender, options->pace, sink, err);
    generator_destroy(sender.generator);
    row_replay_close(sender.replay);
    return status;
}

enum status command_gen(const struct cli_options *options, struct error *err)
{
    struct deck *deck;
    TRY(deck_load(options->path, options->overrides, options->override_count, &deck, err));
    cli_warn_exposed(options);
    struct event_avro *avro = NULL;
    enum status status = deck_check_generated(deck, err);
    if (status == STATUS_OK && !deck->gen.csv)
        status = event_avro_of_deck(deck, &avro, err);
    if (status == STATUS_OK)
        status = generate(options, deck, avro, err);
    event_avro_destroy(avro);
    deck_destroy(deck);
    return status;
}
