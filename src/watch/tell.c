#include "tell.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

enum { MOST_RUNS = 4096 };

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Numbers that a script reads exactly, or as text. */
static json_t *whole(int64_t value)
{
    return json_integer(value);
}

static void finish(json_t *object, struct buffer *json)
{
    char *text = memory_checked(json_dumps(object, JSON_COMPACT));
    buffer_append(json, text, strlen(text));
    free(text);
    json_decref(object);
}

/* The cells of a mask: x, y0, y1 of each run in turn. Too many to be drawn are left out. */
static json_t *runs_of(const struct page_region *region)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < region->run_count; i++)
        for (int part = 0; part < 3; part++)
            json_array_append_new(list, whole(region->runs[i][part]));
    return list;
}

static json_t *regions_of(const struct page_config *config)
{
    json_t *list = json_array();
    for (int i = 0; i < config->region_count; i++) {
        const struct page_region *region = &config->regions[i];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(region->name));
        json_object_set_new(object, "x0", whole(region->box.x0));
        json_object_set_new(object, "y0", whole(region->box.y0));
        json_object_set_new(object, "x1", whole(region->box.x1));
        json_object_set_new(object, "y1", whole(region->box.y1));
        if (region->runs && region->run_count <= MOST_RUNS)
            json_object_set_new(object, "runs", runs_of(region));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *readings_of(const struct page_reading *readings, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "min", real(readings[i].min));
        json_object_set_new(object, "mean", real(readings[i].mean));
        json_object_set_new(object, "max", real(readings[i].max));
        json_object_set_new(object, "level", json_integer(readings[i].level));
        json_array_append_new(list, object);
    }
    return list;
}

void tell_run(const struct page_config *config, const char *start, struct buffer *json)
{
    json_t *object = json_object();
    json_object_set_new(object, "run_id", json_string(config->run_id));
    json_object_set_new(object, "title", json_string(config->title));
    json_object_set_new(object, "start", json_string(start));
    json_object_set_new(object, "live", json_boolean(config->live));
    json_object_set_new(object, "nx", whole(config->gnx));
    json_object_set_new(object, "ny", whole(config->gny));
    json_object_set_new(object, "dx", real(config->dx));
    json_object_set_new(object, "dy", real(config->dy));
    json_object_set_new(object, "window_ms", whole(config->window_ms));
    json_object_set_new(object, "frames_every", whole(config->frames_every));
    json_object_set_new(object, "first_row", whole(config->first_row));
    json_object_set_new(object, "first_window", whole(config->first_window));
    json_object_set_new(object, "other",
                        config->other ? json_string(config->other->name) : json_null());
    json_object_set_new(object, "regions", regions_of(config));
    finish(object, json);
}

void tell_state(const struct page_config *config, const struct page_state *state,
                const struct tell_alerts *alerts, const char *start, struct buffer *json)
{
    static const char *const phases[] = {"running", "waiting", "stopping", "stored"};
    json_t *object = json_object();
    json_object_set_new(object, "start", json_string(start));
    json_object_set_new(object, "phase", json_string(phases[state->phase]));
    json_object_set_new(object, "rows", whole(state->rows));
    json_object_set_new(object, "open_window", whole(state->open_window));
    json_object_set_new(object, "corrections", whole(state->corrections));
    json_object_set_new(object, "waits_for", json_integer(state->waits_for));
    json_object_set_new(object, "behind_s", real(state->behind_s));
    json_object_set_new(object, "clocks", json_integer(state->clocks));
    json_object_set_new(object, "clocks_passed", json_integer(state->clocks_passed));
    json_object_set_new(object, "messages", whole(state->messages));
    json_object_set_new(object, "late", whole(state->late));
    json_object_set_new(object, "dead", whole(state->dead));
    json_object_set_new(object, "lag", whole(state->lag));
    json_object_set_new(object, "remaining_s", real(state->remaining_s));
    json_object_set_new(object, "alerts", whole(alerts->count));
    json_object_set_new(object, "judged", whole(alerts->judged));
    json_object_set_new(object, "regions", readings_of(state->readings, config->region_count));
    finish(object, json);
}

enum kind { WHOLE, REAL, FLAG };

static const struct {
    const char *name;
    enum kind kind;
    size_t offset;
} columns[] = {
    {"window", WHOLE, offsetof(struct watch_row, window)},
    {"event_time_ms", WHOLE, offsetof(struct watch_row, event_time_ms)},
    {"revision", WHOLE, offsetof(struct watch_row, revision)},
    {"change", REAL, offsetof(struct watch_row, change)},
    {"final", FLAG, offsetof(struct watch_row, final)},
    {"complete", FLAG, offsetof(struct watch_row, complete)},
    {"t_min", REAL, offsetof(struct watch_row, t_min)},
    {"t_max", REAL, offsetof(struct watch_row, t_max)},
    {"t_mean", REAL, offsetof(struct watch_row, t_mean)},
    {"heat_content", REAL, offsetof(struct watch_row, heat_content)},
    {"heat_in", REAL, offsetof(struct watch_row, heat_in)},
    {"heat_out", REAL, offsetof(struct watch_row, heat_out)},
    {"heat_residual", REAL, offsetof(struct watch_row, heat_residual)},
    {"events", WHOLE, offsetof(struct watch_row, events)},
    {"late", WHOLE, offsetof(struct watch_row, late)},
    {"missing", WHOLE, offsetof(struct watch_row, missing)},
    {"dead", WHOLE, offsetof(struct watch_row, dead)},
    {"latency_ms", REAL, offsetof(struct watch_row, latency_ms)},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static json_t *value_of(const struct watch_row *row, int column)
{
    const char *at = (const char *)row + columns[column].offset;
    if (columns[column].kind == REAL)
        return real(*(const double *)(const void *)at);
    if (columns[column].kind == FLAG)
        return json_boolean(*(const bool *)(const void *)at);
    return whole(*(const int64_t *)(const void *)at);
}

void tell_row(int64_t index, const struct watch_row *row, const struct page_reading *readings,
              int regions, struct buffer *json)
{
    json_t *object = json_object();
    json_object_set_new(object, "row", whole(index));
    for (int i = 0; i < COLUMNS; i++)
        json_object_set_new(object, columns[i].name, value_of(row, i));
    if (readings)
        json_object_set_new(object, "regions", readings_of(readings, regions));
    finish(object, json);
}

void tell_norms(int64_t row, const struct watch_norms *norms, struct buffer *json)
{
    json_t *object = json_object();
    json_object_set_new(object, "row", whole(row));
    json_object_set_new(object, "max", real(norms->max));
    json_object_set_new(object, "rms", real(norms->rms));
    json_object_set_new(object, "cells", whole(norms->cells));
    json_object_set_new(object, "x", whole(norms->x));
    json_object_set_new(object, "y", whole(norms->y));
    finish(object, json);
}

void tell_alerts(const struct tell_alerts *alerts, int64_t from, int64_t most, struct buffer *json)
{
    const size_t *starts = (const void *)alerts->starts.data;
    int64_t end = from < alerts->count ? from + min_int64(most, alerts->count - from) : from;
    buffer_printf(json, "{\"judged\":%lld,\"count\":%lld,\"alerts\":[", (long long)alerts->judged,
                  (long long)alerts->count);
    for (int64_t i = from; i < end; i++) {
        size_t after = i + 1 < alerts->count ? starts[i + 1] : alerts->lines.size;
        buffer_printf(json, "%s", i > from ? "," : "");
        buffer_append(json, alerts->lines.data + starts[i], after - starts[i] - 1);
    }
    buffer_printf(json, "]}");
}

/* Of at most so many points. */
static int64_t stride_of(const struct tell_range *range)
{
    return (range->last - range->first) / range->points + 1;
}

/* How many come before the last one; -1: not even that. */
static int64_t before_last(const struct tell_range *range)
{
    return range->first > range->last ? -1 : (range->last - range->first) / stride_of(range);
}

/* Evenly from the last one backwards, which is the one that counts most. */
static int64_t row_at(const struct tell_range *range, int64_t left)
{
    return range->last - left * stride_of(range);
}

void tell_series(const struct watch_rows *rows, const struct tell_range *range, struct buffer *json)
{
    json_t *object = json_object(), *lists[COLUMNS], *indices = json_array();
    struct error ignored;
    struct watch_row row;
    json_object_set_new(object, "row", indices);
    for (int i = 0; i < COLUMNS; i++)
        json_object_set_new(object, columns[i].name, lists[i] = json_array());
    for (int64_t left = before_last(range); left >= 0; left--) {
        int64_t at = row_at(range, left);
        if (rows->row(rows->context, at, &row, &ignored) != STATUS_OK)
            continue;
        json_array_append_new(indices, whole(at));
        for (int i = 0; i < COLUMNS; i++)
            json_array_append_new(lists[i], value_of(&row, i));
    }
    finish(object, json);
}

void tell_cell(const struct watch_rows *rows, const struct tell_range *range, int64_t x, int64_t y,
               struct buffer *json)
{
    json_t *object = json_object(), *indices = json_array(), *values = json_array();
    const struct watch_box box = {x, y, x + 1, y + 1};
    struct error ignored;
    float value;
    json_object_set_new(object, "x", whole(x));
    json_object_set_new(object, "y", whole(y));
    json_object_set_new(object, "row", indices);
    json_object_set_new(object, "temperature", values);
    for (int64_t left = before_last(range); left >= 0; left--) {
        int64_t at = row_at(range, left);
        if (rows->cells(rows->context, at, &box, &value, &ignored) != STATUS_OK)
            continue;
        json_array_append_new(indices, whole(at));
        json_array_append_new(values, real((double)value));
    }
    finish(object, json);
}
