/* The inside of a windows object, shared by windows.c and windows_state.c. */
#ifndef HEATSTREAM_WINDOW_WINDOWS_INTERNAL_H
#define HEATSTREAM_WINDOW_WINDOWS_INTERNAL_H

#include "window/candidates.h"
#include "window/clock.h"
#include "window/letters.h"
#include "window/panes.h"
#include "window/rates.h"
#include "window/windows_state.h"

struct partition {
    struct clock *clock;
    struct candidates *candidates;
    int64_t passed; /* e: windows before this one are passed by the clock */
    bool finished;
    struct ledger ledger;
    int64_t held; /* events in open windows and dead letters waiting for the close */
};

struct windows {
    struct windows_config config;
    int64_t open;     /* k */
    bool provisional; /* a provisional close has happened */
    struct partition *parts;
    struct panes *panes;
    struct rates *rates;
    struct letters letters;
    int64_t dead_since_close;
};

/* e of a partition from its clock. */
void windows_update_passed(const struct windows *windows, struct partition *part);

#endif
