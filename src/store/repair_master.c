#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/isolated.h"
#include "base/memory.h"
#include "frames_read.h"
#include "master.h"
#include "segment.h"
#include "store/repair.h"

/* What a segment says of the run, each text with its final 0; as they are sent. */
enum {
    TEXT_RUN_ID,
    TEXT_TITLE,
    TEXT_VERSION,
    TEXT_GIT_ID,
    TEXT_COMPILER,
    TEXT_FLAGS,
    TEXT_LIBRDKAFKA,
    TEXT_HOST,
    TEXT_SLURM_JOB,
    TEXT_ARGV,
    TEXT_CONFIG,
    TEXT_TOPIC,
    TEXTS
};

struct description {
    const char *path;
    struct buffer texts[TEXTS];
    int64_t ranks, nodes, cores, run_epoch; /* as in struct provenance */
    int64_t epoch_ms;
    struct frames_shape shape;
    bool known;
};

static void get_attributes(struct h5_scope *scope, hid_t file, struct description *d)
{
    static const struct {
        int text;
        const char *name;
    } of_run[] = {{TEXT_VERSION, "version"},    {TEXT_GIT_ID, "git_id"},
                  {TEXT_COMPILER, "compiler"},  {TEXT_FLAGS, "flags"},
                  {TEXT_HOST, "host"},          {TEXT_LIBRDKAFKA, "librdkafka_version"},
                  {TEXT_SLURM_JOB, "slurm_job"}};
    int mark = scope->count;
    h5_get_text(scope, file, "run_id", &d->texts[TEXT_RUN_ID]);
    h5_get_text(scope, file, "title", &d->texts[TEXT_TITLE]);
    hid_t group = h5_own(scope, H5Gopen2(file, "provenance", H5P_DEFAULT));
    for (size_t i = 0; i < sizeof of_run / sizeof of_run[0]; i++)
        h5_get_text(scope, group, of_run[i].name, &d->texts[of_run[i].text]);
    h5_get_int64(scope, group, "ranks", &d->ranks);
    h5_get_int64(scope, group, "nodes", &d->nodes);
    h5_get_int64(scope, group, "cores", &d->cores);
    h5_get_int64(scope, group, "epoch", &d->run_epoch);
    h5_get_long_text(scope, group, "argv", &d->texts[TEXT_ARGV]);
    h5_get_long_text(scope, group, "config", &d->texts[TEXT_CONFIG]);
    h5_close_to(scope, mark);
}

static void get_topic(struct h5_scope *scope, hid_t file, struct description *d)
{
    int mark = scope->count;
    if (scope->failed || H5Lexists(file, "kafka", H5P_DEFAULT) <= 0)
        return;
    hid_t group = h5_own(scope, H5Gopen2(file, "kafka", H5P_DEFAULT));
    h5_get_text(scope, group, "topic", &d->texts[TEXT_TOPIC]);
    h5_close_to(scope, mark);
}

static enum status describe(struct description *d, struct frames_reader *reader, struct error *err)
{
    struct series_record row;
    struct h5_scope scope = h5_begin();
    hid_t file = frames_reader_file(reader);
    get_attributes(&scope, file, d);
    get_topic(&scope, file, d);
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "reading the attributes of %s", d->path));
    TRY(frames_reader_series(reader, 0, &row, err));
    if (row.window < 0)
        return error_set(err, STATUS_BAD_DATA, "%s has no rows", d->path);
    d->shape = frames_reader_shape(reader);
    d->epoch_ms = row.event_time - (int64_t)row.time_ms;
    return STATUS_OK;
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    struct description *d = context;
    struct frames_reader *reader;
    struct buffer message = {0};
    TRY(frames_reader_open(d->path, &reader, err));
    enum status status = describe(d, reader, err);
    if (status == STATUS_OK) {
        buffer_append(&message, &d->shape, sizeof d->shape);
        buffer_put_i64(&message, d->ranks);
        buffer_put_i64(&message, d->nodes);
        buffer_put_i64(&message, d->cores);
        buffer_put_i64(&message, d->run_epoch);
        buffer_put_i64(&message, d->epoch_ms);
        for (int i = 0; i < TEXTS; i++)
            buffer_put_bytes(&message, d->texts[i].data, d->texts[i].size);
        isolated_send(isolated, message.data, message.size);
    }
    frames_reader_close(reader);
    return status;
}

static void take(void *context, const void *message, size_t size)
{
    struct description *d = context;
    struct buffer_reader reader = {.data = message, .size = size, .position = sizeof d->shape};
    if (size < sizeof d->shape)
        return;
    memcpy(&d->shape, message, sizeof d->shape);
    d->ranks = buffer_get_i64(&reader);
    d->nodes = buffer_get_i64(&reader);
    d->cores = buffer_get_i64(&reader);
    d->run_epoch = buffer_get_i64(&reader);
    d->epoch_ms = buffer_get_i64(&reader);
    for (int i = 0; i < TEXTS; i++) {
        size_t length;
        const uint8_t *text = buffer_get_bytes(&reader, &length);
        if (length > 0)
            buffer_append(&d->texts[i], text, length);
        buffer_put_u8(&d->texts[i], '\0');
    }
    d->known = !reader.failed;
}

static const char *text_of(const struct description *d, int text)
{
    return (const char *)d->texts[text].data;
}

static struct provenance provenance_of(const struct description *d)
{
    return (struct provenance){.version = text_of(d, TEXT_VERSION),
                               .git_id = text_of(d, TEXT_GIT_ID),
                               .compiler = text_of(d, TEXT_COMPILER),
                               .flags = text_of(d, TEXT_FLAGS),
                               .librdkafka = text_of(d, TEXT_LIBRDKAFKA),
                               .host = text_of(d, TEXT_HOST),
                               .argv = text_of(d, TEXT_ARGV),
                               .slurm_job = text_of(d, TEXT_SLURM_JOB),
                               .config = text_of(d, TEXT_CONFIG),
                               .ranks = (int)d->ranks,
                               .nodes = (int)d->nodes,
                               .cores = (int)d->cores,
                               .epoch = d->run_epoch};
}

static enum status write_master(const struct repair *repair, const struct description *d,
                                const struct verify *verify, struct error *err)
{
    char path[PATH_MAX];
    const struct verify_shape *shape = &verify->shape;
    const struct verify_offsets *offsets = &verify->offsets;
    struct provenance provenance = provenance_of(d);
    struct layout layout = {
        .run_id = text_of(d, TEXT_RUN_ID),
        .title = text_of(d, TEXT_TITLE),
        .provenance = &provenance,
        .gnx = shape->gnx,
        .gny = shape->gny,
        .tile = d->shape.tile_x,
        .segments = segments_of(shape->per_segment, shape->gnx * shape->gny * (shape->f64 ? 8 : 4)),
        .dx = d->shape.dx,
        .dy = d->shape.dy,
        .f64 = shape->f64,
        .epoch_ms = d->epoch_ms,
    };
    if (offsets->partitions > 0 && d->texts[TEXT_TOPIC].size > 1)
        layout.offsets = (struct layout_offsets){.topic = (char *)d->texts[TEXT_TOPIC].data,
                                                 .partitions = (int)offsets->partitions,
                                                 .first = offsets->first,
                                                 .next = offsets->next,
                                                 .lost = offsets->lost};
    TRY(path_join(path, sizeof path, verify->directory, "frames.h5", err));
    const struct master_place place = {
        .staging = repair->staging ? repair->staging : repair->directory, .path = path};
    return master_write(&layout, &place, shape->held, true, err);
}

static bool describe_segment(struct description *d, const char *directory, int64_t number)
{
    char path[PATH_MAX], name[64], what[PATH_MAX + 16];
    struct error ignored; /* verify names every segment that cannot be read */
    segment_name(number, name);
    if (path_join(path, sizeof path, directory, name, &ignored) != STATUS_OK)
        return false;
    for (int i = 0; i < TEXTS; i++)
        buffer_clear(&d->texts[i]);
    d->path = path;
    snprintf(what, sizeof what, "reading %s", path);
    return durable_exists(path) && isolated_run(what, work, take, d, &ignored) == STATUS_OK &&
           d->known && d->epoch_ms == series_epoch(d->epoch_ms);
}

enum status repair_master(struct repair *repair, const struct verify *verify, struct error *err)
{
    struct description description = {.known = false};
    const struct verify_shape *shape = &verify->shape;
    struct segments segments = segments_of(shape->per_segment > 0 ? shape->per_segment : 1,
                                           shape->gnx * shape->gny * (shape->f64 ? 8 : 4));
    bool found = false;
    for (int64_t number = 0;
         !found && shape->gnx > 0 && segments_start(&segments, number) < shape->held; number++)
        found = describe_segment(&description, verify->directory, number);
    enum status status =
        found ? write_master(repair, &description, verify, err)
              : error_set(err, STATUS_BAD_DATA, "%s: no segment says what frames.h5 is to say",
                          verify->directory);
    for (int i = 0; i < TEXTS; i++)
        buffer_release(&description.texts[i]);
    if (status == STATUS_OK) {
        char text[128];
        snprintf(text, sizeof text, "frames.h5: made anew over %lld rows", (long long)shape->held);
        repair->tell(repair->context, text);
    }
    return status;
}
