#include "history.h"

#include <math.h>

enum { WATCH_STATE_VERSION = 1 };

static void save_judgement(const struct watch_rules *rules, const struct judgement *judgement,
                           struct buffer *out)
{
    for (int i = 0; i < rules->relation_count; i++) {
        buffer_put_f64(out, judgement->relations[i].sum_a);
        buffer_put_f64(out, judgement->relations[i].sum_b);
        buffer_put_i64(out, judgement->relations[i].frames);
    }
    for (int i = 0; i < rules->alert_count; i++) {
        const struct alert_state *state = &judgement->alerts[i];
        buffer_put_i64(out, state->level);
        buffer_put_i64(out, state->readings);
        for (int level = 0; level < WATCH_LEVELS; level++)
            buffer_put_i64(out, state->streak[level]);
        for (int64_t k = 0; k < state->readings; k++) {
            buffer_put_i64(out, state->times_ms[k]);
            buffer_put_f64(out, state->values[k]);
        }
    }
}

static void save_past(const struct watch_rules *rules, const struct past_frame *past,
                      struct buffer *out)
{
    buffer_put_i64(out, past->frame.window);
    buffer_put_i64(out, past->frame.end_ms);
    buffer_put_i64(out, past->frame.revision);
    buffer_put_u8(out, past->frame.final);
    for (int i = 0; i < rules->regions * rules->stats; i++)
        buffer_put_f64(out, past->readings[i]);
}

void watch_save(const struct watch *watch, struct buffer *out)
{
    const struct watch_rules *rules = watch->rules;
    buffer_put_i64(out, WATCH_STATE_VERSION);
    buffer_put_i64(out, rules->regions);
    buffer_put_i64(out, rules->stats);
    buffer_put_i64(out, rules->relation_count);
    buffer_put_i64(out, rules->alert_count);
    save_judgement(rules, &watch->base, out);
    buffer_put_i64(out, watch->count);
    for (int64_t i = 0; i < watch->count; i++)
        save_past(rules, history_at(watch, i), out);
}

static bool load_alert(const struct watch_alert *alert, struct alert_state *state,
                       struct buffer_reader *reader)
{
    int64_t highest = alert->level_count > 0 ? alert->level_count : 1;
    state->level = buffer_get_i64(reader);
    state->readings = buffer_get_i64(reader);
    bool good = state->level >= 0 && state->level <= highest && state->readings >= 0 &&
                state->readings <= alert->consecutive;
    for (int level = 0; level < WATCH_LEVELS; level++) {
        state->streak[level] = buffer_get_i64(reader);
        good = good && state->streak[level] >= 0 && state->streak[level] <= state->readings;
    }
    for (int64_t k = 0; good && k < state->readings; k++) {
        state->times_ms[k] = buffer_get_i64(reader);
        state->values[k] = buffer_get_f64(reader);
    }
    return good;
}

static bool load_judgement(const struct watch_rules *rules, struct judgement *judgement,
                           struct buffer_reader *reader)
{
    for (int i = 0; i < rules->relation_count; i++) {
        struct relation_state *state = &judgement->relations[i];
        state->sum_a = buffer_get_f64(reader);
        state->sum_b = buffer_get_f64(reader);
        state->frames = buffer_get_i64(reader);
        if (state->frames < 0 || state->frames == INT64_MAX)
            return false;
    }
    for (int i = 0; i < rules->alert_count; i++)
        if (!load_alert(&rules->alerts[i], &judgement->alerts[i], reader))
            return false;
    return true;
}

static void load_past(const struct watch_rules *rules, struct past_frame *past,
                      struct buffer_reader *reader)
{
    past->frame.window = buffer_get_i64(reader);
    past->frame.end_ms = buffer_get_i64(reader);
    past->frame.revision = buffer_get_i64(reader);
    past->frame.final = buffer_get_u8(reader);
    for (int i = 0; i < rules->regions * rules->stats; i++)
        past->readings[i] = buffer_get_f64(reader);
}

static bool load_frames(struct watch *watch, struct buffer_reader *reader)
{
    watch->count = buffer_get_count(reader, 3 * 8 + 1);
    if (watch->count > watch->kept)
        return false;
    for (int64_t i = 0; i < watch->count; i++) {
        load_past(watch->rules, history_at(watch, i), reader);
        if (i > 0 && history_at(watch, i)->frame.window <= history_at(watch, i - 1)->frame.window)
            return false;
    }
    return true;
}

/* The head, and what was told, follow from the base and the frames. */
static void judge_all(struct watch *watch)
{
    judgement_copy(watch->rules, &watch->head, &watch->base);
    for (watch->judged = 0; watch->judged < watch->count; watch->judged++) {
        struct past_frame *past = history_at(watch, watch->judged);
        judgement_take(watch->rules, &watch->head, &past->frame, past->steps, watch->ratios);
    }
}

enum status watch_load(struct watch *watch, struct buffer_reader *reader, struct error *err)
{
    const struct watch_rules *rules = watch->rules;
    const int64_t expected[] = {WATCH_STATE_VERSION, rules->regions, rules->stats,
                                rules->relation_count, rules->alert_count};
    bool good = true;
    watch->first = watch->count = 0;
    for (int i = 0; i < 5; i++)
        good = buffer_get_i64(reader) == expected[i] && good;
    good = good && load_judgement(rules, &watch->base, reader) && load_frames(watch, reader);
    if (!good || reader->failed) {
        watch->count = watch->judged = 0;
        return error_set(err, STATUS_BAD_DATA,
                         "the state of regions and alerts in the checkpoint is not whole, or of "
                         "other rules");
    }
    judge_all(watch);
    return STATUS_OK;
}
