/* Sets of events made from lists of them. */
#ifndef HEATSTREAM_TESTS_EVENT_SETS_H
#define HEATSTREAM_TESTS_EVENT_SETS_H

#include <string.h>

#include "window/event_set.h"

/* The events in order of arrival; to be released by the caller. */
static inline struct event_set set_of(const struct event *events, int64_t count)
{
    struct event_set set = {0};
    event_set_reserve(&set, count);
    memcpy(set.events, events, (size_t)count * sizeof *events);
    set.count = count;
    return set;
}

static inline struct event_set sorted_set_of(const struct event *events, int64_t count,
                                             int64_t cells)
{
    struct event_set set = set_of(events, count);
    struct event_scratch scratch = {0};
    event_set_sort(&set, cells, &scratch);
    event_scratch_release(&scratch);
    return set;
}

#endif
