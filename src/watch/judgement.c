#include "judgement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A reading on its way to an alert; `ends`: what it reads has ended. */
struct reading {
    double value;
    bool ends;
};

/* What an alert tells those that read it, of the present frame. */
struct firing {
    double value; /* NaN: its first level was not reached */
    bool idle;    /* its level is 0 */
};

struct judgement judgement_create(const struct watch_rules *rules)
{
    return (struct judgement){
        .relations = memory_zeroed(rules->relation_count, sizeof(struct relation_state)),
        .alerts = memory_zeroed(rules->alert_count, sizeof(struct alert_state)),
    };
}

void judgement_release(struct judgement *judgement)
{
    free(judgement->relations);
    free(judgement->alerts);
}

void judgement_copy(const struct watch_rules *rules, struct judgement *to,
                    const struct judgement *from)
{
    memcpy(to->relations, from->relations,
           (size_t)rules->relation_count * sizeof(struct relation_state));
    memcpy(to->alerts, from->alerts, (size_t)rules->alert_count * sizeof(struct alert_state));
}

static double ratio_of(const struct watch_rules *rules, const struct watch_relation *relation,
                       struct relation_state *state, const struct watch_frame *frame)
{
    __int128 since_start_ms = ((__int128)frame->window + 1) * rules->window_ms;
    state->sum_a += frame->readings[relation->a * rules->stats + relation->stat];
    state->sum_b += frame->readings[relation->b * rules->stats + relation->stat];
    state->frames++;
    if (since_start_ms % relation->window_ms != 0)
        return NAN;
    double a = state->sum_a / (double)state->frames, b = state->sum_b / (double)state->frames;
    *state = (struct relation_state){0};
    return b == 0.0 ? NAN : a / b;
}

static bool counts_for(const struct watch_alert *alert, int level, double value)
{
    return alert->level_count == 0 || value >= alert->levels[level];
}

static void remember(const struct watch_alert *alert, struct alert_state *state, int64_t time_ms,
                     double value)
{
    if (state->readings == alert->consecutive) {
        state->readings--;
        size_t kept = (size_t)state->readings;
        memmove(state->times_ms, state->times_ms + 1, kept * sizeof *state->times_ms);
        memmove(state->values, state->values + 1, kept * sizeof *state->values);
    }
    state->times_ms[state->readings] = time_ms;
    state->values[state->readings++] = value;
}

/* Levels an alert can have; one without thresholds has level 1. */
static int levels_of(const struct watch_alert *alert)
{
    return alert->level_count > 0 ? alert->level_count : 1;
}

static void extend_streaks(const struct watch_alert *alert, struct alert_state *state)
{
    double value = state->values[state->readings - 1];
    bool first = state->readings == 1;
    bool above = first || value > state->values[state->readings - 2];
    for (int i = 0; i < levels_of(alert); i++) {
        if (!counts_for(alert, i, value))
            state->streak[i] = 0;
        else if (alert->rising && !above)
            state->streak[i] = 1;
        else if (state->streak[i] < alert->consecutive)
            state->streak[i]++;
    }
}

static bool in_time(const struct watch_alert *alert, const struct alert_state *state)
{
    int64_t first = state->readings - alert->consecutive, took_ms;
    if (alert->within_ms == 0)
        return true;
    if (__builtin_sub_overflow(state->times_ms[state->readings - 1], state->times_ms[first],
                               &took_ms))
        return false;
    return took_ms <= alert->within_ms;
}

/* The highest level that the last readings reach. */
static int reached(const struct watch_alert *alert, const struct alert_state *state)
{
    for (int i = levels_of(alert); i > 0; i--)
        if (state->streak[i - 1] == alert->consecutive)
            return in_time(alert, state) ? i : 0;
    return 0;
}

/* Where a reading leaves an alert that is not raised by it. */
static int64_t held(const struct watch_alert *alert, int64_t level, double value)
{
    while (level > 0 && alert->level_count > 0 &&
           value < alert->levels[level - 1] - alert->hysteresis)
        level--;
    return level;
}

static double mean_of_last(const struct watch_alert *alert, const struct alert_state *state)
{
    double sum = 0.0;
    for (int64_t i = state->readings - alert->consecutive; i < state->readings; i++)
        sum += state->values[i];
    return sum / alert->consecutive;
}

static struct firing take_reading(const struct watch_alert *alert, struct alert_state *state,
                                  int64_t time_ms, const struct reading *reading)
{
    struct firing firing = {.value = NAN};
    if (!isnan(reading->value)) {
        remember(alert, state, time_ms, reading->value);
        extend_streaks(alert, state);
        int level = reached(alert, state);
        if (level > 0)
            firing.value = mean_of_last(alert, state);
        if (level > state->level)
            state->level = level;
        else
            state->level = held(alert, state->level, reading->value);
    }
    if (reading->ends)
        state->level = 0;
    firing.idle = state->level == 0;
    return firing;
}

static struct reading reading_of(const struct watch_rules *rules, const struct watch_alert *alert,
                                 const struct watch_frame *frame, const double *ratios,
                                 const struct firing *firings)
{
    switch (alert->source) {
    case WATCH_REGION:
        return (struct reading){.value = frame->readings[alert->of * rules->stats + alert->stat]};
    case WATCH_RELATION:
        return (struct reading){.value = ratios[alert->of]};
    case WATCH_ALERT:
        break;
    }
    return (struct reading){.value = firings[alert->of].value, .ends = firings[alert->of].idle};
}

void judgement_take(const struct watch_rules *rules, struct judgement *judgement,
                    const struct watch_frame *frame, struct alert_step *steps, double *ratios)
{
    struct firing firings[WATCH_ALERTS];
    for (int i = 0; i < rules->relation_count; i++)
        ratios[i] = ratio_of(rules, &rules->relations[i], &judgement->relations[i], frame);
    for (int i = 0; i < rules->alert_count; i++) {
        const struct watch_alert *alert = &rules->alerts[i];
        struct alert_state *state = &judgement->alerts[i];
        struct reading reading = reading_of(rules, alert, frame, ratios, firings);
        uint8_t from = (uint8_t)state->level;
        firings[i] = take_reading(alert, state, frame->end_ms, &reading);
        steps[i] = (struct alert_step){from, (uint8_t)state->level, reading.value};
    }
}
