/* The journal: what a run decided that is not a function of the topic's content, written before it
 * takes effect and never derived again. Rank 0 only. Lines:
 *
 *     first <p> <offset>     where the ledger of partition p begins
 *     t0 <ms>                start of window 0
 *     end <p> <offset>       captured end of a bounded run; the newest set counts
 *     open                   the run goes on without end: the ends before do not count
 *     idle <sequence> <p> <before> <to>
 *                            time-out of a silent partition: its clock is at least <to> ms once
 *                            every record below offset <before> is settled; sequence from 0
 *     gap <p> <from> <to>    the run goes on without the records from <from> on and below <to>,
 *                            which were gone before they were read */
#ifndef HEATSTREAM_STORE_JOURNAL_H
#define HEATSTREAM_STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

struct journal;

/* A time-out; see window/advance.h. */
struct journal_idle {
    int partition;
    int64_t before, to_ms;
};

/* Offsets of a partition, from <= o < to. */
struct journal_gap {
    int partition;
    int64_t from, to;
};

/* Reads what is there; every append is on the disk on return. STATUS_BAD_DATA: a damaged line. */
enum status journal_open(const char *path, int partitions, struct journal **journal,
                         struct error *err) MUST_CHECK;
void journal_close(struct journal *journal); /* accepts NULL */

/* The same to look only: nothing is created, cut or appended. */
enum status journal_read(const char *path, int partitions, struct journal **journal,
                         struct error *err) MUST_CHECK;

/* False while not yet written. `offsets` [partitions]. */
bool journal_first(const struct journal *journal, int64_t *offsets);
bool journal_t0(const struct journal *journal, int64_t *t0_ms);
bool journal_ends(const struct journal *journal, int64_t *offsets);

enum status journal_write_first(struct journal *journal, const int64_t *offsets,
                                struct error *err) MUST_CHECK;
enum status journal_write_t0(struct journal *journal, int64_t t0_ms, struct error *err) MUST_CHECK;
enum status journal_write_ends(struct journal *journal, const int64_t *offsets,
                               struct error *err) MUST_CHECK;
enum status journal_write_open(struct journal *journal, struct error *err) MUST_CHECK;

/* The time-outs that were there when the journal was opened, in order. Of those of a partition that
 * follow each other at one offset, as they do in a long silence, only the last is told: they would
 * all take effect at once. */
int64_t journal_idles(const struct journal *journal, const struct journal_idle **idles);

/* Several are on the disk at the price of one. They are not kept in memory: a silence may last
 * weeks. */
enum status journal_write_idles(struct journal *journal, const struct journal_idle *idles,
                                int count, struct error *err) MUST_CHECK;

/* The gaps in the order written, those written since it was opened included. */
int64_t journal_gaps(const struct journal *journal, const struct journal_gap **gaps);
enum status journal_write_gaps(struct journal *journal, const struct journal_gap *gaps, int count,
                               struct error *err) MUST_CHECK;

/* Appends the gaps of a journal that may be another process's, as struct journal_gap, and changes
 * nothing. */
enum status journal_list_gaps(const char *path, struct buffer *gaps, struct error *err) MUST_CHECK;

#endif
