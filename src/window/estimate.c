#include "window/estimate.h"

#include <assert.h>

static double sum(const struct event *events, int64_t count)
{
    double total = 0.0;
    for (int64_t i = 0; i < count; i++)
        total += events[i].rate;
    return total;
}

/* Times of one window: their difference fits, though its middle may lie past the last int64. */
static double difference_ms(int64_t a_ms, int64_t b_ms)
{
    return (double)(int64_t)((uint64_t)a_ms - (uint64_t)b_ms);
}

/* How many events lie at the middle or before it. */
static int64_t count_left(const struct event *events, int64_t count, int64_t middle_ms)
{
    int64_t left = 0;
    while (left < count && difference_ms(events[left].time_ms, middle_ms) <= 0)
        left++;
    return left;
}

/* The last event before index `i` whose time is another than that of i - 1, or -1. */
static int64_t step_left(const struct event *events, int64_t i)
{
    int64_t at = i - 1;
    while (at >= 0 && events[at].time_ms == events[i].time_ms)
        at--;
    return at;
}

/* The last event of the first time from index `i` on; `count` when there is none. */
static int64_t last_of_time(const struct event *events, int64_t count, int64_t i)
{
    while (i + 1 < count && events[i + 1].time_ms == events[i].time_ms)
        i++;
    return i;
}

static double linear(const struct event *left, const struct event *right, int64_t middle_ms)
{
    double share =
        difference_ms(middle_ms, left->time_ms) / difference_ms(right->time_ms, left->time_ms);
    return left->rate + (right->rate - left->rate) * share;
}

static double cubic(const struct event *const *points, int64_t middle_ms)
{
    double total = 0.0;
    for (int i = 0; i < 4; i++) {
        double weighted = points[i]->rate;
        for (int j = 0; j < 4; j++)
            if (j != i)
                weighted *= difference_ms(middle_ms, points[j]->time_ms) /
                            difference_ms(points[i]->time_ms, points[j]->time_ms);
        total += weighted;
    }
    return total;
}

static double at_middle(enum estimate estimate, const struct event *events, int64_t count,
                        int64_t middle_ms)
{
    int64_t split = count_left(events, count, middle_ms);
    if (split == count)
        return events[count - 1].rate;
    int64_t left = split - 1, right = last_of_time(events, count, split);
    if (split == 0)
        return events[right].rate;
    int64_t left2 = step_left(events, left), right2 = right + 1;
    if (estimate == ESTIMATE_LINEAR || left2 < 0 || right2 == count)
        return linear(&events[left], &events[right], middle_ms);
    right2 = last_of_time(events, count, right2);
    const struct event *const points[4] = {&events[left2], &events[left], &events[right],
                                           &events[right2]};
    return cubic(points, middle_ms);
}

double estimate_rate(enum estimate estimate, const struct event *events, int64_t count,
                     int64_t middle_ms)
{
    assert(count >= 1);
    switch (estimate) {
    case ESTIMATE_MEAN:
        return sum(events, count) / (double)count;
    case ESTIMATE_SUM:
        return sum(events, count);
    case ESTIMATE_LAST:
        return events[count - 1].rate;
    case ESTIMATE_LINEAR:
    case ESTIMATE_CUBIC:
        break;
    }
    return at_middle(estimate, events, count, middle_ms);
}
