#include "run/machine.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"

#define SCHEMA "machine/1"

enum status machine_path(const char *named, struct buffer *path, struct error *err)
{
    char host[64] = "";
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    gethostname(host, sizeof host - 1);
    if (named)
        buffer_append(path, named, strlen(named));
    else if (cache && *cache)
        buffer_printf(path, "%s/heatstream/%s.json", cache, host);
    else if (home && *home)
        buffer_printf(path, "%s/.cache/heatstream/%s.json", home, host);
    else
        return error_set(err, STATUS_CANNOT_CREATE,
                         "neither XDG_CACHE_HOME nor HOME is set: name a file with --machine");
    buffer_put_u8(path, '\0');
    return STATUS_OK;
}

static json_t *link_json(const struct machine_link *link)
{
    return link->bytes_per_s > 0
               ? json_pack("{s:f, s:f, s:f}", "latency_s", link->latency_s, "bytes_per_s",
                           link->bytes_per_s, "message_s", link->message_s)
               : json_null();
}

static json_t *file_json(const struct machine_file *file)
{
    return json_pack("{s:f, s:f}", "fixed_s", file->fixed_s, "bytes_per_s", file->bytes_per_s);
}

static json_t *steps_json(const struct machine *machine)
{
    json_t *steps = json_array();
    for (int i = 0; i < machine->sizes; i++) {
        const struct machine_step *step = &machine->step[i];
        json_array_append_new(
            steps, json_pack("{s:I, s:f, s:f, s:f, s:f}", "cells", (json_int_t)step->cells,
                             "single_s", step->single_s, "pass_s", step->pass_s, "alone_single_s",
                             step->alone_single_s, "alone_pass_s", step->alone_pass_s));
    }
    return steps;
}

static json_t *machine_json(const struct machine *machine)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:f, s:o, s:o, s:f, s:I}",
                     "heatstream_schema", SCHEMA, "host", machine->host, "date", machine->date,
                     "program", machine->program, "cores", machine->cores, "ranks", machine->ranks,
                     "step", steps_json(machine), "shared", link_json(&machine->shared), "network",
                     link_json(&machine->network), "window_s", machine->window_s, "frame",
                     file_json(&machine->frame), "checkpoint", file_json(&machine->checkpoint),
                     "fsync_s", machine->fsync_s, "base_bytes", (json_int_t)machine->base_bytes);
}

static enum status make_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return STATUS_OK;
    struct buffer parent = {0};
    buffer_append(&parent, path, (size_t)(slash - path));
    buffer_put_u8(&parent, '\0');
    enum status status = durable_make_directories((const char *)parent.data, err);
    buffer_release(&parent);
    return status;
}

enum status machine_save(const char *path, const struct machine *machine, struct error *err)
{
    TRY(make_parent(path, err));
    json_t *json = machine_json(machine);
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(json);
    if (!text)
        return error_set(err, STATUS_BUG, "writing %s: the constants make no JSON", path);
    enum status status = durable_write_file(path, text, strlen(text), 0644, err);
    free(text);
    return status;
}

static void take_text(json_t *json, const char *key, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(json, key));
    strncpy(text, value ? value : "", size - 1);
}

static bool link_of(json_t *json, struct machine_link *link)
{
    *link = (struct machine_link){0};
    return json_is_null(json) ||
           (json_unpack(json, "{s:F, s:F, s:F}", "latency_s", &link->latency_s, "bytes_per_s",
                        &link->bytes_per_s, "message_s", &link->message_s) == 0 &&
            link->latency_s >= 0 && link->bytes_per_s > 0 && link->message_s >= 0);
}

static bool file_of(json_t *json, struct machine_file *file)
{
    return json_unpack(json, "{s:F, s:F}", "fixed_s", &file->fixed_s, "bytes_per_s",
                       &file->bytes_per_s) == 0 &&
           file->fixed_s >= 0 && file->bytes_per_s > 0;
}

static bool step_of(json_t *json, struct machine_step *step)
{
    json_int_t cells;
    if (json_unpack(json, "{s:I, s:F, s:F, s:F, s:F}", "cells", &cells, "single_s", &step->single_s,
                    "pass_s", &step->pass_s, "alone_single_s", &step->alone_single_s,
                    "alone_pass_s", &step->alone_pass_s) != 0)
        return false;
    step->cells = cells;
    return step->single_s > 0 && step->pass_s > 0 && step->alone_single_s > 0 &&
           step->alone_pass_s > 0;
}

static bool steps_of(json_t *json, struct machine *machine)
{
    machine->sizes = (int)json_array_size(json);
    if (machine->sizes < 2 || machine->sizes > MACHINE_SIZES)
        return false;
    for (int i = 0; i < machine->sizes; i++) {
        struct machine_step *step = &machine->step[i];
        if (!step_of(json_array_get(json, (size_t)i), step) ||
            step->cells <= (i == 0 ? 0 : machine->step[i - 1].cells))
            return false;
    }
    return true;
}

static bool machine_of(json_t *json, struct machine *machine)
{
    json_int_t base = -1;
    take_text(json, "host", machine->host, sizeof machine->host);
    take_text(json, "date", machine->date, sizeof machine->date);
    take_text(json, "program", machine->program, sizeof machine->program);
    if (json_unpack(json, "{s:i, s:i, s:F, s:F, s:I}", "cores", &machine->cores, "ranks",
                    &machine->ranks, "window_s", &machine->window_s, "fsync_s", &machine->fsync_s,
                    "base_bytes", &base) != 0)
        return false;
    machine->base_bytes = base;
    return machine->cores >= 1 && machine->ranks >= 1 && machine->window_s >= 0 &&
           machine->fsync_s >= 0 && base >= 0 && steps_of(json_object_get(json, "step"), machine) &&
           link_of(json_object_get(json, "shared"), &machine->shared) &&
           link_of(json_object_get(json, "network"), &machine->network) &&
           file_of(json_object_get(json, "frame"), &machine->frame) &&
           file_of(json_object_get(json, "checkpoint"), &machine->checkpoint);
}

enum status machine_load(const char *path, struct machine *machine, struct error *err)
{
    struct buffer text = {0};
    json_error_t reason;
    TRY(durable_read_file(path, &text, err));
    json_t *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &reason);
    buffer_release(&text);
    if (!json)
        return error_set(err, STATUS_BAD_DATA, "%s is not JSON: line %d: %s", path, reason.line,
                         reason.text);
    struct machine read = {0};
    const char *schema = json_string_value(json_object_get(json, "heatstream_schema"));
    enum status status = STATUS_OK;
    if (!schema || strcmp(schema, SCHEMA) != 0)
        status = error_set(err, STATUS_BAD_DATA, "%s is not of schema " SCHEMA, path);
    else if (!machine_of(json, &read))
        status = error_set(err, STATUS_BAD_DATA,
                           "%s lacks a constant, or one of them cannot be: measure again with "
                           "heatstream check --calibrate",
                           path);
    json_decref(json);
    if (status == STATUS_OK)
        *machine = read;
    return status;
}
