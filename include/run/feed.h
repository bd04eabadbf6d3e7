/* The ingest thread of rank 0: drains the source into the windows while the main thread steps, and
 * hands over closed windows through a short queue of parcels that are made once and reused. */
#ifndef HEATSTREAM_RUN_FEED_H
#define HEATSTREAM_RUN_FEED_H

#include "base/buffer.h"
#include "run/drain.h"
#include "run/idle.h"
#include "window/early.h"
#include "window/windows_state.h"

/* More parcels where windows are stepped together, which have to be there for that. */
enum { FEED_PARCELS = 4, FEED_MOST_PARCELS = 16, PARCEL_WINDOWS = 16 };

enum parcel_kind {
    PARCEL_WINDOW, /* a closed window */
    PARCEL_STATE, /* the state asked for with feed_want_state(), no window closed since the last one
                   */
    PARCEL_KEEP, /* the state just before the first provisional close: worth a checkpoint that stays
                  */
    PARCEL_EARLY, /* the open window as it is so far */
    PARCEL_END,   /* the input, or what was asked of it, is over; carries the state */
    PARCEL_FAILED /* reading failed: status and error */
};

/* Written by the feed, read by the main thread between feed_next() and feed_done(). Windows that
 * close one after another and are stepped in no time travel together, since handing a parcel over
 * costs more than stepping a small grid; each is shown by a feed_next() of its own. */
struct parcel {
    enum parcel_kind kind;
    struct closed_window closed;      /* PARCEL_WINDOW; its heat points into `heat` */
    struct early_window early;        /* PARCEL_EARLY; so does this one's */
    const struct closed_window *next; /* what the next feed_next() shows, at once; NULL: unknown */
    struct buffer heat;
    int64_t letters_waiting; /* dead letters in the state, which its ledgers count already */
    int64_t letter_count;    /* dead letters settled since the parcel before, sorted */
    struct buffer letters, letter_bytes;
    struct ledger *ledgers; /* [partitions], as of this parcel */
    bool has_state;
    int gaps;                         /* that the state knows of */
    struct buffer windows_state;      /* windows_save() */
    struct fingerprint *fingerprints; /* [partitions], with the state */
    enum status status;
    struct error error;
    struct closed_window row[PARCEL_WINDOWS]; /* the rest is the feed's own: the windows */
    int row_count, row_shown;
    int64_t row_letters; /* of the last window of the row, as is the state */
    bool row_state;
};

struct feed;

struct feed_config {
    struct source *source;
    struct drain *drain; /* started */
    struct windows *windows;
    struct idle *idle; /* NULL: a silent partition holds windows back for ever */
    int partitions;
    int64_t early_ms;    /* between pictures of the open window; 0: none */
    int64_t state_every; /* windows w with (w + 1) % state_every == 0 carry the state; 0: none do */
    int64_t stop_after;  /* the last window to close, INT64_MAX: no limit */
    int together;        /* most windows that are stepped at once; 0: one */
};

/* Starts the thread; source, drain and windows are its own until feed_stop(). */
enum status feed_start(const struct feed_config *config, struct feed **feed,
                       struct error *err) MUST_CHECK;

/* The next parcel, waiting at most timeout_ms; NULL when there is none yet. Give it back with
 * feed_done() before asking for another. */
struct parcel *feed_next(struct feed *feed, int timeout_ms);
void feed_done(struct feed *feed, struct parcel *parcel);

/* Makes the next parcel carry the state; if nothing closes, one comes of its own. So does a gap:
 * what lies between an older state and the gap may be gone as well, and only a state has it. */
void feed_want_state(struct feed *feed);

/* Whether the state of a parcel is one to leave with: no gap was met after it. */
bool feed_knows_gaps(const struct feed *feed, const struct parcel *parcel);

/* What the thread is waiting for: the slowest partition and how far behind it is, or -1 while it is
 * not waiting; messages taken so far; what windows_doubt() says, "" when nothing. For progress
 * lines. */
struct feed_view {
    int waits_for;
    int64_t behind_ms, open_window, messages;
    char doubt[200];
};
struct feed_view feed_view(struct feed *feed);

/* The partitions as of the last view: parts[partitions]. */
struct feed_partition {
    int64_t messages; /* taken so far */
    int64_t position; /* the next offset to be read */
    int64_t clock_ms; /* of event time */
};
void feed_partitions(struct feed *feed, struct feed_partition *parts);

/* Ends the thread and frees everything of the feed; accepts NULL. */
void feed_stop(struct feed *feed);

#endif
