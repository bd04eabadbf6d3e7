#include "verify_alerts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/hash.h"

struct expected {
    int64_t bytes;
    const char *digest;
    const char *by; /* who says so */
};

/* Of the part that is told of. A file that is shorter is a difference. */
static enum status compare_digest(struct verify *verify, int fd, const char *path,
                                  const struct expected *expected, struct error *err)
{
    char hex[HASH_HEX_SIZE];
    struct error reason;
    struct hasher *hasher = hasher_create();
    enum status status = hasher_add_file(hasher, fd, path, expected->bytes, &reason);
    hasher_hex(hasher, hex);
    hasher_destroy(hasher);
    if (status == STATUS_IO)
        return error_set(err, status, "%s", reason.text);
    if (status != STATUS_OK)
        verify_differs(verify, "alerts.ndjson is shorter than the %lld bytes that %s tells of",
                       (long long)expected->bytes, expected->by);
    else if (strcmp(hex, expected->digest) != 0)
        verify_differs(verify, "alerts.ndjson: its first %lld bytes have digest %s, %s says %s",
                       (long long)expected->bytes, hex, expected->by, expected->digest);
    return STATUS_OK;
}

/* The keys that every line has (watch.h). */
static bool is_alert(const char *line, size_t length)
{
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    const json_t *window = json_object_get(object, "window");
    const json_t *level = json_object_get(object, "level"), *from = json_object_get(object, "from");
    bool is = length > 0 && line[length - 1] == '\n' && json_object_size(object) == 10 &&
              json_is_string(json_object_get(object, "alert")) &&
              json_is_string(json_object_get(object, "event")) && json_is_integer(level) &&
              json_is_integer(from) && json_is_integer(window) &&
              json_is_integer(json_object_get(object, "revision")) &&
              json_is_boolean(json_object_get(object, "final"));
    json_decref(object);
    return is;
}

/* Which of them is damaged, where that shows. */
static void look_at_lines(struct verify *verify, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    long long number = 0;
    for (ssize_t length; (length = getline(&line, &room, file)) > 0;) {
        number++;
        bool torn = line[length - 1] != '\n' && verify->live;
        if (!torn && !is_alert(line, (size_t)length))
            verify_differs(verify, "alerts.ndjson: line %lld is none of an alert", number);
    }
    free(line);
}

static enum status look_at(struct verify *verify, FILE *file, const char *path,
                           const struct expected *expected, struct error *err)
{
    struct stat info;
    if (fstat(fileno(file), &info) != 0)
        return error_set(err, STATUS_IO, "looking at %s: %s", path, strerror(errno));
    TRY(compare_digest(verify, fileno(file), path, expected, err));
    if (strcmp(expected->by, "the finish") == 0 && info.st_size > expected->bytes)
        verify_differs(verify, "alerts.ndjson has %lld bytes, the finish tells of %lld",
                       (long long)info.st_size, (long long)expected->bytes);
    look_at_lines(verify, file);
    return STATUS_OK;
}

enum status verify_alerts(struct verify *verify, const json_t *summary, bool finished,
                          struct error *err)
{
    char path[PATH_MAX];
    const struct expected expected = {
        .bytes = json_integer_value(json_object_get(summary, "alerts_bytes")),
        .digest = json_string_value(json_object_get(summary, "alerts_digest")),
        .by = finished ? "the finish" : "the newest checkpoint"};
    if (!expected.digest)
        return STATUS_OK;
    TRY(path_join(path, sizeof path, verify->directory, "alerts.ndjson", err));
    FILE *file = fopen(path, "re");
    if (!file) {
        verify_differs(verify, "alerts.ndjson: %s", strerror(errno));
        return STATUS_OK;
    }
    enum status status = look_at(verify, file, path, &expected, err);
    fclose(file);
    return status;
}
