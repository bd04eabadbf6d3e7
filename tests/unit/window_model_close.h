/* The plain reading of the contract, continued: what a close tells. */
#ifndef HEATSTREAM_TESTS_WINDOW_MODEL_CLOSE_H
#define HEATSTREAM_TESTS_WINDOW_MODEL_CLOSE_H

#include "window_model.h"

/* The next event of a window that counts, from index `i` of the list on; -1: none. */
static int model_counted(const struct model *model, int i)
{
    while (i >= 0 && (model->events[i].waiting || model->events[i].duplicate))
        i = model->events[i].next;
    return i;
}

/* What the window's events tell of every cell. */
static void model_estimate(const struct scene *scene, struct model *model, int64_t window)
{
    static struct rate_model_event events[MAX_PARTITIONS * MAX_RECORDS];
    const struct windows_config *config = &scene->config;
    struct model_window *its = model_window_of(model, window);
    int64_t middle_ms = config->t0_ms + window * config->window_ms + config->window_ms / 2;
    for (int64_t cell = 0; cell < NX * NY; cell++) {
        int count = 0;
        for (int i = model_counted(model, its->first); i >= 0;
             i = model_counted(model, model->events[i].next)) {
            const struct record *record = &model->events[i].record;
            if (record->cell == cell)
                events[count++] = (struct rate_model_event){record->time_ms, record->partition,
                                                            record->offset, record->rate};
        }
        its->told[cell] = (struct rate_model_window){.heard = count > 0};
        if (count > 0)
            its->told[cell].estimate = rate_model_estimate((enum rate_model_kind)config->estimate,
                                                           events, count, middle_ms);
    }
}

static double model_rate(const struct scene *scene, const struct model *model, int64_t window,
                         int64_t cell)
{
    const struct windows_config *config = &scene->config;
    static struct rate_model_window told[256];
    int64_t reach = config->hold + config->span, first = window - reach > 0 ? window - reach : 0;
    CU_ASSERT_FATAL(reach < 256);
    for (int64_t w = first; w <= window; w++)
        told[w - first] = model->windows[w].told[cell];
    return rate_model_rate(told, window - first, config->span, config->hold, config->gen_scale);
}

static bool model_same_reading(const struct record *a, const struct record *b)
{
    return a->time_ms == b->time_ms && a->sensor == b->sensor;
}

static bool model_first(const struct record *a, const struct record *b)
{
    return a->partition != b->partition ? a->partition < b->partition : a->offset < b->offset;
}

/* An event counts only if no other of its time and sensor is before it. */
static void model_find_duplicates(struct model *model, int64_t window)
{
    for (int i = model_window_of(model, window)->first; i >= 0; i = model->events[i].next) {
        struct model_event *event = &model->events[i];
        bool duplicate = false;
        for (int j = model->windows[window].first; j >= 0; j = model->events[j].next)
            duplicate =
                duplicate || (model_same_reading(&model->events[j].record, &event->record) &&
                              model_first(&model->events[j].record, &event->record));
        if (duplicate && !event->duplicate) {
            model->fates[event->record.partition][event->late ? FATE_LATE : FATE_ON_TIME]--;
            model->fates[event->record.partition][FATE_DUPLICATE]++;
        }
        event->duplicate = duplicate;
    }
}

static int model_compare_letters(const void *left, const void *right)
{
    const struct record *a = &((const struct model_letter *)left)->record;
    const struct record *b = &((const struct model_letter *)right)->record;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void model_tell_letters(struct model *model, struct buffer *out)
{
    buffer_put_i64(out, model->letter_count);
    qsort(model->letters, (size_t)model->letter_count, sizeof *model->letters,
          model_compare_letters);
    for (int i = 0; i < model->letter_count; i++) {
        const struct record *record = &model->letters[i].record;
        buffer_put_i64(out, record->partition);
        buffer_put_i64(out, record->offset);
        buffer_put_i64(out, (int64_t)model->letters[i].reason);
        buffer_put_bytes(out, record->value, record->value_size);
    }
    model->letter_count = 0;
}

static void model_tell_ledgers(const struct scene *scene, const struct model *model,
                               struct buffer *out)
{
    for (int p = 0; p < scene->config.partitions; p++)
        for (int fate = 0; fate < FATE_COUNT; fate++)
            buffer_put_i64(out, model->fates[p][fate]);
}

static void model_tell(const struct scene *scene, const struct model *model, enum close_kind kind,
                       int64_t window, struct buffer *out)
{
    const struct windows_config *config = &scene->config;
    const struct model_window *its = &model->windows[window];
    struct heat heat[NX * NY];
    struct closed_window closed = {.kind = kind,
                                   .window = window,
                                   .revision = its->revision,
                                   .end_ms = config->t0_ms + (window + 1) * config->window_ms,
                                   .provisional = its->provisional,
                                   .complete = its->complete,
                                   .heat = heat,
                                   .dead = its->dead};
    for (int64_t cell = 0; cell < NX * NY; cell++) {
        double rate = model_rate(scene, model, window, cell);
        closed.missing += !its->told[cell].heard;
        if (rate != 0.0)
            heat[closed.heat_count++] = (struct heat){.cell = cell, .rate = rate};
    }
    for (int i = model_counted(model, its->first); i >= 0;
         i = model_counted(model, model->events[i].next)) {
        closed.events++;
        closed.late += model->events[i].late;
    }
    tell_window(&closed, out);
}

/* Late events are applied: the least window that one of them changes, k: none does. */
static int64_t model_apply_late(struct model *model, int64_t k)
{
    bool due[MAX_PARTITIONS * MAX_RECORDS] = {false};
    for (int i = 0; i < model->event_count; i++) {
        due[i] = model->events[i].waiting;
        model->events[i].waiting = false;
    }
    int64_t least = k;
    for (int i = 0; i < model->event_count; i++) {
        if (!due[i])
            continue;
        if (model->dedup)
            model_find_duplicates(model, model->events[i].window);
        if (!model->events[i].duplicate && model->events[i].window < least)
            least = model->events[i].window;
    }
    return least;
}

static void model_judge_clocks(const struct scene *scene, struct model *model, int64_t k)
{
    struct model_window *its = model_window_of(model, k);
    its->complete = true;
    for (int p = 0; p < scene->config.partitions; p++) {
        int64_t now_ms = model->clocks[p].mx_ms;
        model->provisional = model->provisional || model_passed(scene, model, p) <= k;
        model->clocks[p].mx_ms = model->heard_ms[p];
        its->complete = its->complete && model_passed(scene, model, p) > k;
        model->clocks[p].mx_ms = now_ms;
    }
    its->provisional = model->provisional;
    its->dead = model->letter_count;
}

static void model_close(const struct scene *scene, struct model *model, int64_t k,
                        struct outcome *outcome)
{
    model_judge_clocks(scene, model, k);
    int64_t least = model_apply_late(model, k);
    if (model->dedup)
        model_find_duplicates(model, k);
    int64_t from = least;
    while (least < k && from % scene->config.snapshot_spacing != 0)
        from--;
    for (int64_t window = from; window < k; window++) {
        bool revised = window >= least;
        model->windows[window].revision += revised;
        if (revised)
            model->windows[window].provisional = model->provisional;
        model_estimate(scene, model, window);
        model_tell(scene, model, revised ? CLOSE_REVISED : CLOSE_REPLAY, window, &outcome->bytes);
    }
    model_estimate(scene, model, k);
    model_tell(scene, model, CLOSE_NEW, k, &outcome->bytes);
    model_tell_letters(model, &outcome->bytes);
    model_tell_ledgers(scene, model, &outcome->bytes);
}

static bool model_closes(const struct scene *scene, const struct model *model, int64_t k)
{
    bool all_finished = true, event_left = false;
    for (int p = 0; p < scene->config.partitions; p++)
        all_finished = all_finished && model->finished[p];
    for (int i = 0; i < model->event_count; i++)
        event_left = event_left || model->events[i].window >= k || model->events[i].waiting;
    return !all_finished || event_left;
}

static void model_run(const struct scene *scene, struct outcome *outcome)
{
    static struct model model;
    memset(&model, 0, sizeof model);
    model.dedup = scene->config.dedup;
    for (int p = 0; p < scene->config.partitions; p++)
        model.heard_ms[p] = model.clocks[p].mx_ms = scene->config.t0_ms + scene->config.disorder_ms;
    int64_t k = 0;
    for (model_drain(scene, &model, k); model_closes(scene, &model, k);
         model_drain(scene, &model, k))
        model_close(scene, &model, k++, outcome);
    model_tell_letters(&model, &outcome->bytes);
    model_tell_ledgers(scene, &model, &outcome->bytes);
    free(model.windows);
}

#endif
