#include "run/drain.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "window/advance.h"
#include "window/gap.h"
#include "window/windows_state.h"

struct lane { /* the messages of one partition that have been read but not all taken */
    const struct message *messages;
    int count, taken;
    int last;                 /* index of the last record taken whose CRC is not known yet, or -1 */
    struct fingerprint proof; /* of the last record taken, once its message is given up */
    struct fingerprint expected;
    bool check_expected;
    int64_t met_end; /* offset of the end last met */
    int64_t records; /* taken */
};

struct drain {
    struct gaps gaps;
    struct source *source; /* of the gaps, as are the windows */
    const struct decoder *decoder;
    struct windows *windows;
    int partitions, batch;
    struct lane *lanes;
    int64_t *ends; /* NULL: the run has no captured ends */
    int64_t messages;
    atomic_int met_gaps;
};

struct drain *drain_create(const struct gaps *gaps, const struct decoder *decoder, int batch)
{
    struct drain *drain = memory_zeroed(1, sizeof *drain);
    drain->gaps = *gaps;
    drain->source = gaps->source;
    drain->decoder = decoder;
    drain->windows = gaps->windows;
    drain->partitions = source_identity(gaps->source).partitions;
    drain->batch = batch;
    drain->lanes = memory_zeroed(drain->partitions, sizeof *drain->lanes);
    for (int p = 0; p < drain->partitions; p++)
        drain->lanes[p] = (struct lane){.last = -1, .proof.offset = -1};
    return drain;
}

void drain_destroy(struct drain *drain)
{
    if (!drain)
        return;
    free(drain->lanes);
    free(drain->ends);
    free(drain);
}

static void copy_ends(struct drain *drain, const int64_t *ends)
{
    free(drain->ends);
    drain->ends = NULL;
    if (!ends)
        return;
    drain->ends = memory_zeroed(drain->partitions, sizeof *drain->ends);
    for (int p = 0; p < drain->partitions; p++)
        drain->ends[p] = ends[p];
}

/* Where reading begins: at the record of the fingerprint while the source still has it. */
static enum status first_to_read(struct drain *drain, int p, const struct fingerprint *last,
                                 int64_t *offset, struct error *err)
{
    *offset = windows_resume_offset(drain->windows, p);
    if (!last || last[p].offset < 0)
        return STATUS_OK;
    int64_t low, high;
    TRY(source_bounds(drain->source, p, &low, &high, err));
    drain->lanes[p].proof = last[p];
    if (last[p].offset < low)
        return STATUS_OK;
    *offset = last[p].offset;
    drain->lanes[p].expected = last[p];
    drain->lanes[p].check_expected = true;
    return STATUS_OK;
}

enum status drain_start(struct drain *drain, const int64_t *ends, const struct fingerprint *last,
                        struct error *err)
{
    int64_t *next = memory_zeroed(drain->partitions, sizeof *next);
    copy_ends(drain, ends);
    enum status status = STATUS_OK;
    for (int p = 0; p < drain->partitions && status == STATUS_OK; p++)
        status = first_to_read(drain, p, last, &next[p], err);
    if (status == STATUS_OK)
        status = source_start(drain->source, next, err);
    free(next);
    return status;
}

static enum status compare_fingerprint(struct drain *drain, int p, const struct message *message,
                                       struct error *err)
{
    struct lane *lane = &drain->lanes[p];
    if (message->end)
        return STATUS_OK;
    lane->check_expected = false;
    if (message->offset != lane->expected.offset) {
        log_warn(
            "partition %d: the record at offset %lld, the last one the checkpoint knows, is gone; "
            "going on without comparing it",
            p, (long long)lane->expected.offset);
        return STATUS_OK;
    }
    if (message_crc(message) == lane->expected.crc)
        return STATUS_OK;
    return error_set(
        err, STATUS_BAD_DATA,
        "partition %d: the record at offset %lld is not the one this run has read there: %s was "
        "made anew, or cut (unclean leader election) and written on. No gap describes that: begin "
        "anew with another run.id or --restart=none, or, if a checkpoint of the run is from before "
        "the cut, go back to it with --restart=FILE --accept-gap",
        p, (long long)message->offset, source_identity(drain->source).topic);
}

/* The message of the last record taken is about to be given up: remember what it was. */
static void settle_proof(struct lane *lane)
{
    if (lane->last < 0)
        return;
    const struct message *message = &lane->messages[lane->last];
    lane->proof = (struct fingerprint){.offset = message->offset, .crc = message_crc(message)};
    lane->last = -1;
}

/* The record of the fingerprint has been deleted, as retention does; one that is merely not found
 * is no proof of anything. */
static bool proof_is_deleted(const struct drain *drain, int p)
{
    int64_t first, end;
    struct error unknown;
    return drain->lanes[p].check_expected &&
           source_bounds(drain->source, p, &first, &end, &unknown) == STATUS_OK &&
           drain->lanes[p].expected.offset < first;
}

/* What was to be read next is not there. Where that is a gap which may be passed, or only the
 * record of the fingerprint has gone meanwhile, the partition is read on behind it. */
static enum status pass_over(struct drain *drain, int p, struct error *err)
{
    struct buffer found = {0};
    struct error why = *err;
    enum status status = gaps_find(&drain->gaps, p, &found, err);
    bool proof_only = found.size == 0 && proof_is_deleted(drain, p);
    if (status == STATUS_OK && found.size == 0 && !proof_only)
        status = error_set(err, STATUS_NO_INPUT, "%s", why.text);
    if (status == STATUS_OK && found.size > 0) {
        atomic_fetch_add(&drain->met_gaps, 1); /* before whoever reads the journal knows of it */
        status = gaps_enter(&drain->gaps, &found, err);
    }
    if (status == STATUS_OK)
        status = source_skip(drain->source, p, windows_resume_offset(drain->windows, p), err);
    buffer_release(&found);
    drain->lanes[p].check_expected = false;
    return status;
}

/* Sees to it that the lane has a message if the source has one at hand. */
static enum status refill(struct drain *drain, int p, struct error *err)
{
    struct lane *lane = &drain->lanes[p];
    if (lane->taken < lane->count)
        return STATUS_OK;
    settle_proof(lane);
    lane->count = lane->taken = 0;
    enum status status =
        source_read(drain->source, p, drain->batch, &lane->messages, &lane->count, err);
    return status == STATUS_NO_INPUT ? pass_over(drain, p, err) : status;
}

static bool reached_end(const struct drain *drain, int p)
{
    return drain->ends && !drain->lanes[p].check_expected &&
           windows_ledger(drain->windows, p)->next_offset >= drain->ends[p];
}

static enum status take_record(struct drain *drain, int p, const struct message *message,
                               struct error *err)
{
    struct record record;
    if (message->record) {
        record = *message->record;
        record.offset = message->offset;
    } else {
        decoder_decode(drain->decoder, p, message, &record);
    }
    drain->messages++;
    drain->lanes[p].records++;
    return windows_take(drain->windows, &record, err);
}

/* An end, or a record at or beyond the captured one. */
static void take_end(struct drain *drain, int p, const struct message *message)
{
    struct lane *lane = &drain->lanes[p];
    if (message->end && message->offset > lane->met_end)
        lane->met_end = message->offset;
    if (drain->ends && message->offset >= drain->ends[p])
        windows_finish(drain->windows, p, drain->ends[p]);
}

/* Takes the lane's next message, unless a time-out that stands before it makes the windows want no
 * more of the partition. */
static enum status take_message(struct drain *drain, int p, struct error *err)
{
    struct lane *lane = &drain->lanes[p];
    const struct message *message = &lane->messages[lane->taken];
    if (lane->check_expected)
        TRY(compare_fingerprint(drain, p, message, err));
    windows_pass_gaps(drain->windows, p, message->offset);
    windows_reach(drain->windows, p, message->offset);
    if (!windows_wants(drain->windows, p))
        return STATUS_OK;
    if (message->end || (drain->ends && message->offset >= drain->ends[p])) {
        take_end(drain, p, message);
        lane->taken++;
        return STATUS_OK;
    }
    if (message->offset >= windows_ledger(drain->windows, p)->next_offset)
        lane->last = lane->taken;
    TRY(take_record(drain, p, message, err));
    lane->taken++;
    return STATUS_OK;
}

/* Takes messages as long as each is a record that follows on the one before: what nearly all are.
 * The first that is not, or is beyond the captured end, is left to take_message(). */
static enum status take_plain(struct drain *drain, int p, struct error *err)
{
    struct lane *lane = &drain->lanes[p];
    const struct ledger *ledger = windows_ledger(drain->windows, p);
    int64_t end = drain->ends ? drain->ends[p] : INT64_MAX;
    if (lane->check_expected || !windows_is_undisturbed(drain->windows, p))
        return STATUS_OK;
    for (; lane->taken < lane->count && windows_wants(drain->windows, p); lane->taken++) {
        const struct message *message = &lane->messages[lane->taken];
        if (message->end || message->offset < ledger->next_offset || message->offset >= end)
            return STATUS_OK;
        lane->last = lane->taken;
        TRY(take_record(drain, p, message, err));
    }
    return STATUS_OK;
}

static enum status drain_partition(struct drain *drain, int p, int64_t *taken, struct error *err)
{
    struct lane *lane = &drain->lanes[p];
    windows_pass_gaps(drain->windows, p, windows_ledger(drain->windows, p)->next_offset);
    if (!windows_wants(drain->windows, p))
        return STATUS_OK;
    TRY(refill(drain, p, err));
    int before = lane->taken;
    TRY(take_plain(drain, p, err));
    while (lane->taken < lane->count && windows_wants(drain->windows, p) && !reached_end(drain, p))
        TRY(take_message(drain, p, err));
    *taken += lane->taken - before;
    if (windows_wants(drain->windows, p) && reached_end(drain, p)) {
        windows_finish(drain->windows, p, drain->ends[p]);
        ++*taken;
    }
    return STATUS_OK;
}

enum status drain_round(struct drain *drain, int64_t *taken, struct error *err)
{
    *taken = 0;
    for (int p = 0; p < drain->partitions; p++)
        TRY(drain_partition(drain, p, taken, err));
    return STATUS_OK;
}

struct fingerprint drain_fingerprint(struct drain *drain, int partition)
{
    settle_proof(&drain->lanes[partition]);
    return drain->lanes[partition].proof;
}

int64_t drain_position(const struct drain *drain, int partition)
{
    int64_t next = windows_ledger(drain->windows, partition)->next_offset;
    int64_t met = drain->lanes[partition].met_end;
    return met > next ? met : next;
}

int64_t drain_taken(const struct drain *drain, int partition)
{
    return drain->lanes[partition].records;
}

int64_t drain_messages(const struct drain *drain)
{
    return drain->messages;
}

int drain_gaps(const struct drain *drain)
{
    return atomic_load(&drain->met_gaps);
}
