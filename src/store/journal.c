#include "store/journal.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/linelog.h"

/* A value for each partition, written in their order: only complete with the last one. */
struct journal_set {
    int64_t *values, *pending;
    int count; /* of pending */
    bool complete;
};

struct journal {
    struct linelog *log;
    const char *path; /* while it is read */
    int partitions;
    struct journal_set first, ends;
    bool has_t0;
    int64_t t0_ms;
    struct buffer idles; /* struct journal_idle, those read */
    int64_t *newest;     /* [partitions] 1 + index of the last one read, 0: none */
    int64_t sequence;    /* of the next time-out */
    struct buffer gaps;  /* struct journal_gap */
};

static enum status bad_line(const struct journal *journal, const char *line, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA,
                     "%s: '%.200s' does not follow from what is before it in a journal of %d "
                     "partitions",
                     journal->path, line, journal->partitions);
}

static bool keep_value(const struct journal *journal, struct journal_set *set, long long partition,
                       int64_t value)
{
    if (partition == 0)
        set->count = 0; /* a set that a crash left incomplete never took effect */
    if (partition != set->count || partition >= journal->partitions)
        return false;
    set->pending[set->count++] = value;
    if (set->count < journal->partitions)
        return true;
    memcpy(set->values, set->pending, (size_t)set->count * sizeof *set->values);
    set->complete = true;
    set->count = 0;
    return true;
}

static void keep_idle(struct journal *journal, const struct journal_idle *idle)
{
    struct journal_idle *idles = (void *)journal->idles.data;
    int64_t *newest = &journal->newest[idle->partition];
    journal->sequence++;
    if (*newest > 0 && idles[*newest - 1].before == idle->before) {
        idles[*newest - 1].to_ms = max_int64(idles[*newest - 1].to_ms, idle->to_ms);
        return;
    }
    buffer_append(&journal->idles, idle, sizeof *idle);
    *newest = (int64_t)(journal->idles.size / sizeof *idle);
}

static bool parse_idle(struct journal *journal, const char *line)
{
    long long sequence, partition, before, to_ms;
    int end = 0;
    if (sscanf(line, "idle %lld %lld %lld %lld%n", &sequence, &partition, &before, &to_ms, &end) !=
            4 ||
        line[end] || sequence != journal->sequence || partition < 0 ||
        partition >= journal->partitions)
        return false;
    struct journal_idle idle = {.partition = (int)partition, .before = before, .to_ms = to_ms};
    keep_idle(journal, &idle);
    return true;
}

static bool scan_gap(const char *line, struct journal_gap *gap)
{
    long long partition, from, to;
    int end = 0;
    bool fits = sscanf(line, "gap %lld %lld %lld%n", &partition, &from, &to, &end) == 3 &&
                line[end] == '\0' && partition >= 0 && partition <= INT_MAX && from >= 0 &&
                from < to;
    if (fits)
        *gap = (struct journal_gap){.partition = (int)partition, .from = from, .to = to};
    return fits;
}

static bool parse_gap(struct journal *journal, const char *line)
{
    struct journal_gap gap;
    bool fits = scan_gap(line, &gap) && gap.partition < journal->partitions;
    if (fits)
        buffer_append(&journal->gaps, &gap, sizeof gap);
    return fits;
}

static enum status visit(void *context, const char *line, struct error *err)
{
    struct journal *journal = context;
    long long partition, value;
    int end = 0;
    if (sscanf(line, "first %lld %lld%n", &partition, &value, &end) == 2 && line[end] == '\0') {
        if (keep_value(journal, &journal->first, partition, value))
            return STATUS_OK;
    } else if (journal->first.count > 0) {
        return bad_line(journal, line, err); /* of a topic with more partitions */
    } else if (strcmp(line, "open") == 0) {
        journal->ends.complete = false;
        return STATUS_OK;
    } else if (parse_idle(journal, line) || parse_gap(journal, line)) {
        return STATUS_OK;
    } else if (sscanf(line, "t0 %lld%n", &value, &end) == 1 && line[end] == '\0') {
        journal->t0_ms = value;
        journal->has_t0 = true;
        return STATUS_OK;
    } else if (sscanf(line, "end %lld %lld%n", &partition, &value, &end) == 2 &&
               line[end] == '\0' && keep_value(journal, &journal->ends, partition, value)) {
        return STATUS_OK;
    }
    return bad_line(journal, line, err);
}

static bool allocate_set(struct journal_set *set, int partitions)
{
    set->values = calloc((size_t)partitions, sizeof *set->values);
    set->pending = calloc((size_t)partitions, sizeof *set->pending);
    return set->values && set->pending;
}

enum status journal_read(const char *path, int partitions, struct journal **out, struct error *err)
{
    assert(partitions > 0);
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return error_set(err, STATUS_IO, "opening %s: out of memory", path);
    journal->path = path;
    journal->partitions = partitions;
    bool made = allocate_set(&journal->first, partitions);
    made = allocate_set(&journal->ends, partitions) && made;
    journal->newest = calloc((size_t)partitions, sizeof *journal->newest);
    made = journal->newest && made;
    enum status status =
        made ? STATUS_OK : error_set(err, STATUS_IO, "opening %s: out of memory", path);
    if (status == STATUS_OK)
        status = linelog_read(path, visit, journal, NULL, err);
    journal->path = NULL;
    if (status != STATUS_OK)
        journal_close(journal);
    else
        *out = journal;
    return status;
}

enum status journal_open(const char *path, int partitions, struct journal **out, struct error *err)
{
    struct journal *journal;
    TRY(journal_read(path, partitions, &journal, err));
    enum status status = linelog_open(path, &journal->log, err);
    if (status != STATUS_OK)
        journal_close(journal);
    else
        *out = journal;
    return status;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    linelog_close(journal->log);
    buffer_release(&journal->idles);
    buffer_release(&journal->gaps);
    free(journal->newest);
    free(journal->first.values);
    free(journal->first.pending);
    free(journal->ends.values);
    free(journal->ends.pending);
    free(journal);
}

static bool get_set(const struct journal *journal, const struct journal_set *set, int64_t *offsets)
{
    if (set->complete)
        memcpy(offsets, set->values, (size_t)journal->partitions * sizeof *offsets);
    return set->complete;
}

bool journal_first(const struct journal *journal, int64_t *offsets)
{
    return get_set(journal, &journal->first, offsets);
}

bool journal_ends(const struct journal *journal, int64_t *offsets)
{
    return get_set(journal, &journal->ends, offsets);
}

bool journal_t0(const struct journal *journal, int64_t *t0_ms)
{
    if (journal->has_t0)
        *t0_ms = journal->t0_ms;
    return journal->has_t0;
}

static enum status write_set(struct journal *journal, struct journal_set *set, const char *word,
                             const int64_t *offsets, struct error *err)
{
    for (int p = 0; p < journal->partitions; p++)
        TRY(linelog_append(journal->log, false, err, "%s %d %lld", word, p, (long long)offsets[p]));
    TRY(linelog_sync(journal->log, err));
    memcpy(set->values, offsets, (size_t)journal->partitions * sizeof *set->values);
    set->complete = true;
    return STATUS_OK;
}

enum status journal_write_first(struct journal *journal, const int64_t *offsets, struct error *err)
{
    assert(!journal->first.complete);
    return write_set(journal, &journal->first, "first", offsets, err);
}

enum status journal_write_ends(struct journal *journal, const int64_t *offsets, struct error *err)
{
    return write_set(journal, &journal->ends, "end", offsets, err);
}

enum status journal_write_t0(struct journal *journal, int64_t t0_ms, struct error *err)
{
    assert(!journal->has_t0);
    TRY(linelog_append(journal->log, true, err, "t0 %lld", (long long)t0_ms));
    journal->t0_ms = t0_ms;
    journal->has_t0 = true;
    return STATUS_OK;
}

int64_t journal_idles(const struct journal *journal, const struct journal_idle **idles)
{
    *idles = (const struct journal_idle *)(const void *)journal->idles.data;
    return (int64_t)(journal->idles.size / sizeof **idles);
}

enum status journal_write_idles(struct journal *journal, const struct journal_idle *idles,
                                int count, struct error *err)
{
    for (int i = 0; i < count; i++) {
        TRY(linelog_append(journal->log, false, err, "idle %lld %d %lld %lld",
                           (long long)journal->sequence, idles[i].partition,
                           (long long)idles[i].before, (long long)idles[i].to_ms));
        journal->sequence++;
    }
    return linelog_sync(journal->log, err);
}

enum status journal_write_open(struct journal *journal, struct error *err)
{
    TRY(linelog_append(journal->log, true, err, "open"));
    journal->ends.complete = false;
    return STATUS_OK;
}

int64_t journal_gaps(const struct journal *journal, const struct journal_gap **gaps)
{
    *gaps = (const struct journal_gap *)(const void *)journal->gaps.data;
    return (int64_t)(journal->gaps.size / sizeof **gaps);
}

enum status journal_write_gaps(struct journal *journal, const struct journal_gap *gaps, int count,
                               struct error *err)
{
    for (int i = 0; i < count; i++)
        TRY(linelog_append(journal->log, false, err, "gap %d %lld %lld", gaps[i].partition,
                           (long long)gaps[i].from, (long long)gaps[i].to));
    TRY(linelog_sync(journal->log, err));
    buffer_append(&journal->gaps, gaps, (size_t)count * sizeof *gaps);
    return STATUS_OK;
}

static enum status visit_gap(void *context, const char *line, struct error *err)
{
    struct journal_gap gap;
    (void)err;
    if (scan_gap(line, &gap))
        buffer_append(context, &gap, sizeof gap);
    return STATUS_OK;
}

enum status journal_list_gaps(const char *path, struct buffer *gaps, struct error *err)
{
    return linelog_read(path, visit_gap, gaps, NULL, err);
}
