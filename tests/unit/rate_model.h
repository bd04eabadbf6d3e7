/* Rates read from the contract once more, by other means than the window room's: everything is
 * looked up in unsorted lists. */
#ifndef HEATSTREAM_TESTS_RATE_MODEL_H
#define HEATSTREAM_TESTS_RATE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rate_model_kind { MODEL_MEAN, MODEL_SUM, MODEL_LAST, MODEL_LINEAR, MODEL_CUBIC };

struct rate_model_event {
    int64_t time_ms, partition, offset;
    double rate;
};

static inline bool rate_model_before(const struct rate_model_event *a,
                                     const struct rate_model_event *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    return a->partition != b->partition ? a->partition < b->partition : a->offset < b->offset;
}

/* The first event after `last` (NULL: of all) in the order of the contract, or NULL. */
static inline const struct rate_model_event *rate_model_after(const struct rate_model_event *events,
                                                              int count,
                                                              const struct rate_model_event *last)
{
    const struct rate_model_event *next = NULL;
    for (int i = 0; i < count; i++)
        if ((!last || rate_model_before(last, &events[i])) &&
            (!next || rate_model_before(&events[i], next)))
            next = &events[i];
    return next;
}

static inline double rate_model_sum(const struct rate_model_event *events, int count)
{
    double sum = 0.0;
    const struct rate_model_event *event = NULL;
    while ((event = rate_model_after(events, count, event)))
        sum += event->rate;
    return sum;
}

/* The last event in order at the largest time in [from_ms, to_ms] (newest) or the smallest. */
static inline const struct rate_model_event *rate_model_at(const struct rate_model_event *events,
                                                           int count, int64_t from_ms,
                                                           int64_t to_ms, bool newest)
{
    const struct rate_model_event *found = NULL;
    for (int i = 0; i < count; i++) {
        const struct rate_model_event *event = &events[i];
        if (event->time_ms < from_ms || event->time_ms > to_ms)
            continue;
        bool better =
            !found || (newest ? event->time_ms > found->time_ms : event->time_ms < found->time_ms);
        if (better || (event->time_ms == found->time_ms && rate_model_before(found, event)))
            found = event;
    }
    return found;
}

static inline double rate_model_lagrange(const struct rate_model_event *const *at, int64_t m)
{
    int64_t t1 = at[0]->time_ms, t2 = at[1]->time_ms, t3 = at[2]->time_ms, t4 = at[3]->time_ms;
    double d1 = (double)(m - t1), d2 = (double)(m - t2), d3 = (double)(m - t3),
           d4 = (double)(m - t4);
    double w1 = ((at[0]->rate * (d2 / (double)(t1 - t2))) * (d3 / (double)(t1 - t3))) *
                (d4 / (double)(t1 - t4));
    double w2 = ((at[1]->rate * (d1 / (double)(t2 - t1))) * (d3 / (double)(t2 - t3))) *
                (d4 / (double)(t2 - t4));
    double w3 = ((at[2]->rate * (d1 / (double)(t3 - t1))) * (d2 / (double)(t3 - t2))) *
                (d4 / (double)(t3 - t4));
    double w4 = ((at[3]->rate * (d1 / (double)(t4 - t1))) * (d2 / (double)(t4 - t2))) *
                (d3 / (double)(t4 - t3));
    return (((0.0 + w1) + w2) + w3) + w4;
}

static inline double rate_model_middle(enum rate_model_kind kind,
                                       const struct rate_model_event *events, int count, int64_t m)
{
    const struct rate_model_event *at[4] = {NULL};
    at[1] = rate_model_at(events, count, INT64_MIN, m, true);
    at[2] = rate_model_at(events, count, m + 1, INT64_MAX, false);
    if (!at[1] || !at[2])
        return at[1] ? at[1]->rate : at[2]->rate;
    at[0] = rate_model_at(events, count, INT64_MIN, at[1]->time_ms - 1, true);
    at[3] = rate_model_at(events, count, at[2]->time_ms + 1, INT64_MAX, false);
    if (kind == MODEL_CUBIC && at[0] && at[3])
        return rate_model_lagrange(at, m);
    double a = at[1]->rate, b = at[2]->rate;
    double ta = (double)at[1]->time_ms, tb = (double)at[2]->time_ms;
    return a + (b - a) * (((double)m - ta) / (tb - ta));
}

/* The estimate of one cell's `count` >= 1 events in one window whose middle is m. */
static inline double rate_model_estimate(enum rate_model_kind kind,
                                         const struct rate_model_event *events, int count,
                                         int64_t m)
{
    const struct rate_model_event *last = NULL;
    for (int i = 0; i < count; i++)
        if (!last || rate_model_before(last, &events[i]))
            last = &events[i];
    if (kind == MODEL_LAST)
        return last->rate;
    if (kind == MODEL_LINEAR || kind == MODEL_CUBIC)
        return rate_model_middle(kind, events, count, m);
    double sum = rate_model_sum(events, count);
    return kind == MODEL_SUM ? sum : sum / (double)count;
}

/* One cell: what its events in each window told, for windows 0 .. k. */
struct rate_model_window {
    bool heard;
    double estimate;
};

static inline double rate_model_held(const struct rate_model_window *windows, int64_t w,
                                     int64_t hold)
{
    for (int64_t v = w; v >= 0 && v >= w - hold; v--)
        if (windows[v].heard)
            return windows[v].estimate;
    return 0.0;
}

static inline double rate_model_rate(const struct rate_model_window *windows, int64_t k, int span,
                                     int64_t hold, double gen_scale)
{
    if (span == 1)
        return rate_model_held(windows, k, hold) * gen_scale;
    double sum = 0.0;
    for (int64_t w = k - span + 1; w <= k; w++)
        sum += w < 0 ? 0.0 : rate_model_held(windows, w, hold);
    return sum / (double)span * gen_scale;
}

#endif
