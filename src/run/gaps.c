#include "run/gaps.h"

#include "base/arith.h"
#include "base/log.h"
#include "window/gap.h"
#include "window/windows_state.h"

enum { NAMED_MAX = 20 };

/* One line for each partition that is not as it was, the first few of them. */
struct report {
    struct buffer gone, cut;
    int gone_count, cut_count;
};

static void add_gone(struct report *report, const struct journal_gap *gap)
{
    if (report->gone_count++ < NAMED_MAX)
        buffer_printf(&report->gone,
                      "\n  partition %d: offsets %lld..%lld (%lld records) are no longer on the "
                      "broker",
                      gap->partition, (long long)gap->from, (long long)gap->to - 1,
                      (long long)(gap->to - gap->from));
}

static void add_cut(struct report *report, int partition, int64_t next, int64_t end)
{
    if (report->cut_count++ < NAMED_MAX)
        buffer_printf(&report->cut,
                      "\n  partition %d: read up to offset %lld, but it ends before %lld now: "
                      "offsets %lld..%lld (%lld records) were cut off",
                      partition, (long long)next - 1, (long long)end, (long long)end,
                      (long long)next - 1, (long long)(next - end));
}

static enum status look(const struct gaps *gaps, int partition, struct report *report,
                        struct buffer *found, struct error *err)
{
    int64_t next = windows_resume_offset(gaps->windows, partition), low, high;
    TRY(source_bounds(gaps->source, partition, &low, &high, err));
    int64_t needed = gaps->ends ? min_int64(low, gaps->ends[partition]) : low;
    const struct journal_gap gap = {.partition = partition, .from = next, .to = needed};
    if (next > high) {
        add_cut(report, partition, next, high);
    } else if (next < needed) {
        add_gone(report, &gap);
        buffer_append(found, &gap, sizeof gap);
    }
    return STATUS_OK;
}

static void add_rest(struct buffer *lines, int count)
{
    if (count > NAMED_MAX)
        buffer_printf(lines, "\n  and %d more partitions", count - NAMED_MAX);
}

static enum status refuse(const struct gaps *gaps, struct report *report, struct error *err)
{
    const char *topic = source_identity(gaps->source).topic;
    add_rest(&report->gone, report->gone_count);
    add_rest(&report->cut, report->cut_count);
    if (report->cut_count > 0)
        return error_set(
            err, STATUS_BAD_DATA,
            "%s is not the topic that this run has read:%.*s\nit lost its newest records "
            "(unclean leader election) or was made anew. No gap describes that: begin anew with "
            "another run.id or --restart=none, or, if a checkpoint of the run is from before the "
            "cut, go back to it with --restart=FILE --accept-gap",
            topic, (int)report->cut.size, (const char *)report->cut.data);
    return error_set(err, STATUS_BAD_DATA,
                     "records of %s were deleted before this run has read them:%.*s\n--accept-gap "
                     "goes on without them; the ledger counts them as lost, the journal keeps "
                     "their range",
                     topic, (int)report->gone.size, (const char *)report->gone.data);
}

static enum status look_at_all(const struct gaps *gaps, struct report *report, struct buffer *found,
                               struct error *err)
{
    int partitions = source_identity(gaps->source).partitions;
    for (int p = 0; p < partitions; p++)
        TRY(look(gaps, p, report, found, err));
    return STATUS_OK;
}

enum status gaps_find(const struct gaps *gaps, int partition, struct buffer *found,
                      struct error *err)
{
    struct report report = {0};
    enum status status = partition == GAPS_ALL ? look_at_all(gaps, &report, found, err)
                                               : look(gaps, partition, &report, found, err);
    if (status == STATUS_OK && (report.cut_count > 0 || (report.gone_count > 0 && !gaps->accept)))
        status = refuse(gaps, &report, err);
    buffer_release(&report.gone);
    buffer_release(&report.cut);
    return status;
}

enum status gaps_enter(const struct gaps *gaps, const struct buffer *found, struct error *err)
{
    const struct journal_gap *list = (const void *)found->data;
    int count = (int)(found->size / sizeof *list);
    if (count == 0)
        return STATUS_OK;
    TRY(journal_write_gaps(gaps->journal, list, count, err));
    TRY(claim_check(gaps->claim, err)); /* a successor must know all that took effect */
    for (int i = 0; i < count; i++) {
        log_warn(
            "partition %d: offsets %lld..%lld (%lld records) are no longer on the broker: going "
            "on without them",
            list[i].partition, (long long)list[i].from, (long long)list[i].to - 1,
            (long long)(list[i].to - list[i].from));
        windows_add_gap(gaps->windows, list[i].partition, list[i].from, list[i].to);
    }
    return STATUS_OK;
}

void gaps_replay(const struct journal *journal, struct windows *windows)
{
    const struct journal_gap *list;
    int64_t count = journal_gaps(journal, &list);
    for (int64_t i = 0; i < count; i++)
        windows_add_gap(windows, list[i].partition, list[i].from, list[i].to);
}
