/* A second, plain reading of the contract of event time, to hold the window room against. */
#ifndef HEATSTREAM_TESTS_WINDOW_MODEL_H
#define HEATSTREAM_TESTS_WINDOW_MODEL_H

#include "clock_table.h"
#include "rate_model.h"
#include "window_scene.h"

/* The contract read aloud: partition after partition while its clock has not passed k, tables of
 * everything, no reuse of any code under test but floor_div(). */
struct model_event {
    struct record record;
    int64_t window;
};

/* What step 4 remembers of a partition: all that came so far, held or not. */
struct model_doubt {
    struct record
        came[MAX_RECORDS]; /* records that reached step 4, too_late ones left out of `row` */
    bool held[MAX_RECORDS];
    int64_t ordinary_since[MAX_RECORDS];
    int count;
    int row[MAX_RECORDS]; /* indices into came, in order, of those that count for rows */
    int row_count;
};

struct model {
    struct clock_table clocks[MAX_PARTITIONS];
    int position[MAX_PARTITIONS], timeouts[MAX_PARTITIONS];
    int64_t heard_ms[MAX_PARTITIONS]; /* the clock as far as records moved it */
    bool finished[MAX_PARTITIONS];
    int64_t next[MAX_PARTITIONS], fates[MAX_PARTITIONS][FATE_COUNT];
    struct model_event events[MAX_PARTITIONS * MAX_RECORDS];
    int event_count;
    struct model_event letters[MAX_PARTITIONS * MAX_RECORDS]; /* window: the reason */
    int letter_count;
    bool provisional;
    struct model_doubt doubt[MAX_PARTITIONS];
    struct rate_model_window *told[NX * NY]; /* of every cell, windows 0 .. k */
    int64_t told_room;
};

static int64_t model_passed(const struct scene *scene, const struct model *model, int p)
{
    const struct windows_config *config = &scene->config;
    return floor_div((__int128)model->clocks[p].mx_ms - config->t0_ms - config->disorder_ms,
                     config->window_ms);
}

static void model_refuse(struct model *model, const struct record *record, enum fate reason)
{
    model->fates[record->partition][reason]++;
    model->letters[model->letter_count++] =
        (struct model_event){.record = *record, .window = (int64_t)reason};
}

static void model_ordinary(const struct scene *scene, struct model *model,
                           const struct record *record, int64_t k)
{
    const struct windows_config *config = &scene->config;
    int p = record->partition;
    int64_t window = floor_div((__int128)record->time_ms - config->t0_ms, config->window_ms);
    struct model_doubt *doubt = &model->doubt[p];
    for (int i = 0; i < doubt->count; i++)
        doubt->ordinary_since[i]++;
    if (window >= k) {
        model->fates[p][FATE_ON_TIME]++;
        model->events[model->event_count++] = (struct model_event){*record, window};
    } else {
        model_refuse(model, record, FATE_TOO_LATE);
    }
    clock_table_hear(&model->clocks[p], config->clock_sensors, config->clock_expiry,
                     (int)record->sensor, record->time_ms);
}

static int model_distinct(const struct model_doubt *doubt, const bool *member)
{
    bool seen[NX * NY] = {false};
    int distinct = 0;
    for (int i = 0; i < doubt->count; i++) {
        if (!member[i] || seen[doubt->came[i].sensor])
            continue;
        seen[doubt->came[i].sensor] = true;
        distinct++;
    }
    return distinct;
}

/* The cluster that the last record confirms; c runs over all held times in rising order. */
static bool model_cluster(const struct scene *scene, const struct model_doubt *doubt, int needed,
                          bool *member)
{
    int64_t jump_ms = scene->config.jump_ms, t = doubt->came[doubt->count - 1].time_ms;
    for (int64_t c = t - jump_ms; c <= t; c++) {
        bool starts = false;
        for (int i = 0; i < doubt->count; i++) {
            int64_t time_ms = doubt->came[i].time_ms;
            starts = starts || (doubt->held[i] && time_ms == c);
            member[i] = doubt->held[i] && time_ms >= c && time_ms <= c + jump_ms;
        }
        if (starts && model_distinct(doubt, member) >= needed)
            return true;
    }
    return false;
}

static bool model_row(const struct scene *scene, const struct model_doubt *doubt, int length,
                      int quorum, bool *member)
{
    memset(member, 0, MAX_RECORDS * sizeof *member);
    if (doubt->row_count < length)
        return false;
    for (int i = doubt->row_count - length; i < doubt->row_count; i++) {
        int at = doubt->row[i];
        if (!doubt->held[at])
            return false;
        member[at] = true;
        if (i == doubt->row_count - length)
            continue;
        int64_t step = doubt->came[at].time_ms - doubt->came[doubt->row[i - 1]].time_ms;
        if (llabs(step) > scene->config.jump_ms)
            return false;
    }
    return model_distinct(doubt, member) >= quorum;
}

static void model_confirm(const struct scene *scene, struct model *model, int p, int64_t k,
                          const bool *member)
{
    struct model_doubt *doubt = &model->doubt[p];
    int64_t least_ms = INT64_MAX;
    for (int i = 0; i < doubt->count; i++)
        if (member[i] && doubt->came[i].time_ms < least_ms)
            least_ms = doubt->came[i].time_ms;
    if (least_ms > model->clocks[p].mx_ms)
        model->clocks[p].mx_ms = least_ms;
    for (int i = 0; i < doubt->count; i++) {
        if (!member[i])
            continue;
        doubt->held[i] = false;
        model->fates[p][FATE_CANDIDATE]--;
        model_ordinary(scene, model, &doubt->came[i], k);
    }
}

static void model_hold(const struct scene *scene, struct model *model, int p, int64_t k)
{
    struct model_doubt *doubt = &model->doubt[p];
    bool member[MAX_RECORDS];
    int sensors = scene->config.clock_sensors;
    int quorum = clock_table_quorum(&model->clocks[p], sensors);
    int needed = quorum > 2 ? quorum : 2;
    needed = needed < sensors ? needed : sensors;
    doubt->held[doubt->count - 1] = true;
    model->fates[p][FATE_CANDIDATE]++;
    if (model_cluster(scene, doubt, needed, member) ||
        model_row(scene, doubt, 20, quorum, member) ||
        model_row(scene, doubt, (int)scene->config.clock_expiry, 0, member))
        model_confirm(scene, model, p, k, member);
}

static void model_expire(const struct scene *scene, struct model *model, int p)
{
    struct model_doubt *doubt = &model->doubt[p];
    int64_t held = 0;
    for (int i = 0; i < doubt->count; i++)
        held += doubt->held[i];
    for (int i = 0; i < doubt->count; i++) {
        bool outlived = doubt->ordinary_since[i] >= scene->config.clock_expiry;
        if (!doubt->held[i] || (!outlived && held <= scene->config.clock_expiry))
            continue;
        doubt->held[i] = false;
        held--;
        model->fates[p][FATE_CANDIDATE]--;
        model_refuse(model, &doubt->came[i], FATE_FUTURE);
    }
}

static void model_take(const struct scene *scene, struct model *model, const struct record *record,
                       int64_t k)
{
    const struct windows_config *config = &scene->config;
    int p = record->partition;
    model->fates[p][FATE_SKIPPED] += record->offset - model->next[p];
    model->next[p] = record->offset + 1;
    if (record->verdict != FATE_ON_TIME || record->time_ms < config->t0_ms) {
        model_refuse(model, record,
                     record->verdict != FATE_ON_TIME ? record->verdict : FATE_BEFORE_START);
        return;
    }
    struct model_doubt *doubt = &model->doubt[p];
    int64_t window = floor_div((__int128)record->time_ms - config->t0_ms, config->window_ms);
    bool ahead = record->time_ms > model->clocks[p].mx_ms + config->jump_ms;
    doubt->came[doubt->count] = *record;
    if (ahead || window >= k)
        doubt->row[doubt->row_count++] = doubt->count;
    doubt->count++;
    if (ahead) {
        model_hold(scene, model, p, k);
    } else {
        doubt->count--;
        if (window >= k)
            doubt->row[doubt->row_count - 1] = MAX_RECORDS - 1; /* never held */
        model_ordinary(scene, model, record, k);
    }
    model_expire(scene, model, p);
}

/* Time-outs whose records are settled move the clock. */
static void model_reach(const struct scene *scene, struct model *model, int p, int64_t offset)
{
    const struct stream *stream = &scene->streams[p];
    for (; model->timeouts[p] < stream->timeouts; model->timeouts[p]++) {
        int i = model->timeouts[p];
        if (stream->before[i] > offset)
            return;
        if (stream->to_ms[i] > model->clocks[p].mx_ms)
            model->clocks[p].mx_ms = stream->to_ms[i];
    }
}

/* Takes the next message of a partition, or its end. */
static void model_next(const struct scene *scene, struct model *model, int p, int64_t k)
{
    const struct stream *stream = &scene->streams[p];
    bool at_end = model->position[p] == stream->count;
    const struct record *record = &stream->records[model->position[p]];
    model_reach(scene, model, p, at_end ? stream->end : record->offset);
    if (model_passed(scene, model, p) > k)
        return;
    if (at_end) {
        model->finished[p] = true;
        model->fates[p][FATE_SKIPPED] += stream->end - model->next[p];
        model->next[p] = stream->end;
        return;
    }
    int64_t before_ms = model->clocks[p].mx_ms;
    model->position[p]++;
    model_take(scene, model, record, k);
    if (model->clocks[p].mx_ms != before_ms)
        model->heard_ms[p] = model->clocks[p].mx_ms;
    model_reach(scene, model, p, model->next[p]);
}

static void model_drain(const struct scene *scene, struct model *model, int64_t k)
{
    for (int p = 0; p < scene->config.partitions; p++)
        while (!model->finished[p] && model_passed(scene, model, p) <= k)
            model_next(scene, model, p, k);
}

/* How many events the cell has in window k, which tell its estimate there. */
static int model_estimate(const struct scene *scene, struct model *model, int64_t k, int64_t cell)
{
    static struct rate_model_event events[MAX_PARTITIONS * MAX_RECORDS];
    int count = 0;
    for (int i = 0; i < model->event_count; i++) {
        const struct record *record = &model->events[i].record;
        if (model->events[i].window == k && record->cell == cell)
            events[count++] = (struct rate_model_event){record->time_ms, record->partition,
                                                        record->offset, record->rate};
    }
    int64_t window_ms = scene->config.window_ms;
    int64_t middle_ms = scene->config.t0_ms + k * window_ms + window_ms / 2;
    struct rate_model_window told = {.heard = count > 0};
    if (count > 0)
        told.estimate = rate_model_estimate((enum rate_model_kind)scene->config.estimate, events,
                                            count, middle_ms);
    model->told[cell][k] = told;
    return count;
}

static double model_rate(const struct scene *scene, const struct model *model, int64_t k,
                         int64_t cell)
{
    const struct windows_config *config = &scene->config;
    return rate_model_rate(model->told[cell], k, config->span, config->hold, config->gen_scale);
}

static void model_make_room(struct model *model, int64_t k)
{
    if (k < model->told_room)
        return;
    model->told_room = 2 * k + 64;
    for (int cell = 0; cell < NX * NY; cell++) {
        size_t size = (size_t)model->told_room * sizeof *model->told[cell];
        model->told[cell] = realloc(model->told[cell], size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model->told[cell]);
    }
}

static int model_compare_letters(const void *left, const void *right)
{
    const struct record *a = &((const struct model_event *)left)->record;
    const struct record *b = &((const struct model_event *)right)->record;
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
        buffer_put_i64(out, model->letters[i].window);
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

static void model_close(const struct scene *scene, struct model *model, int64_t k,
                        struct outcome *outcome)
{
    bool complete = true, passed = true;
    for (int p = 0; p < scene->config.partitions; p++) {
        int64_t now_ms = model->clocks[p].mx_ms;
        passed = passed && model_passed(scene, model, p) > k;
        model->clocks[p].mx_ms = model->heard_ms[p];
        complete = complete && model_passed(scene, model, p) > k;
        model->clocks[p].mx_ms = now_ms;
    }
    model->provisional = model->provisional || !passed;
    buffer_put_i64(&outcome->bytes, k);
    buffer_put_i64(&outcome->bytes, model->provisional + 2 * complete);
    int64_t events = 0, missing = 0;
    model_make_room(model, k);
    for (int64_t cell = 0; cell < NX * NY; cell++) {
        int count = model_estimate(scene, model, k, cell);
        struct heat heat = {.cell = cell, .rate = model_rate(scene, model, k, cell)};
        events += count;
        missing += count == 0;
        if (heat.rate != 0.0)
            buffer_append(&outcome->bytes, &heat, sizeof heat);
    }
    buffer_put_i64(&outcome->bytes, events);
    buffer_put_i64(&outcome->bytes, missing);
    buffer_put_i64(&outcome->bytes, model->letter_count);
    model_tell_letters(model, &outcome->bytes);
    model_tell_ledgers(scene, model, &outcome->bytes);
    outcome->windows++;
}

static bool model_closes(const struct scene *scene, const struct model *model, int64_t k)
{
    bool all_finished = true, event_left = false;
    for (int p = 0; p < scene->config.partitions; p++)
        all_finished = all_finished && model->finished[p];
    for (int i = 0; i < model->event_count; i++)
        event_left = event_left || model->events[i].window >= k;
    return !all_finished || event_left;
}

static void model_run(const struct scene *scene, struct outcome *outcome)
{
    static struct model model;
    memset(&model, 0, sizeof model);
    for (int p = 0; p < scene->config.partitions; p++)
        model.heard_ms[p] = model.clocks[p].mx_ms = scene->config.t0_ms + scene->config.disorder_ms;
    int64_t k = 0;
    for (model_drain(scene, &model, k); model_closes(scene, &model, k);
         model_drain(scene, &model, k))
        model_close(scene, &model, k++, outcome);
    model_tell_letters(&model, &outcome->bytes);
    model_tell_ledgers(scene, &model, &outcome->bytes);
    for (int cell = 0; cell < NX * NY; cell++)
        free(model.told[cell]);
}

#endif
