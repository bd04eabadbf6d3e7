/* heatstream gen: synthetic sensors to a topic, to files or to standard output. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "deck/deck.h"
#include "ingest/generator.h"
#include "ingest/sink.h"
#include "run/deck_sources.h"

/* When the events of a step leave: an absolute schedule, so that no delay adds up. */
struct pace {
    struct timespec begin;
    double ms_per_step; /* 0: as fast as possible */
    int64_t step;       /* the step being sent */
};

static struct timespec now(void)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    return when;
}

static double seconds_since(struct timespec begin)
{
    struct timespec end = now();
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

static struct timespec later(struct timespec begin, double ms)
{
    int64_t whole_s = (int64_t)(ms / 1000);
    int64_t nanoseconds = begin.tv_nsec + (int64_t)((ms - (double)whole_s * 1000) * 1e6);
    begin.tv_sec += (time_t)(whole_s + nanoseconds / 1000000000);
    begin.tv_nsec = (long)(nanoseconds % 1000000000);
    return begin;
}

/* Sends what has been put, then waits for the time of `step`. */
static enum status wait_for_step(struct pace *pace, int64_t step, struct sink *sink,
                                 struct error *err)
{
    if (pace->ms_per_step <= 0 || step == pace->step)
        return STATUS_OK;
    TRY(sink_push(sink, err));
    struct timespec due = later(pace->begin, (double)step * pace->ms_per_step);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        continue;
    pace->step = step;
    return STATUS_OK;
}

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

static enum status send_all(struct generator *generator, enum event_format format,
                            struct pace *pace, struct sink *sink, int64_t *sent, struct error *err)
{
    struct buffer bytes[2] = {{0}, {0}};
    struct generated event;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && generator_next(generator, &event)) {
        status = wait_for_step(pace, event.step, sink, err);
        if (status == STATUS_OK)
            status = send_event(generator, &event, format, sink, bytes, err);
        *sent += status == STATUS_OK;
    }
    buffer_release(&bytes[0]);
    buffer_release(&bytes[1]);
    return status;
}

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
    if (deck->stream.source != DECK_SOURCE_KAFKA || deck_is_embedded(deck))
        return error_set(err, STATUS_USAGE,
                         "gen has nowhere to write to: the deck names no Kafka brokers; give "
                         "-b BROKERS and -t TOPIC, or --out PREFIX for files, or --out -");
    const struct kafka_config kafka = kafka_of_deck(deck);
    return sink_open_kafka(&kafka, partitions, sink, err);
}

static enum status generate(const struct cli_options *options, const struct deck *deck,
                            const struct event_avro *avro, struct sink *sink, struct error *err)
{
    struct generator_config config = generator_of_deck(deck, avro);
    enum event_format format = format_of_deck(deck);
    struct pace pace = {.begin = now(), .step = -1};
    if (options->pace > 0)
        pace.ms_per_step = (double)config.step_ms / options->pace;
    int64_t sent = 0;
    struct generator *generator = generator_create(&config);
    enum status status = send_all(generator, format, &pace, sink, &sent, err);
    generator_destroy(generator);
    if (status != STATUS_OK) {
        sink_discard(sink);
        return status;
    }
    TRY(sink_close(sink, err));
    double duration_s = seconds_since(pace.begin);
    log_info("generated %lld events in %.3f s: %.4g events/s", (long long)sent, duration_s,
             duration_s > 0 ? (double)sent / duration_s : 0.0);
    return STATUS_OK;
}

enum status command_gen(const struct cli_options *options, struct error *err)
{
    struct deck *deck;
    TRY(deck_load(options->path, options->overrides, options->override_count, &deck, err));
    cli_warn_exposed(options);
    struct sink *sink;
    struct event_avro *avro = NULL;
    enum status status = deck_check_generated(deck, err);
    if (status == STATUS_OK)
        status = event_avro_of_deck(deck, &avro, err);
    if (status == STATUS_OK)
        status = open_sink(options, deck, &sink, err);
    if (status == STATUS_OK)
        status = generate(options, deck, avro, sink, err);
    event_avro_destroy(avro);
    deck_destroy(deck);
    return status;
}
