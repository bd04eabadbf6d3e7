/* A second, plain reading of the contract of event time, to hold the window room against. */
#ifndef HEATSTREAM_TESTS_WINDOW_MODEL_H
#define HEATSTREAM_TESTS_WINDOW_MODEL_H

#include "clock_table.h"
#include "rate_model.h"
#include "window_run.h"

/* The contract read aloud: partition after partition while its clock has not passed k, tables of
 * everything, no reuse of any code under test but floor_div(). */
struct model_event {
    struct record record;
    int64_t window;
    bool late, waiting, duplicate;
    int next; /* event of the same window, -1: none */
};

/* A window that has closed or holds an event. */
struct model_window {
    int first; /* event, -1: none */
    int64_t revision, dead;
    bool complete, provisional;
    struct rate_model_window told[NX * NY]; /* of every cell */
};

struct model_letter {
    struct record record;
    enum fate reason;
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
    struct model_letter letters[MAX_PARTITIONS * MAX_RECORDS];
    int letter_count;
    bool provisional, dedup;
    struct model_doubt doubt[MAX_PARTITIONS];
    struct model_window *windows;
    int64_t window_room;
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
        (struct model_letter){.record = *record, .reason = reason};
}

static struct model_window *model_window_of(struct model *model, int64_t window)
{
    int64_t room = model->window_room;
    if (window >= room) {
        model->window_room = 2 * window + 64;
        size_t size = (size_t)model->window_room * sizeof *model->windows;
        model->windows = realloc(model->windows, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model->windows);
    }
    for (int64_t w = room; w < model->window_room; w++)
        model->windows[w] = (struct model_window){.first = -1};
    return &model->windows[window];
}

static void model_file(struct model *model, const struct record *record, int64_t window, bool late)
{
    struct model_window *its = model_window_of(model, window);
    model->events[model->event_count] = (struct model_event){
        .record = *record, .window = window, .late = late, .waiting = late, .next = its->first};
    its->first = model->event_count++;
    model->fates[record->partition][late ? FATE_LATE : FATE_ON_TIME]++;
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
    if (window >= k - config->horizon_windows)
        model_file(model, record, window, window < k);
    else
        model_refuse(model, record, FATE_TOO_LATE);
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
    bool counts = window >= k - config->horizon_windows; /* too_late ones do not end a row */
    doubt->came[doubt->count] = *record;
    if (ahead || counts)
        doubt->row[doubt->row_count++] = doubt->count;
    doubt->count++;
    if (ahead) {
        model_hold(scene, model, p, k);
    } else {
        doubt->count--;
        if (counts)
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

#endif
