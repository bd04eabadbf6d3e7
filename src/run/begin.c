#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/memory.h"
#include "deck/deck.h"
#include "ingest/source_kafka.h"
#include "run/deck_sources.h"
#include "run_internal.h"
#include "window/start.h"

enum { PROBE_WAIT_MS = 100, PROBE_BATCH = 256 };

static enum status first_offset(struct root *root, int p, int64_t *offset, struct error *err)
{
    const char *from = root->options->from;
    bool beginning = !from || strcmp(from, "beginning") == 0;
    if (!beginning &&
        (root->deck->stream.source == DECK_SOURCE_SYNTHETIC || deck_is_embedded(root->deck)))
        return error_set(err, STATUS_USAGE,
                         "--from %s: only topics and files can be begun elsewhere than at their "
                         "beginning",
                         from);
    if (!beginning)
        return source_kafka_offset(root->source, p, from, offset, err);
    int64_t end;
    return source_bounds(root->source, p, offset, &end, err);
}

static enum status capture_ends(struct root *root, int64_t *ends, struct error *err)
{
    for (int p = 0; p < root->identity.partitions; p++) {
        int64_t first;
        TRY(source_bounds(root->source, p, &first, &ends[p], err));
        if (root->bounded && ends[p] == INT64_MAX)
            return error_set(
                err, STATUS_USAGE,
                "--until end: the generator never ends; set gen.steps or time.windows");
    }
    return STATUS_OK;
}

/* A finished run of which nothing more is asked: its topic has not grown, its last window is
 * reached. */
static void compare_with_finish(struct root *root, const int64_t *ends_before)
{
    struct manifest_finish finish;
    if (!manifest_finished(root->manifest, &finish))
        return;
    size_t size = (size_t)root->identity.partitions * sizeof *root->ends;
    bool grown = !ends_before || memcmp(root->ends, ends_before, size) != 0;
    root->nothing_to_do =
        finish.window >= root->stop_after || (root->bounded && finish.at_end && !grown);
}

enum status begin_anew(struct root *root, struct error *err)
{
    if (!root->ends_known)
        return STATUS_OK;
    root->ends_known = false;
    if (root->news == BEGIN_OPEN)
        root->news = BEGIN_NOTHING;
    return journal_write_open(root->journal, err);
}

enum status begin_accepted(struct root *root, struct error *err)
{
    enum begin_news news = root->news;
    root->news = BEGIN_NOTHING;
    if (news == BEGIN_ENDS)
        return journal_write_ends(root->journal, root->ends, err);
    return news == BEGIN_OPEN ? journal_write_open(root->journal, err) : STATUS_OK;
}

/* What is no longer there cannot be waited for. */
static enum status keep_ends(struct root *root, const int64_t *ends, struct error *err)
{
    for (int p = 0; p < root->identity.partitions; p++) {
        int64_t first, end;
        TRY(source_bounds(root->source, p, &first, &end, err));
        if (end < ends[p])
            return error_set(err, STATUS_BAD_DATA,
                             "%s partition %d: the run is to end at offset %lld, but the partition "
                             "ends before %lld now: it was cut or made anew",
                             root->identity.topic, p, (long long)ends[p], (long long)end);
    }
    memcpy(root->ends, ends, (size_t)root->identity.partitions * sizeof *ends);
    return STATUS_OK;
}

/* The captured ends of a bounded run: those of the journal while it is unfinished, else new
 * ones. A run without end makes what the journal has of ends void. */
static enum status begin_ends(struct root *root, struct error *err)
{
    int64_t *before = memory_zeroed(root->identity.partitions, sizeof *before);
    bool known = root->ends_known = journal_ends(root->journal, before);
    bool again = root->bounded && known && !root->takes_back && !goes_back(root);
    enum status status = STATUS_OK;
    if (again)
        status = keep_ends(root, before, err);
    else if (root->bounded)
        status = capture_ends(root, root->ends, err);
    if (status == STATUS_OK && root->t0_known)
        compare_with_finish(root, root->bounded && known ? before : NULL);
    free(before);
    if (status != STATUS_OK || root->nothing_to_do)
        return status;
    if (root->bounded && !again)
        root->news = BEGIN_ENDS;
    else if (!root->bounded && known)
        root->news = BEGIN_OPEN;
    return STATUS_OK;
}

static enum status begin_first(struct root *root, struct error *err)
{
    if (journal_first(root->journal, root->first))
        return STATUS_OK;
    for (int p = 0; p < root->identity.partitions; p++)
        TRY(first_offset(root, p, &root->first[p], err));
    const struct manifest_checkpoint *list;
    if (manifest_checkpoints(root->manifest, &list) > 0)
        return STATUS_OK; /* of a run with another number of partitions: to be refused */
    return journal_write_first(root->journal, root->first, err);
}

/* The search for the start of window 0: the good times of one partition's first records. */
struct probe {
    int64_t *ends;
    int64_t times_ms[START_SAMPLE];
    int found;
    int partition; /* the one that is sampled, -1: the first to yield a good record */
};

static void sample(struct root *root, struct probe *probe, int p, const struct message *message)
{
    struct record record;
    decoder_decode(root->decoder, p, message, &record);
    if (record.verdict != FATE_ON_TIME)
        return;
    probe->partition = p;
    probe->times_ms[probe->found++] = record.time_ms;
}

/* Reads what is at hand of p; *at_end when the captured end is reached. */
static enum status sample_batch(struct root *root, struct probe *probe, int p, bool *at_end,
                                struct error *err)
{
    const struct message *messages;
    int count;
    TRY(source_read(root->source, p, PROBE_BATCH, &messages, &count, err));
    for (int i = 0; i < count && probe->found < START_SAMPLE; i++) {
        if (messages[i].offset >= probe->ends[p])
            *at_end = true;
        if (messages[i].end || messages[i].offset >= probe->ends[p])
            continue;
        sample(root, probe, p, &messages[i]);
        *at_end = *at_end || messages[i].offset + 1 >= probe->ends[p];
    }
    if (count == 0)
        return source_wait(root->source, PROBE_WAIT_MS, err);
    return STATUS_OK;
}

static enum status stop_while_probing(struct root *root, struct error *err)
{
    if (claim_is_lost(root->rundir.claim))
        TRY(claim_check(root->rundir.claim, err));
    if (stop_poll(&root->stop, 0) < STOP_SOON)
        return STATUS_OK;
    return error_set(err, STATUS_STOPPED,
                     "stopped while looking for the first events; nothing to keep");
}

/* One partition that had records when the ends were captured. In a run without end the sample is
 * waited for, in a bounded one the captured end ends it. */
static enum status probe_partition(struct root *root, struct probe *probe, int p, struct error *err)
{
    int64_t *next = memory_zeroed(root->identity.partitions, sizeof *next);
    for (int q = 0; q < root->identity.partitions; q++)
        next[q] = q == p ? root->first[p] : -1;
    enum status status = source_start(root->source, next, err);
    free(next);
    bool at_end = false;
    while (status == STATUS_OK && probe->found < START_SAMPLE) {
        if (at_end && (root->bounded || probe->found == 0))
            break;
        if (at_end && probe->ends[p] != INT64_MAX) {
            log_info("waiting for the start of window 0: partition %d has %d of %d records; "
                     "time.t0 would say when it is",
                     p, probe->found, START_SAMPLE);
            probe->ends[p] = INT64_MAX;
        }
        at_end = false;
        status = sample_batch(root, probe, p, &at_end, err);
        if (status == STATUS_OK)
            status = stop_while_probing(root, err);
    }
    return status;
}

/* Nothing there yet: the partition of the first good record to arrive is sampled. */
static enum status probe_arrivals(struct root *root, struct probe *probe, struct error *err)
{
    log_info("waiting for the first events of %s", root->identity.topic);
    TRY(source_start(root->source, root->first, err));
    for (int p = 0; p < root->identity.partitions; p++)
        probe->ends[p] = INT64_MAX;
    while (probe->found < START_SAMPLE) {
        bool at_end = false;
        for (int p = 0; p < root->identity.partitions && probe->found < START_SAMPLE; p++)
            if (probe->partition < 0 || probe->partition == p)
                TRY(sample_batch(root, probe, p, &at_end, err));
        TRY(stop_while_probing(root, err));
    }
    return STATUS_OK;
}

static enum status probe_start(struct root *root, struct probe *probe, struct error *err)
{
    for (int p = 0; p < root->identity.partitions && probe->found == 0; p++)
        if (probe->ends[p] > root->first[p])
            TRY(probe_partition(root, probe, p, err));
    if (probe->found == 0 && !root->bounded)
        TRY(probe_arrivals(root, probe, err));
    return STATUS_OK;
}

static enum status derive_t0(struct root *root, struct error *err)
{
    struct probe probe = {.partition = -1};
    probe.ends = memory_zeroed(root->identity.partitions, sizeof *probe.ends);
    enum status status = STATUS_OK;
    if (root->bounded)
        memcpy(probe.ends, root->ends, (size_t)root->identity.partitions * sizeof *probe.ends);
    else
        status = capture_ends(root, probe.ends, err);
    if (status == STATUS_OK)
        status = probe_start(root, &probe, err);
    free(probe.ends);
    root->t0_known = probe.found > 0;
    if (status != STATUS_OK || !root->t0_known)
        return status;
    root->t0_ms = start_of_windows(probe.times_ms, probe.found, root->deck->stream.disorder_ms,
                                   root->deck->time.window_ms);
    return journal_write_t0(root->journal, root->t0_ms, err);
}

static int64_t windows_until(const struct root *root)
{
    const struct run_options *options = root->options;
    if (options->until == RUN_UNTIL_WINDOWS)
        return options->until_value;
    if (options->until == RUN_UNTIL_TIME)
        return floor_div((__int128)options->until_value - root->t0_ms, root->deck->time.window_ms) +
               1;
    return 0;
}

static void set_stop_after(struct root *root)
{
    int64_t asked = root->deck->time.windows, until = windows_until(root);
    root->stop_after = INT64_MAX;
    if (asked > 0)
        root->stop_after = asked - 1;
    if (root->options->until == RUN_UNTIL_WINDOWS || root->options->until == RUN_UNTIL_TIME)
        root->stop_after = min_int64(root->stop_after, max_int64(until, 0) - 1);
}

/* t0 when it is already settled: by the deck or by an earlier start. */
static void recall_t0(struct root *root)
{
    root->t0_ms = root->deck->time.t0_ms;
    root->t0_known = !root->deck->time.t0_auto || journal_t0(root->journal, &root->t0_ms);
    if (root->t0_known)
        set_stop_after(root);
}

enum status begin_run(struct root *root, struct error *err)
{
    recall_t0(root);
    TRY(begin_first(root, err));
    TRY(begin_ends(root, err));
    if (root->t0_known)
        return STATUS_OK;
    TRY(begin_accepted(root, err)); /* no window was ever begun: nothing can refuse this start */
    TRY(derive_t0(root, err));
    set_stop_after(root);
    return STATUS_OK;
}
