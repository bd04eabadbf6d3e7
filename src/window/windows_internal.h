/* The inside of a windows object, shared by its sources. */
#ifndef HEATSTREAM_WINDOW_WINDOWS_INTERNAL_H
#define HEATSTREAM_WINDOW_WINDOWS_INTERNAL_H

#include "window/candidates.h"
#include "window/clock.h"
#include "window/letters.h"
#include "window/panes.h"
#include "window/past.h"
#include "window/rates.h"
#include "window/windows_state.h"

struct partition {
    struct clock *clock;
    struct candidates *candidates;
    int64_t passed;      /* e: windows before this one are passed by the clock */
    int64_t believed_ms; /* mx + J: later times are held back */
    bool finished;
    struct ledger ledger;
    struct buffer advances; /* struct advance of the journal that have not taken effect, in order */
    size_t advances_done;   /* bytes of them that have */
    struct buffer gaps;     /* struct gap of the journal that are still ahead, in order of offset */
    int64_t heard;          /* e as far as records moved it, not time-outs */
    int64_t held;           /* events and dead letters waiting for a close */
};

/* A silent partition's clock, moved by time-out once every record below `before` is settled. */
struct advance {
    int64_t before, to_ms;
};

/* Offsets [from, to) that are gone. */
struct gap {
    int64_t from, to;
};

struct windows {
    struct windows_config config;
    int64_t open;     /* k */
    bool provisional; /* a provisional close has happened */
    struct partition *parts;
    struct panes *panes;
    struct past *past;
    struct rates *rates;
    int64_t rated; /* the window that the rates expect next */
    struct letters letters;
    int64_t dead_since_close;
    bool closing;             /* a close has begun and told less than the open window */
    int64_t changed;          /* meanwhile: the first window that late events have changed, or k */
    int64_t told;             /* meanwhile: the next window to tell */
    int64_t recent;           /* the window of the last event, */
    uint64_t recent_since_ms; /* and its begin since t0: the next one is mostly there too */
    struct event_scratch scratch;
};

/* How many windows before one its rates depend on. */
int64_t windows_memory(const struct windows_config *config);

/* m of a window, modulo 2^64: it may lie past the last event that there can be; and its end. */
int64_t windows_middle_ms(const struct windows_config *config, int64_t window);
int64_t windows_end_ms(const struct windows_config *config, int64_t window);

struct rates *windows_make_rates(const struct windows_config *config);

/* The first window whose events are kept while `open` is the open one. */
int64_t windows_first_kept(const struct windows_config *config, int64_t open);

/* What follows from a partition's clock: e, and which times are believed. */
void windows_follow_clock(const struct windows *windows, struct partition *part);

#endif
