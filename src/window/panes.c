#include "window/panes.h"

#include <stdlib.h>

#include "base/memory.h"

struct panes {
    struct pane *list; /* sorted by window */
    int64_t count, capacity;
    int64_t recent;          /* index of the pane used last */
    struct event_set *spare; /* memory of panes that were taken, without events */
    int64_t spare_count, spare_capacity;
    struct event_scratch scratch;
};

struct panes *panes_create(void)
{
    return memory_zeroed(1, sizeof(struct panes));
}

void panes_destroy(struct panes *panes)
{
    if (!panes)
        return;
    for (int64_t i = 0; i < panes->count; i++)
        event_set_release(&panes->list[i].events);
    for (int64_t i = 0; i < panes->spare_count; i++)
        event_set_release(&panes->spare[i]);
    event_scratch_release(&panes->scratch);
    free(panes->list);
    free(panes->spare);
    free(panes);
}

/* Index of the first pane of this window or a later one. */
static int64_t lower_bound(const struct panes *panes, int64_t window)
{
    int64_t low = 0, high = panes->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (panes->list[middle].window < window)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void pane_insert(struct panes *panes, int64_t index, int64_t window)
{
    panes->list = memory_grow(panes->list, &panes->capacity, panes->count + 1, sizeof *panes->list);
    for (int64_t i = panes->count; i > index; i--)
        panes->list[i] = panes->list[i - 1];
    panes->count++;
    panes->list[index] = (struct pane){.window = window};
    if (panes->spare_count > 0)
        panes->list[index].events = panes->spare[--panes->spare_count];
}

/* Apart, so that what is usual saves no registers for it. */
static __attribute__((noinline)) struct event *add(struct panes *panes, int64_t window)
{
    int64_t index = lower_bound(panes, window);
    if (index == panes->count || panes->list[index].window != window)
        pane_insert(panes, index, window);
    panes->recent = index;
    struct event_set *events = &panes->list[index].events;
    event_set_reserve(events, events->count + 1);
    return &events->events[events->count++];
}

struct event *panes_add(struct panes *panes, int64_t window)
{
    if (panes->recent >= panes->count || panes->list[panes->recent].window != window)
        return add(panes, window);
    struct event_set *events = &panes->list[panes->recent].events;
    return events->count < events->capacity ? &events->events[events->count++] : add(panes, window);
}

const struct pane *panes_next(const struct panes *panes, int64_t window)
{
    int64_t index = lower_bound(panes, window);
    if (index < panes->count && panes->list[index].window == window)
        index++;
    return index < panes->count ? &panes->list[index] : NULL;
}

struct event_set panes_take(struct panes *panes, int64_t window)
{
    int64_t index = lower_bound(panes, window);
    if (index == panes->count || panes->list[index].window != window)
        return (struct event_set){0};
    struct event_set taken = panes->list[index].events;
    panes->count--;
    for (int64_t i = index; i < panes->count; i++)
        panes->list[i] = panes->list[i + 1];
    return taken;
}

void panes_recycle(struct panes *panes, const struct event_set *events)
{
    if (!events->events)
        return;
    panes->spare = memory_grow(panes->spare, &panes->spare_capacity, panes->spare_count + 1,
                               sizeof *panes->spare);
    panes->spare[panes->spare_count++] =
        (struct event_set){.events = events->events, .capacity = events->capacity};
}

void panes_save(struct panes *panes, int64_t cells, struct buffer *state)
{
    buffer_put_i64(state, panes->count);
    for (int64_t i = 0; i < panes->count; i++) {
        /* arrival across partitions differs from run to run, the saved order must not */
        event_set_sort(&panes->list[i].events, cells, &panes->scratch);
        buffer_put_i64(state, panes->list[i].window);
        event_set_save(&panes->list[i].events, state);
    }
}

static bool pane_load(struct panes *panes, struct buffer_reader *state, int64_t open,
                      const struct event_limits *limits)
{
    int64_t window = buffer_get_i64(state);
    if (panes->count > 0 && window <= panes->list[panes->count - 1].window)
        return false;
    pane_insert(panes, panes->count, window);
    struct event_set *events = &panes->list[panes->count - 1].events;
    enum event_place place = window < open ? EVENTS_WAITING : EVENTS_OPEN;
    return event_set_load(events, state, window, place, limits) && events->count > 0;
}

enum status panes_load(struct panes *panes, struct buffer_reader *state, int64_t open,
                       const struct event_limits *limits, struct error *err)
{
    int64_t count = buffer_get_count(state, 2 * sizeof(int64_t));
    bool good = !state->failed;
    for (int64_t i = 0; i < count && good; i++)
        good = pane_load(panes, state, open, limits);
    if (!good)
        return error_set(err, STATUS_BAD_DATA, "the saved events of open windows make no sense");
    return STATUS_OK;
}
