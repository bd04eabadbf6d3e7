#include "info_events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/event_log.h"
#include "ingest/source_file.h"

static void describe(json_t *object, const struct source *source, int64_t records, int64_t bytes)
{
    const char *header = source_file_header(source, 0);
    json_object_set_new(object, "kind", json_string(header ? "csv" : "ndjson"));
    json_object_set_new(object, "records", json_integer(records));
    json_object_set_new(object, "bytes", json_integer(bytes));
    if (header)
        json_object_set_new(object, "header", json_string(header));
}

static json_t *offsets_of(const struct event_log *log)
{
    json_t *offsets = json_object();
    for (int p = 0; p < event_log_identity(log).partitions; p++) {
        char name[16];
        snprintf(name, sizeof name, "%d", p);
        json_object_set_new(offsets, name,
                            json_pack("{s:I, s:I}", "first", (json_int_t)event_log_first(log, p),
                                      "next", (json_int_t)event_log_end(log, p)));
    }
    return offsets;
}

static void describe_log(json_t *object, const struct event_log *log)
{
    struct event_log_size size = event_log_size(log);
    struct source_identity topic = event_log_identity(log);
    json_object_set_new(object, "kind", json_string("event log"));
    json_object_set_new(object, "topic", json_string(topic.topic));
    json_object_set_new(object, "cluster_id", json_string(topic.cluster_id));
    json_object_set_new(object, "partitions", json_integer(topic.partitions));
    json_object_set_new(object, "records", json_integer(size.records));
    json_object_set_new(object, "blocks", json_integer(size.blocks));
    json_object_set_new(object, "bytes", json_integer(size.bytes));
    json_object_set_new(object, "torn_bytes", json_integer(size.torn));
    json_object_set_new(object, "closed", json_boolean(size.closed && size.torn == 0));
    json_object_set_new(object, "offsets", offsets_of(log));
}

static enum status describe_event_log(json_t *object, const char *path, struct error *err)
{
    struct event_log *log;
    TRY(event_log_open(path, &log, err));
    enum status status = event_log_verify(log, err);
    if (status == STATUS_OK)
        describe_log(object, log);
    event_log_close(log);
    return status;
}

enum status info_describe_events(json_t *object, const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s: %s", path, strerror(errno));
    if (event_log_is(path))
        return describe_event_log(object, path, err);
    struct source *source;
    TRY(source_open_files(&path, 1, &source, err));
    int64_t first, end;
    enum status status = source_bounds(source, 0, &first, &end, err);
    if (status == STATUS_OK)
        describe(object, source, end, (int64_t)info.st_size);
    source_destroy(source);
    return status;
}
