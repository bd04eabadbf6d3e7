#include "window/panes.h"

#include <assert.h>
#include <stdlib.h>

struct panes {
    struct pane *open; /* sorted by window */
    int64_t open_count, open_capacity;
    int64_t recent; /* index of the pane used last */
    struct event **spare;
    int64_t *spare_capacity;
    int64_t spare_count, spare_room;
};

static void *grow(void *memory, int64_t count, size_t size)
{
    void *grown = realloc(memory, (size_t)count * size);
    if (!grown)
        abort();
    return grown;
}

struct panes *panes_create(void)
{
    struct panes *panes = calloc(1, sizeof *panes);
    if (!panes)
        abort();
    return panes;
}

void panes_destroy(struct panes *panes)
{
    if (!panes)
        return;
    for (int64_t i = 0; i < panes->open_count; i++)
        free(panes->open[i].events);
    for (int64_t i = 0; i < panes->spare_count; i++)
        free(panes->spare[i]);
    free(panes->open);
    free(panes->spare);
    free(panes->spare_capacity);
    free(panes);
}

/* Index of the first pane of this window or a later one. */
static int64_t lower_bound(const struct panes *panes, int64_t window)
{
    int64_t low = 0, high = panes->open_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (panes->open[middle].window < window)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void pane_insert(struct panes *panes, int64_t index, int64_t window)
{
    if (panes->open_count == panes->open_capacity) {
        panes->open_capacity = panes->open_capacity ? 2 * panes->open_capacity : 16;
        panes->open = grow(panes->open, panes->open_capacity, sizeof *panes->open);
    }
    for (int64_t i = panes->open_count; i > index; i--)
        panes->open[i] = panes->open[i - 1];
    panes->open_count++;
    struct pane *pane = &panes->open[index];
    *pane = (struct pane){.window = window};
    if (panes->spare_count > 0) {
        pane->events = panes->spare[--panes->spare_count];
        pane->capacity = panes->spare_capacity[panes->spare_count];
    }
}

static struct pane *pane_for(struct panes *panes, int64_t window)
{
    if (panes->recent < panes->open_count && panes->open[panes->recent].window == window)
        return &panes->open[panes->recent];
    int64_t index = lower_bound(panes, window);
    if (index == panes->open_count || panes->open[index].window != window)
        pane_insert(panes, index, window);
    panes->recent = index;
    return &panes->open[index];
}

void panes_add(struct panes *panes, int64_t window, const struct event *event)
{
    struct pane *pane = pane_for(panes, window);
    if (pane->count == pane->capacity) {
        pane->capacity = pane->capacity ? 2 * pane->capacity : 64;
        pane->events = grow(pane->events, pane->capacity, sizeof *pane->events);
    }
    pane->events[pane->count++] = *event;
}

struct pane *panes_find(struct panes *panes, int64_t window)
{
    int64_t index = lower_bound(panes, window);
    if (index == panes->open_count || panes->open[index].window != window)
        return NULL;
    return &panes->open[index];
}

const struct pane *panes_next(const struct panes *panes, int64_t window)
{
    int64_t index = lower_bound(panes, window);
    if (index < panes->open_count && panes->open[index].window == window)
        index++;
    return index < panes->open_count ? &panes->open[index] : NULL;
}

static void keep_spare(struct panes *panes, const struct pane *pane)
{
    if (panes->spare_count == panes->spare_room) {
        panes->spare_room = panes->spare_room ? 2 * panes->spare_room : 16;
        panes->spare = grow(panes->spare, panes->spare_room, sizeof *panes->spare);
        panes->spare_capacity =
            grow(panes->spare_capacity, panes->spare_room, sizeof *panes->spare_capacity);
    }
    panes->spare[panes->spare_count] = pane->events;
    panes->spare_capacity[panes->spare_count++] = pane->capacity;
}

void panes_drop(struct panes *panes, int64_t window)
{
    struct pane *pane = panes_find(panes, window);
    if (!pane)
        return;
    keep_spare(panes, pane);
    panes->open_count--;
    for (int64_t i = pane - panes->open; i < panes->open_count; i++)
        panes->open[i] = panes->open[i + 1];
}

int64_t panes_last_window(const struct panes *panes)
{
    return panes->open_count ? panes->open[panes->open_count - 1].window : INT64_MIN;
}

static int compare_events(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void pane_save(const struct pane *pane, struct buffer *state)
{
    buffer_put_i64(state, pane->window);
    buffer_put_i64(state, pane->count);
    size_t size = (size_t)pane->count * sizeof *pane->events;
    struct event *sorted = malloc(size + 1);
    if (!sorted)
        abort();
    /* arrival across partitions differs from run to run, the saved order must not */
    for (int64_t i = 0; i < pane->count; i++)
        sorted[i] = pane->events[i];
    qsort(sorted, (size_t)pane->count, sizeof *sorted, compare_events);
    buffer_append(state, sorted, size);
    free(sorted);
}

void panes_save(const struct panes *panes, struct buffer *state)
{
    _Static_assert(sizeof(struct event) == 40, "events are saved as they lie in memory");
    buffer_put_i64(state, panes->open_count);
    for (int64_t i = 0; i < panes->open_count; i++)
        pane_save(&panes->open[i], state);
}

static struct event event_load(struct buffer_reader *state)
{
    struct event event;
    event.time_ms = buffer_get_i64(state);
    event.offset = buffer_get_i64(state);
    event.cell = buffer_get_i64(state);
    event.rate = buffer_get_f64(state);
    event.partition = buffer_get_i64(state);
    return event;
}

enum status panes_load(struct panes *panes, struct buffer_reader *state, int partitions,
                       int64_t cells, struct error *err)
{
    int64_t count = buffer_get_count(state, 16);
    bool good = true;
    for (int64_t i = 0; i < count && !state->failed; i++) {
        int64_t window = buffer_get_i64(state);
        int64_t events = buffer_get_count(state, sizeof(struct event));
        for (int64_t j = 0; j < events; j++) {
            struct event event = event_load(state);
            good = good && event.partition >= 0 && event.partition < partitions &&
                   event.cell >= 0 && event.cell < cells;
            panes_add(panes, window, &event);
        }
    }
    if (state->failed || !good)
        return error_set(err, STATUS_BAD_DATA, "the saved events of open windows make no sense");
    return STATUS_OK;
}
