/* The events of the windows that have not closed yet, by window. Any number of windows may be open
 * at once and they need not be neighbours. */
#ifndef HEATSTREAM_WINDOW_PANES_H
#define HEATSTREAM_WINDOW_PANES_H

#include "base/buffer.h"
#include "base/status.h"

struct event {
    int64_t time_ms, offset, cell;
    double rate; /* temperature units per second */
    int64_t partition;
};

/* The events of one window in order of arrival; owned by the panes. */
struct pane {
    int64_t window;
    struct event *events;
    int64_t count, capacity;
};

struct panes;

struct panes *panes_create(void);
void panes_destroy(struct panes *panes); /* accepts NULL */

void panes_add(struct panes *panes, int64_t window, const struct event *event);

/* The pane of a window, or NULL when it has no event. Valid until the next call that changes the
 * panes. */
struct pane *panes_find(struct panes *panes, int64_t window);

/* The first pane after a window, or NULL; the same lifetime. */
const struct pane *panes_next(const struct panes *panes, int64_t window);

/* Forgets a window; its memory serves a later one. */
void panes_drop(struct panes *panes, int64_t window);

/* The last window that holds an event, or INT64_MIN. */
int64_t panes_last_window(const struct panes *panes);

/* In order of window, so that equal contents give equal bytes. */
void panes_save(const struct panes *panes, struct buffer *state);
enum status panes_load(struct panes *panes, struct buffer_reader *state, int partitions,
                       int64_t cells, struct error *err) MUST_CHECK;

#endif
