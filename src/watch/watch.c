#include "watch/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "history.h"
#include "news.h"

struct watch *watch_create(const struct watch_rules *rules, int64_t kept)
{
    struct watch *watch = memory_zeroed(1, sizeof *watch);
    assert(kept > 0 && rules->alert_count <= WATCH_ALERTS);
    watch->rules = rules;
    watch->kept = kept;
    watch->past = memory_zeroed(kept, sizeof *watch->past);
    for (int64_t i = 0; i < kept; i++) {
        watch->past[i].readings =
            memory_zeroed((int64_t)rules->regions * rules->stats, sizeof(double));
        watch->past[i].steps = memory_zeroed(rules->alert_count, sizeof(struct alert_step));
        watch->past[i].frame.readings = watch->past[i].readings;
    }
    watch->base = judgement_create(rules);
    watch->head = judgement_create(rules);
    watch->steps = memory_zeroed(rules->alert_count, sizeof *watch->steps);
    watch->ratios = memory_zeroed(rules->relation_count, sizeof *watch->ratios);
    watch->levels = memory_zeroed(rules->alert_count, 1);
    watch->region_levels = memory_zeroed(rules->regions, 1);
    return watch;
}

void watch_destroy(struct watch *watch)
{
    if (!watch)
        return;
    for (int64_t i = 0; i < watch->kept; i++) {
        free(watch->past[i].readings);
        free(watch->past[i].steps);
    }
    free(watch->past);
    judgement_release(&watch->base);
    judgement_release(&watch->head);
    free(watch->steps);
    free(watch->ratios);
    free(watch->levels);
    free(watch->region_levels);
    free(watch);
}

struct past_frame *history_at(const struct watch *watch, int64_t i)
{
    return &watch->past[(watch->first + i) % watch->kept];
}

static void judge(struct watch *watch, struct judgement *judgement, const struct past_frame *past)
{
    judgement_take(watch->rules, judgement, &past->frame, watch->steps, watch->ratios);
}

/* The next frame of the head; what it says now against what was told of it. */
static void judge_next(struct watch *watch, struct buffer *news)
{
    struct past_frame *past = history_at(watch, watch->judged++);
    judge(watch, &watch->head, past);
    for (int i = 0; i < watch->rules->alert_count; i++)
        news_tell(watch->rules, i, &past->frame, &past->steps[i], &watch->steps[i], news);
    memcpy(past->steps, watch->steps, (size_t)watch->rules->alert_count * sizeof *watch->steps);
}

/* The head after the first `count` frames, whose judgement has not changed. */
static void go_back(struct watch *watch, int64_t count)
{
    if (watch->judged == count)
        return;
    judgement_copy(watch->rules, &watch->head, &watch->base);
    for (int64_t i = 0; i < count; i++)
        judge(watch, &watch->head, history_at(watch, i));
    watch->judged = count;
}

static void forget_oldest(struct watch *watch)
{
    judge(watch, &watch->base, history_at(watch, 0));
    watch->first = (watch->first + 1) % watch->kept;
    watch->count--;
    watch->judged--;
}

static int64_t find(const struct watch *watch, int64_t window)
{
    for (int64_t i = watch->count; i > 0; i--)
        if (history_at(watch, i - 1)->frame.window <= window)
            return history_at(watch, i - 1)->frame.window == window ? i - 1 : watch->count;
    return watch->count;
}

static void fill(struct watch *watch, struct past_frame *past, const struct watch_frame *frame)
{
    size_t readings = (size_t)watch->rules->regions * (size_t)watch->rules->stats;
    memcpy(past->readings, frame->readings, readings * sizeof(double));
    past->frame = *frame;
    past->frame.readings = past->readings;
}

static struct watch_view view_of(struct watch *watch)
{
    const struct watch_rules *rules = watch->rules;
    memset(watch->region_levels, 0, (size_t)rules->regions);
    for (int i = 0; i < rules->alert_count; i++) {
        const struct watch_alert *alert = &rules->alerts[i];
        uint8_t level = watch->levels[i] = watch->steps[i].to;
        if (alert->source == WATCH_REGION && level > watch->region_levels[alert->of])
            watch->region_levels[alert->of] = level;
    }
    return (struct watch_view){watch->ratios, watch->levels, watch->region_levels};
}

struct watch_view watch_take(struct watch *watch, const struct watch_frame *frame,
                             struct buffer *news)
{
    int64_t at = find(watch, frame->window);
    if (at < watch->count) {
        go_back(watch, at);
    } else {
        assert(watch->count == 0 ||
               frame->window > history_at(watch, watch->count - 1)->frame.window);
        while (watch->judged < watch->count)
            judge_next(watch, news);
        if (watch->count == watch->kept)
            forget_oldest(watch);
        at = watch->count++;
        memset(history_at(watch, at)->steps, 0,
               (size_t)watch->rules->alert_count * sizeof(struct alert_step));
    }
    fill(watch, history_at(watch, at), frame);
    judge_next(watch, news);
    return view_of(watch);
}

struct watch_view watch_recall(struct watch *watch, int64_t window)
{
    int64_t at = find(watch, window);
    assert(at < watch->count);
    struct judgement judgement = judgement_create(watch->rules);
    judgement_copy(watch->rules, &judgement, &watch->base);
    for (int64_t i = 0; i <= at; i++)
        judge(watch, &judgement, history_at(watch, i));
    judgement_release(&judgement);
    return view_of(watch);
}
