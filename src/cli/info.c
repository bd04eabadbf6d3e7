#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"
#include "base/log.h"
#include "cli/cli.h"
#include "info_events.h"
#include "store/early_frame.h"
#include "store/inspect.h"
#include "store/journal.h"
#include "store/manifest.h"
#include "store/pack.h"

static void set_text(json_t *object, const char *key, const struct buffer *text)
{
    if (text->size > 1)
        json_object_set_new(object, key,
                            json_stringn_nocheck((const char *)text->data, text->size - 1));
}

static void set_digest(json_t *object, const char *key, struct digest digest)
{
    char hex[DIGEST_HEX];
    digest_hex(digest, hex);
    json_object_set_new(object, key, json_string(hex));
}

/* What the run told its newest checkpoint. */
static void merge_summary(json_t *object, const struct buffer *text)
{
    json_error_t error;
    json_t *summary = text->size > 1 ? json_loads((const char *)text->data, 0, &error) : NULL;
    if (!json_is_object(summary)) {
        json_decref(summary);
        return;
    }
    json_object_update(object, summary);
    json_decref(summary);
}

static json_t *versions_of(const struct inspection *inspection)
{
    json_t *versions = json_object();
    for (int i = 0; i < INSPECT_VERSIONS; i++)
        set_text(versions, inspection_version_name(i), &inspection->versions[i]);
    return versions;
}

static void describe_file(json_t *object, const struct inspection *inspection)
{
    set_text(object, "title", &inspection->title);
    set_text(object, "run_id", &inspection->run_id);
    json_object_set_new(object, "ranks", json_integer(inspection->ranks));
    json_object_set_new(object, "nx", json_integer(inspection->gnx));
    json_object_set_new(object, "ny", json_integer(inspection->gny));
    json_object_set_new(object, "versions", versions_of(inspection));
    merge_summary(object, &inspection->summary);
    json_object_set_new(object, "windows", json_integer(inspection->windows));
    set_digest(object, "digest", inspection->digest);
    if (inspection->is_checkpoint)
        return;
    json_object_set_new(object, "frames", json_integer(inspection->rows));
    json_object_set_new(object, "missing_rows", json_integer(inspection->missing));
    json_object_set_new(object, "revisions", json_integer(inspection->revisions));
}

/* Describes a file of a run; a bad one is told and passed over. */
static bool add_file(json_t *object, const char *path)
{
    struct error err;
    struct inspection inspection;
    if (inspect_file(path, &inspection, &err) != STATUS_OK) {
        log_warn("%s", err.text);
        return false;
    }
    describe_file(object, &inspection);
    inspection_release(&inspection);
    return true;
}

/* Everything that is known after the newest good checkpoint, or after the frames without one. */
static enum status add_newest(json_t *object, const char *root, const struct manifest *manifest,
                              struct error *err)
{
    char path[PATH_MAX], name[64];
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list);
    for (int i = count - 1; i >= 0; i--) {
        snprintf(name, sizeof name, "ckpt/");
        checkpoint_name(list[i].window, name + 5);
        TRY(path_join(path, sizeof path, root, name, err));
        if (durable_exists(path) && add_file(object, path))
            return STATUS_OK;
    }
    TRY(path_join(path, sizeof path, root, "frames.h5", err));
    if (durable_exists(path))
        (void)!add_file(object, path);
    return STATUS_OK;
}

static json_t *checkpoints_of(const char *root, const struct manifest *manifest)
{
    char path[PATH_MAX + 64], name[32];
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list);
    json_t *windows = json_array();
    for (int i = 0; i < count; i++) {
        checkpoint_name(list[i].window, name);
        snprintf(path, sizeof path, "%s/ckpt/%s", root, name);
        if (durable_exists(path))
            json_array_append_new(windows, json_integer(list[i].window));
    }
    return windows;
}

/* The manifest knows more than the newest checkpoint: it has every frame and the finish. */
static void add_manifest(json_t *object, const struct manifest *manifest)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames), revisions = 0, rows = 0;
    int64_t newest = json_integer_value(json_object_get(object, "windows")) - 1;
    struct manifest_finish finish;
    for (int64_t i = 0; i < count; i++) {
        rows = frames[i].row >= rows ? frames[i].row + 1 : rows;
        if (!manifest_is_last_said(manifest, &frames[i]))
            continue;
        revisions += frames[i].revision;
        if (frames[i].window <= newest)
            continue;
        newest = frames[i].window;
        set_digest(object, "digest", frames[i].digest);
    }
    bool finished = manifest_finished(manifest, &finish) && finish.window >= newest;
    if (finished) {
        newest = finish.window;
        set_digest(object, "digest", finish.digest);
    }
    json_object_set_new(object, "windows", json_integer(newest + 1));
    json_object_set_new(object, "frames", json_integer(rows));
    json_object_set_new(object, "revisions", json_integer(revisions));
    json_object_set_new(object, "finished", json_boolean(finished));
}

/* A finished run has told its last words, checkpoint or not. */
static void add_finish(json_t *object, const struct manifest *manifest)
{
    struct buffer text = {0};
    if (json_is_true(json_object_get(object, "finished")))
        buffer_printf(&text, "%s", manifest_summary(manifest));
    buffer_put_u8(&text, 0);
    merge_summary(object, &text);
    buffer_release(&text);
}

/* Of a run that waits for the events of a window. */
static void add_picture(json_t *object, const char *root)
{
    struct early_view view;
    struct error ignored;
    if (early_frame_view(root, &view, &ignored) != STATUS_OK)
        return;
    json_t *early = json_object();
    json_object_set_new(early, "window", json_integer(view.window));
    json_object_set_new(early, "clocks", json_integer(view.clocks));
    json_object_set_new(early, "clocks_passed", json_integer(view.clocks_passed));
    json_object_set_new(early, "completeness",
                        json_real((double)view.clocks_passed / (double)view.clocks));
    json_object_set_new(early, "events", json_integer(view.events));
    json_object_set_new(early, "t_min", json_real(view.t_min));
    json_object_set_new(early, "t_max", json_real(view.t_max));
    json_object_set_new(object, "early", early);
}

/* Records that the run goes on without. */
static enum status add_gaps(json_t *object, const char *root, struct error *err)
{
    char path[PATH_MAX];
    struct buffer gaps = {0};
    TRY(path_join(path, sizeof path, root, "journal", err));
    enum status status = journal_list_gaps(path, &gaps, err);
    const struct journal_gap *list = (const void *)gaps.data;
    json_t *array = json_array();
    for (size_t i = 0; status == STATUS_OK && i < gaps.size / sizeof *list; i++)
        json_array_append_new(array,
                              json_pack("{s:i, s:I, s:I}", "partition", list[i].partition, "from",
                                        (json_int_t)list[i].from, "to", (json_int_t)list[i].to));
    if (json_array_size(array) > 0)
        json_object_set(object, "gaps", array);
    json_decref(array);
    buffer_release(&gaps);
    return status;
}

static enum status describe_run(json_t *object, const char *root, struct error *err)
{
    char path[PATH_MAX];
    struct manifest *manifest;
    TRY(path_join(path, sizeof path, root, "manifest", err));
    if (!durable_exists(path))
        return error_set(err, STATUS_NO_INPUT, "%s is not a run directory: it has no manifest",
                         root);
    TRY(manifest_open(path, false, &manifest, err));
    enum status status = add_newest(object, root, manifest, err);
    add_manifest(object, manifest);
    add_finish(object, manifest);
    if (status == STATUS_OK)
        status = add_gaps(object, root, err);
    json_object_set_new(object, "checkpoints", checkpoints_of(root, manifest));
    add_picture(object, root);
    manifest_close(manifest);
    return status;
}

/* Files of a run end in .h5; anything else is taken for events. */
static bool is_hdf5_name(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".h5") == 0;
}

/* As the run directory that it was packed of, checkpoints aside. */
static enum status describe_packed(json_t *object, const char *path, struct error *err)
{
    char summary[PATH_MAX];
    struct pack_view view;
    json_error_t error;
    struct inspection inspection;
    TRY(pack_prove(path, err));
    TRY(pack_open(path, &view, err));
    enum status status = inspect_file(path, &inspection, err);
    if (status == STATUS_OK) { /* damage is told by the file's own name */
        inspection_release(&inspection);
        json_object_set_new(object, "kind", json_string("packed run"));
        status = describe_run(object, view.directory, err);
    }
    if (path_join(summary, sizeof summary, view.directory, "summary.json", err) == STATUS_OK &&
        !json_is_true(json_object_get(object, "finished"))) {
        json_t *told = json_load_file(summary, 0, &error);
        json_object_update_missing(object, told);
        json_decref(told);
    }
    pack_close(&view);
    return status;
}

static enum status describe(json_t *object, const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return describe_run(object, path, err);
    if (pack_is(path))
        return describe_packed(object, path, err);
    if (!is_hdf5_name(path))
        return info_describe_events(object, path, err);
    struct inspection inspection;
    TRY(inspect_file(path, &inspection, err));
    json_object_set_new(object, "kind",
                        json_string(inspection.is_checkpoint ? "checkpoint" : "frames"));
    describe_file(object, &inspection);
    inspection_release(&inspection);
    return STATUS_OK;
}

/* A line of the ledger: what became of every offset, zeros left out. */
static void print_ledger(const json_t *ledger)
{
    const char *partition, *fate;
    json_t *counts, *count;
    json_object_foreach((json_t *)ledger, partition, counts)
    {
        printf("  partition %s:", partition);
        json_object_foreach(counts, fate, count) if (json_integer_value(count) ||
                                                     strcmp(fate, "first") == 0 ||
                                                     strcmp(fate, "next") == 0)
            printf(" %s %" JSON_INTEGER_FORMAT, fate, json_integer_value(count));
        printf("\n");
    }
}

static void print_value(const char *key, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    printf("%-14s %s\n", key, text ? text : json_string_value(value));
    free(text);
}

static void print_versions(const json_t *versions)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)versions, name, value) print_value(name, value);
}

static void print_human(json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (strcmp(key, "ledger") == 0 || strcmp(key, "offsets") == 0) {
            printf("%s\n", key);
            print_ledger(value);
        } else if (strcmp(key, "versions") == 0) {
            print_versions(value);
        } else if (strcmp(key, "duration") == 0) {
            printf("%-14s %.1f s\n", key, json_real_value(value));
        } else {
            print_value(key, value);
        }
    }
}

enum status command_info(const struct cli_options *options, struct error *err)
{
    json_t *object = json_object();
    enum status status = describe(object, options->path, err);
    if (status == STATUS_OK && options->json) {
        char *text = json_dumps(object, JSON_INDENT(2));
        puts(text ? text : "{}");
        free(text);
    } else if (status == STATUS_OK) {
        print_human(object);
    }
    json_decref(object);
    if (status == STATUS_OK && fflush(stdout) != 0)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    return status;
}
