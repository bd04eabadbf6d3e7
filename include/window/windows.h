/* Event time: records in, closed windows out. Pure: no MPI, no Kafka, no clock, no I/O.
 *
 * Window w holds the events with floor((t - t0) / W) = w. Each partition has a clock mx[p] moved by
 * its sensors (see clock.h); e[p] = floor((mx[p] - t0 - B) / W). Window k closes when e[p] > k for
 * every partition that has not finished. While k is open a partition may be drained only while e[p]
 * <= k, so the cut next[p] at the close of k is the same in every run, memory is bounded under any
 * skew between partitions, and what a close yields is a function of the records alone. */
#ifndef HEATSTREAM_WINDOW_WINDOWS_H
#define HEATSTREAM_WINDOW_WINDOWS_H

#include "base/buffer.h"
#include "base/status.h"
#include "window/estimate.h"
#include "window/event.h"

struct windows_config {
    int partitions;
    int64_t gnx, gny;
    int64_t t0_ms, window_ms, disorder_ms;
    int horizon_windows;     /* H: how late an event may be, in windows */
    int clock_sensors;       /* K: sensors that must agree on a clock */
    int64_t clock_expiry;    /* E: records after which silence or doubt ends */
    int64_t jump_ms;         /* J: the largest step of a clock believed at once */
    int64_t max_gap_windows; /* a confirmed jump over more windows stops the run; 0: no limit */
    int64_t max_open_events; /* per partition; more stops the run */
    enum estimate estimate;  /* of a cell in a window, see estimate.h */
    int span;                /* windows a rate is the mean of, at least 1; see history.h */
    int64_t hold;            /* windows a silent cell keeps its estimate; 0: its rate is 0 */
    double gen_scale;
    bool dedup;           /* of events of equal (time, sensor) only the first (p, o) counts */
    int snapshot_spacing; /* s >= 1: corrections begin at a multiple of s windows */
};

enum close_kind {
    CLOSE_NEW,    /* the open window, for the first time */
    CLOSE_REPLAY, /* a closed window as it is known already, to be stepped once more */
    CLOSE_REVISED /* a closed window that is to be published anew */
};

/* One closed window. The arrays belong to the windows object and are valid until its next call. */
struct closed_window {
    enum close_kind kind;
    int64_t window;
    int64_t revision;   /* how many times it has been published anew, this one counted */
    int64_t end_ms;     /* t0 + (window + 1) * W */
    bool provisional;   /* a finished partition's clock had not passed when this was published */
    bool complete;      /* every partition's own clock had passed when it closed first */
    int64_t heat_count; /* cells with a rate other than 0 */
    const struct heat *heat; /* sorted by cell */
    int64_t events, late;    /* events in the set at this revision, and those of them late */
    int64_t missing;         /* cells without an event in it */
    int64_t dead;            /* dead letters settled while it was open */
};

struct windows;

/* `first_offset[p]` is where the ledger of partition p begins. */
struct windows *windows_create(const struct windows_config *config, const int64_t *first_offset);
void windows_destroy(struct windows *windows); /* accepts NULL */

/* True while partition p may be drained for the open window and has not finished. */
bool windows_wants(const struct windows *windows, int partition);

/* Takes the next record of a partition that windows_wants(). Redelivered offsets are ignored.
 * STATUS_BAD_DATA when the partition holds more than max_open_events. */
enum status windows_take(struct windows *windows, const struct record *record,
                         struct error *err) MUST_CHECK;

/* Takes the captured end of a partition that windows_wants(): offsets up to `end` are settled and
 * the partition no longer holds windows back. */
void windows_finish(struct windows *windows, int partition, int64_t end);

/* True when every partition has finished, no window from the open one on holds an event and no
 * late event waits. */
bool windows_exhausted(const struct windows *windows);

bool windows_can_close(const struct windows *windows);

/* True when closing now would be the first provisional close: the state before it is worth keeping.
 */
bool windows_next_is_provisional(const struct windows *windows);

/* True when late events wait: closing now would tell windows again first, and until that is done
 * nothing can be saved. */
bool windows_next_corrects(const struct windows *windows);

/* Closes the open window k; windows_can_close() must hold. Late events that wait come first: when
 * m is the least window that one of them changes, the windows from m - m % s on are told again, one
 * a call, in rising order and with the rates of the completed sets: CLOSE_REPLAY up to m - 1,
 * CLOSE_REVISED from m to k - 1. CLOSE_NEW, window k itself, ends the close. Until then
 * windows_can_close() stays true, and nothing may be taken, finished or saved. */
void windows_close(struct windows *windows, struct closed_window *closed);

/* Dead letters settled since they were last cleared, sorted by (partition, offset); their
 * raw bytes lie in the *size bytes at *bytes. Cleared by windows_clear_dead_letters(). */
int64_t windows_dead_letters(struct windows *windows, const struct dead_letter **letters,
                             const uint8_t **bytes, size_t *size);
void windows_clear_dead_letters(struct windows *windows);

#endif
