/* Events that have not been counted yet, by window: those of the windows that have not closed, and
 * those that came late and wait for the next close. Any number of windows may have some and they
 * need not be neighbours. */
#ifndef HEATSTREAM_WINDOW_PANES_H
#define HEATSTREAM_WINDOW_PANES_H

#include "base/buffer.h"
#include "base/status.h"
#include "window/event_set.h"

/* At least one event, in order of arrival. */
struct pane {
    int64_t window;
    struct event_set events;
};

struct panes;

struct panes *panes_create(void);
void panes_destroy(struct panes *panes); /* accepts NULL */

/* One more event of a window, which the caller fills at once. */
struct event *panes_add(struct panes *panes, int64_t window);

/* The first pane after a window, or NULL. Valid until the next call that changes the panes. */
const struct pane *panes_next(const struct panes *panes, int64_t window);

/* Hands over the events of a window, an empty set when it has none. To be given back with
 * panes_recycle() in the end, be it with another memory: it serves later windows. */
struct event_set panes_take(struct panes *panes, int64_t window);
void panes_recycle(struct panes *panes, const struct event_set *events);

/* In order of window and event, so that equal contents give equal bytes: the events of each pane
 * are brought into order. */
void panes_save(struct panes *panes, int64_t cells, struct buffer *state);

/* Into empty panes; those of windows before `open` wait. */
enum status panes_load(struct panes *panes, struct buffer_reader *state, int64_t open,
                       const struct event_limits *limits, struct error *err) MUST_CHECK;

#endif
