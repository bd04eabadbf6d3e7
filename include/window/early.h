/* What the open window would be if it closed with the events it has so far: for a provisional
 * picture of it. A look changes nothing of the windows; it is for the thread that feeds them. */
#ifndef HEATSTREAM_WINDOW_EARLY_H
#define HEATSTREAM_WINDOW_EARLY_H

#include "window/windows.h"

struct early;

/* Borrows the windows. */
struct early *early_create(const struct windows *windows);
void early_destroy(struct early *early); /* accepts NULL */

struct early_window {
    int64_t window;            /* k */
    int64_t end_ms;            /* t0 + (k + 1) * W */
    int clocks, clocks_passed; /* partitions, and those that k no longer waits for */
    int64_t events, missing;   /* as in struct closed_window */
    int64_t heat_count;        /* cells with a rate other than 0 */
    const struct heat *heat;   /* sorted by cell; owned by `early` until its next call */
};

/* Not in the middle of a close. Late events that wait for the close of k are left out: windows
 * before k count as they were told last. When all clocks have passed and no late event waits, heat,
 * events and missing are those of the close, bit for bit. Costs the estimates of k and of the
 * hold + span - 1 windows before it. */
void early_look(struct early *early, struct early_window *seen);

#endif
