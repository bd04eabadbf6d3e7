/* The event sets of closed windows that a late event may still complete, or that a rate of one of
 * those may depend on. The windows are neighbours, the newest is the one that closed last. */
#ifndef HEATSTREAM_WINDOW_PAST_H
#define HEATSTREAM_WINDOW_PAST_H

#include "base/buffer.h"
#include "window/event_set.h"

/* `events` in order; everything written by the caller, but `events` is owned. */
struct closed_set {
    struct event_set events;
    int64_t late;     /* of the events */
    int64_t revision; /* how many times the window was published anew */
    int64_t dead;     /* dead letters settled while it was open */
    bool complete, provisional;
};

struct past;

struct past *past_create(void);
void past_destroy(struct past *past); /* accepts NULL */

/* The oldest window kept, and the one after the newest: equal, and 0 at first, when there is none.
 */
int64_t past_begin(const struct past *past);
int64_t past_end(const struct past *past);

/* A window that is kept; valid until the next call that changes which are. */
struct closed_set *past_at(const struct past *past, int64_t window);

/* Keeps window past_end(); takes the set over. */
void past_add(struct past *past, const struct closed_set *set);

/* Forgets the oldest window and hands its events over. */
struct event_set past_drop(struct past *past);

void past_save(const struct past *past, struct buffer *state);

/* Into an empty past: windows `begin` to `end` - 1; false when the bytes are not theirs. */
bool past_load(struct past *past, struct buffer_reader *state, int64_t begin, int64_t end,
               const struct event_limits *limits);

#endif
