#include "info_events.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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

enum status info_describe_events(json_t *object, const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s: %s", path, strerror(errno));
    struct source *source;
    TRY(source_open_files(&path, 1, &source, err));
    int64_t first, end;
    enum status status = source_bounds(source, 0, &first, &end, err);
    if (status == STATUS_OK)
        describe(object, source, end, (int64_t)info.st_size);
    source_destroy(source);
    return status;
}
