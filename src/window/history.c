#include "window/history.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"

struct held { /* the newest estimate of a cell */
    int64_t cell, window;
    double rate;
};

struct held_list {
    struct held *cells;
    int64_t count, capacity;
};

struct history {
    int span;
    int64_t hold;
    struct held_list held, held_before;
    struct rate_list rates; /* with held ones, of the window at hand */
    struct rate_list *past; /* [span - 1] rates of the windows before; a ring */
    int past_count, oldest;
    struct rate_list sums, sums_before;
};

void rate_list_release(struct rate_list *list)
{
    free(list->rates);
    *list = (struct rate_list){0};
}

void rate_list_reset(struct rate_list *list, int64_t count)
{
    list->rates = memory_room(list->rates, &list->capacity, count, sizeof *list->rates);
    list->count = 0;
}

static void held_reset(struct held_list *list, int64_t count)
{
    list->cells = memory_room(list->cells, &list->capacity, count, sizeof *list->cells);
    list->count = 0;
}

struct history *history_create(int span, int64_t hold)
{
    assert(span >= 1 && hold >= 0);
    struct history *history = memory_zeroed(1, sizeof *history);
    history->span = span;
    history->hold = hold;
    history->past = memory_zeroed(span, sizeof *history->past);
    return history;
}

void history_destroy(struct history *history)
{
    if (!history)
        return;
    for (int i = 0; i < history->span - 1; i++)
        rate_list_release(&history->past[i]);
    free(history->past);
    free(history->held.cells);
    free(history->held_before.cells);
    rate_list_release(&history->rates);
    rate_list_release(&history->sums);
    rate_list_release(&history->sums_before);
    free(history);
}

/* Held cells before `cell` from *at on, those left out that are heard of no more. */
static void keep_held(struct history *history, int64_t window, int64_t cell, int64_t *at)
{
    const struct held_list *before = &history->held_before;
    for (; *at < before->count && before->cells[*at].cell < cell; (*at)++)
        if (window - before->cells[*at].window <= history->hold)
            history->held.cells[history->held.count++] = before->cells[*at];
}

static const struct rate_list *hold(struct history *history, int64_t window,
                                    const struct rate_list *estimates)
{
    struct held_list before = history->held;
    history->held = history->held_before;
    history->held_before = before;
    held_reset(&history->held, before.count + estimates->count);
    int64_t at = 0;
    for (int64_t i = 0; i < estimates->count; i++) {
        const struct cell_rate *new = &estimates->rates[i];
        keep_held(history, window, new->cell, &at);
        at += at < before.count && before.cells[at].cell == new->cell;
        history->held.cells[history->held.count++] =
            (struct held){.cell = new->cell, .window = window, .rate = new->rate};
    }
    keep_held(history, window, INT64_MAX, &at);
    rate_list_reset(&history->rates, history->held.count);
    for (int64_t i = 0; i < history->held.count; i++)
        history->rates.rates[history->rates.count++] = (struct cell_rate){
            .cell = history->held.cells[i].cell, .rate = history->held.cells[i].rate};
    return &history->rates;
}

/* sums = sums + rates, cell by cell. */
static void add(struct history *history, const struct rate_list *rates)
{
    struct rate_list before = history->sums;
    history->sums = history->sums_before;
    history->sums_before = before;
    struct rate_list *sums = &history->sums;
    rate_list_reset(sums, before.count + rates->count);
    int64_t i = 0, j = 0;
    while (i < before.count || j < rates->count) {
        int64_t left = i < before.count ? before.rates[i].cell : INT64_MAX;
        int64_t right = j < rates->count ? rates->rates[j].cell : INT64_MAX;
        struct cell_rate sum = {.cell = min_int64(left, right), .rate = 0.0};
        if (left <= right)
            sum.rate = before.rates[i++].rate;
        if (right <= left)
            sum.rate += rates->rates[j++].rate;
        sums->rates[sums->count++] = sum;
    }
}

/* The rates of the window at hand take the place of the oldest. */
static void remember(struct history *history, const struct rate_list *rates)
{
    int slots = history->span - 1;
    struct rate_list *slot = &history->past[(history->oldest + history->past_count) % slots];
    if (history->past_count == slots)
        history->oldest = (history->oldest + 1) % slots;
    else
        history->past_count++;
    rate_list_reset(slot, rates->count);
    for (int64_t i = 0; i < rates->count; i++)
        if (rates->rates[i].rate != 0.0)
            slot->rates[slot->count++] = rates->rates[i];
}

static const struct rate_list *average(struct history *history, const struct rate_list *rates)
{
    history->sums.count = 0;
    for (int i = 0; i < history->past_count; i++)
        add(history, &history->past[(history->oldest + i) % (history->span - 1)]);
    add(history, rates);
    remember(history, rates);
    for (int64_t i = 0; i < history->sums.count; i++)
        history->sums.rates[i].rate /= (double)history->span;
    return &history->sums;
}

const struct rate_list *history_next(struct history *history, int64_t window,
                                     const struct rate_list *estimates)
{
    const struct rate_list *rates = estimates;
    if (history->hold > 0)
        rates = hold(history, window, estimates);
    return history->span > 1 ? average(history, rates) : rates;
}

void history_forget(struct history *history)
{
    history->held.count = 0;
    history->past_count = 0;
    history->oldest = 0;
}
