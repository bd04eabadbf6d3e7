/* heatstream record: a Kafka topic into an event log, until its end or until stopped. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "deck/deck.h"
#include "ingest/recorder.h"
#include "run/deck_sources.h"
#include "run/stop.h"

enum { WAIT_MS = 100 };

/* A recording under way; the time of the last progress line is by stop_clock_s(). */
struct recording {
    const char *path;
    struct event_avro *avro; /* of a generated source, NULL but for the Avro formats */
    struct source *source;
    struct recorder *recorder;
    struct stop_watch stop;
    char stop_file[PATH_MAX];
    double begin_s, said_s, every_s;
    enum stop_request stopped;
};

static void tell(struct recording *recording)
{
    double now_s = stop_clock_s(), duration_s = now_s - recording->begin_s;
    if (now_s - recording->said_s < recording->every_s)
        return;
    recording->said_s = now_s;
    struct recorder_view view = recorder_view(recording->recorder);
    char left[64] = "";
    if (view.left >= 0)
        snprintf(left, sizeof left, " | %" PRId64 " offsets left", view.left);
    log_progress("recorded %" PRId64 " records, %.4g MB | %.3g records/s, %.3g MB/s%s | %d of %d "
                 "partitions at their end",
                 view.records, 1e-6 * (double)view.record_bytes, (double)view.records / duration_s,
                 1e-6 * (double)view.record_bytes / duration_s, left, view.at_the_end,
                 source_identity(recording->source).partitions);
}

static enum status record_round(struct recording *recording, struct error *err)
{
    int64_t taken;
    TRY(recorder_round(recording->recorder, &taken, err));
    tell(recording);
    if (taken > 0 || recorder_done(recording->recorder))
        return STATUS_OK;
    return source_wait(recording->source, WAIT_MS, err);
}

/* Until everything is recorded, or a stop is asked for. */
static enum status record_all(struct recording *recording, struct error *err)
{
    while (!recorder_done(recording->recorder)) {
        enum stop_request request = stop_poll(&recording->stop, 0);
        if (request == STOP_CHECKPOINT)
            TRY(recorder_sync(recording->recorder, err));
        recording->stopped = request > STOP_CHECKPOINT ? request : STOP_NOTHING;
        if (recording->stopped)
            return STATUS_OK;
        TRY(record_round(recording, err));
    }
    return STATUS_OK;
}

static void sum_up(const struct recording *recording, const struct recorder_view *view)
{
    double duration_s = stop_clock_s() - recording->begin_s;
    log_info("%s: %" PRId64 " records, %.4g MB, added in %.1f s (%.3g records/s)%s",
             recording->path, view->records, 1e-6 * (double)view->record_bytes, duration_s,
             duration_s > 0 ? (double)view->records / duration_s : 0.0,
             recording->stopped ? "; stopped: the same command goes on from here" : "");
}

/* Whatever ended the recording, what has been taken is kept. */
static enum status finish(struct recording *recording, enum status status, struct error *err)
{
    struct error closing;
    struct recorder_view view = recorder_view(recording->recorder);
    if (recording->stopped == STOP_NOW) {
        recorder_discard(recording->recorder);
        return error_set(err, STATUS_STOPPED, "left at once: the last second may be missing");
    }
    enum status closed = recorder_close(recording->recorder, &closing);
    if (status != STATUS_OK)
        return status;
    if (closed != STATUS_OK) {
        *err = closing;
        return closed;
    }
    sum_up(recording, &view);
    err->text[0] = '\0';
    return recording->stopped ? STATUS_STOPPED : STATUS_OK;
}

static enum status record_from(struct recording *recording, const struct deck *deck,
                               const struct cli_options *options, struct error *err)
{
    const struct recorder_config config = {.source = recording->source,
                                           .path = recording->path,
                                           .from = options->from,
                                           .until_end = options->until == CLI_UNTIL_END,
                                           .batch = (int)deck->stream.batch};
    TRY(recorder_create(&config, &recording->recorder, err));
    int partitions = source_identity(recording->source).partitions;
    log_info("recording %s (%d partition%s) to %s", source_identity(recording->source).topic,
             partitions, partitions == 1 ? "" : "s", recording->path);
    recording->begin_s = recording->said_s = stop_clock_s();
    return finish(recording, record_all(recording, err), err);
}

/* Records from the topic the deck names, whatever its source: the file may be what it reads. */
static enum status open_topic(const struct deck *deck, struct recording *recording,
                              struct error *err)
{
    const struct kafka_config kafka = kafka_of_deck(deck);
    if (strcmp(deck->stream.brokers, "embedded") != 0)
        return source_open_kafka(&kafka, &recording->source, err);
    if (!deck_is_embedded(deck))
        return error_set(err, STATUS_USAGE,
                         "record has no topic to read: the deck names no Kafka brokers; give "
                         "-b BROKERS and -t TOPIC");
    TRY(event_avro_of_deck(deck, &recording->avro, err));
    const struct generator_config generator = generator_of_deck(deck, recording->avro);
    return source_open_embedded(&kafka, &generator, format_of_deck(deck), NULL, &recording->source,
                                err);
}

static enum status record_deck(const struct cli_options *options, const struct deck *deck,
                               struct error *err)
{
    char path[PATH_MAX];
    struct recording recording = {.path = path, .every_s = deck->log.every_s};
    int length = options->record_out ? snprintf(path, sizeof path, "%s", options->record_out)
                                     : snprintf(path, sizeof path, "%s.hsl", deck->stream.topic);
    int stop_length =
        snprintf(recording.stop_file, sizeof recording.stop_file, "%.*s.STOP", length, path);
    if (length >= (int)sizeof path || stop_length >= (int)sizeof recording.stop_file)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", path);
    recording.stop = (struct stop_watch){.stop_file = recording.stop_file,
                                         .task = "putting what was received on the disk",
                                         .time_limit_s = (double)options->time_limit_s};
    enum status status = open_topic(deck, &recording, err);
    if (status == STATUS_OK)
        status = record_from(&recording, deck, options, err);
    source_destroy(recording.source);
    event_avro_destroy(recording.avro);
    return status;
}

enum status command_record(const struct cli_options *options, struct error *err)
{
    struct deck *deck;
    stop_install();
    TRY(deck_load(options->path, options->overrides, options->override_count, &deck, err));
    log_configure((enum log_level)deck->log.level, (enum log_format)deck->log.format);
    cli_warn_exposed(options);
    enum status status = record_deck(options, deck, err);
    deck_destroy(deck);
    return status;
}
