#include "ingest/recorder.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "ingest/event_log_cursor.h"
#include "ingest/event_log_writer.h"
#include "ingest/source_kafka.h"

enum { SYNC_BYTES = 64 << 20 };
static const double SYNC_S = 1.0;

/* The last record the log has of a partition: proof that the topic is still the same. */
struct proof {
    int64_t offset; /* -1: nothing left to compare */
    uint32_t crc;   /* CRC-32 of key, then value */
};

struct track {
    struct proof proof;
    int64_t end; /* captured, INT64_MAX: none */
    bool done;   /* has been read to `end` */
    bool at_end; /* nothing more when last asked */
};

struct recorder {
    struct recorder_config config;
    struct source_identity topic;
    struct event_log_writer *writer;
    struct track *tracks; /* [partitions] */
    int unproven;         /* partitions whose proof has not been compared */
    int64_t records, record_bytes;
    double synced_s; /* monotonic clock, when everything was last on the disk */
};

static enum status first_offsets(const struct recorder_config *config, int partitions,
                                 int64_t *first, struct error *err)
{
    for (int p = 0; p < partitions; p++)
        TRY(source_kafka_offset(config->source, p, config->from ? config->from : "beginning",
                                &first[p], err));
    return STATUS_OK;
}

static enum status make_log(struct recorder *recorder, struct error *err)
{
    if (durable_exists(recorder->config.path))
        return STATUS_OK;
    int64_t *first = memory_zeroed(recorder->topic.partitions, sizeof *first);
    enum status status = first_offsets(&recorder->config, recorder->topic.partitions, first, err);
    if (status == STATUS_OK)
        status = event_log_create(recorder->config.path, &recorder->topic, first, err);
    free(first);
    return status;
}

/* The last record of a partition of the log, if it has any. */
static enum status find_proof(struct event_log *log, int p, struct proof *proof, struct error *err)
{
    enum { BATCH = 256 };
    struct message messages[BATCH];
    struct event_log_cursor cursor = {0};
    enum status status = event_log_seek_last(log, p, &cursor, err);
    int count = 1;
    while (status == STATUS_OK && count > 0) {
        status = event_log_read(log, p, &cursor, BATCH, messages, &count, err);
        if (status == STATUS_OK && count > 0)
            *proof = (struct proof){.offset = messages[count - 1].offset,
                                    .crc = message_crc(&messages[count - 1])};
    }
    event_log_cursor_release(&cursor);
    return status;
}

static enum status find_proofs(struct recorder *recorder, struct error *err)
{
    struct event_log *log;
    TRY(event_log_open(recorder->config.path, &log, err));
    enum status status = STATUS_OK;
    for (int p = 0; p < recorder->topic.partitions && status == STATUS_OK; p++)
        status = find_proof(log, p, &recorder->tracks[p].proof, err);
    event_log_close(log);
    return status;
}

static enum status plan_track(struct recorder *recorder, int p, struct error *err)
{
    struct track *track = &recorder->tracks[p];
    int64_t next = event_log_writer_next(recorder->writer, p), low, high;
    TRY(source_bounds(recorder->config.source, p, &low, &high, err));
    if (next < low)
        return error_set(err, STATUS_NO_INPUT,
                         "%s partition %d: the recording goes on at offset %lld, but the first one "
                         "left is %lld: offsets %lld to %lld were deleted before they were read",
                         recorder->topic.topic, p, (long long)next, (long long)low, (long long)next,
                         (long long)low - 1);
    if (next > high)
        return error_set(err, STATUS_BAD_DATA,
                         "%s partition %d: the recording goes on at offset %lld, but the partition "
                         "ends before %lld: it was cut or made anew",
                         recorder->topic.topic, p, (long long)next, (long long)high);
    if (track->proof.offset < low)
        track->proof.offset = -1;
    recorder->unproven += track->proof.offset >= 0;
    if (recorder->config.until_end && high == INT64_MAX)
        return error_set(err, STATUS_USAGE, "--until end: the generator never ends; set gen.steps");
    track->end = recorder->config.until_end ? high : INT64_MAX;
    track->done = next >= track->end;
    return STATUS_OK;
}

/* Starts the source where the log ends, or first, while there is something to prove, at the
 * proofs. */
static enum status start(struct recorder *recorder, struct error *err)
{
    int64_t *begin = memory_zeroed(recorder->topic.partitions, sizeof *begin);
    for (int p = 0; p < recorder->topic.partitions; p++)
        begin[p] = recorder->unproven > 0 ? recorder->tracks[p].proof.offset
                                          : event_log_writer_next(recorder->writer, p);
    enum status status = source_start(recorder->config.source, begin, err);
    free(begin);
    return status;
}

static enum status go_on(struct recorder *recorder, struct error *err)
{
    TRY(find_proofs(recorder, err));
    for (int p = 0; p < recorder->topic.partitions; p++)
        TRY(plan_track(recorder, p, err));
    return start(recorder, err);
}

enum status recorder_create(const struct recorder_config *config, struct recorder **created,
                            struct error *err)
{
    struct recorder *recorder = memory_zeroed(1, sizeof *recorder);
    recorder->config = *config;
    recorder->topic = source_identity(config->source);
    recorder->tracks = memory_zeroed(recorder->topic.partitions, sizeof *recorder->tracks);
    for (int p = 0; p < recorder->topic.partitions; p++)
        recorder->tracks[p].proof.offset = -1;
    enum status status = make_log(recorder, err);
    if (status == STATUS_OK)
        status = event_log_writer_open(config->path, &recorder->topic, &recorder->writer, err);
    if (status == STATUS_OK)
        status = go_on(recorder, err);
    recorder->synced_s = monotonic_s();
    if (status == STATUS_OK)
        *created = recorder;
    else
        recorder_discard(recorder);
    return status;
}

static enum status compare(struct recorder *recorder, int p, const struct message *message,
                           struct error *err)
{
    struct proof *proof = &recorder->tracks[p].proof;
    int64_t offset = proof->offset;
    if (message->end && message->offset <= offset)
        return STATUS_OK; /* of a moment ago: the record is still to come */
    if (!message->end && message->offset == offset && message_crc(message) != proof->crc)
        return error_set(err, STATUS_BAD_DATA,
                         "partition %d: the record at offset %lld is not the one that was "
                         "recorded: %s was written anew; record it to another file",
                         p, (long long)offset, recorder->topic.topic);
    if (message->offset != offset)
        log_warn("partition %d: the record at offset %lld, the last one recorded, is gone from the "
                 "topic; going on without comparing it",
                 p, (long long)offset);
    proof->offset = -1;
    recorder->unproven--;
    return STATUS_OK;
}

/* Nothing is recorded before every partition is proven to be of the same topic. */
static enum status prove(struct recorder *recorder, int64_t *taken, struct error *err)
{
    for (int p = 0; p < recorder->topic.partitions; p++) {
        const struct message *messages;
        int count = 0;
        if (recorder->tracks[p].proof.offset >= 0)
            TRY(source_read(recorder->config.source, p, 1, &messages, &count, err));
        if (count > 0)
            TRY(compare(recorder, p, messages, err));
        *taken += count;
    }
    return recorder->unproven > 0 ? STATUS_OK : start(recorder, err);
}

static enum status take(struct recorder *recorder, int p, const struct message *message,
                        struct error *err)
{
    struct track *track = &recorder->tracks[p];
    track->at_end = message->end;
    if (message->end || message->offset >= track->end) {
        event_log_writer_reach(recorder->writer, p, min_int64(message->offset, track->end));
    } else if (message->offset >= event_log_writer_next(recorder->writer, p)) {
        TRY(event_log_writer_put(recorder->writer, p, message, err));
        recorder->records++;
        recorder->record_bytes += (int64_t)(message->key_size + message->value_size);
    }
    track->done = event_log_writer_next(recorder->writer, p) >= track->end;
    return STATUS_OK;
}

static enum status take_batch(struct recorder *recorder, int p, int64_t *taken, struct error *err)
{
    const struct message *messages;
    int count;
    TRY(source_read(recorder->config.source, p, recorder->config.batch, &messages, &count, err));
    for (int i = 0; i < count && !recorder->tracks[p].done; i++)
        TRY(take(recorder, p, &messages[i], err));
    *taken += count;
    return STATUS_OK;
}

enum status recorder_sync(struct recorder *recorder, struct error *err)
{
    recorder->synced_s = monotonic_s();
    return event_log_writer_sync(recorder->writer, err);
}

enum status recorder_round(struct recorder *recorder, int64_t *taken, struct error *err)
{
    *taken = 0;
    if (recorder->unproven > 0)
        return prove(recorder, taken, err);
    for (int p = 0; p < recorder->topic.partitions; p++)
        if (!recorder->tracks[p].done)
            TRY(take_batch(recorder, p, taken, err));
    bool due = event_log_writer_unsynced(recorder->writer) >= SYNC_BYTES ||
               monotonic_s() - recorder->synced_s >= SYNC_S;
    return due ? recorder_sync(recorder, err) : STATUS_OK;
}

bool recorder_done(const struct recorder *recorder)
{
    for (int p = 0; p < recorder->topic.partitions; p++)
        if (!recorder->tracks[p].done)
            return false;
    return recorder->unproven == 0;
}

struct recorder_view recorder_view(const struct recorder *recorder)
{
    struct recorder_view view = {
        .records = recorder->records,
        .record_bytes = recorder->record_bytes,
        .file_bytes = event_log_writer_bytes(recorder->writer),
        .left = recorder->config.until_end ? 0 : -1,
    };
    for (int p = 0; p < recorder->topic.partitions; p++) {
        const struct track *track = &recorder->tracks[p];
        view.at_the_end += track->done || track->at_end;
        if (recorder->config.until_end)
            view.left += max_int64(0, track->end - event_log_writer_next(recorder->writer, p));
    }
    return view;
}

enum status recorder_close(struct recorder *recorder, struct error *err)
{
    enum status status = event_log_writer_close(recorder->writer, err);
    recorder->writer = NULL;
    recorder_discard(recorder);
    return status;
}

void recorder_discard(struct recorder *recorder)
{
    if (!recorder)
        return;
    event_log_writer_discard(recorder->writer);
    free(recorder->tracks);
    free(recorder);
}
