#include "store/inspect.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/isolated.h"
#include "checkpoint_file.h"
#include "series.h"

static const struct {
    const char *name, *attribute;
} versions[INSPECT_VERSIONS] = {
    {"heatstream", "version"},
    {"git", "git_id"},
    {"mpi", "mpi"},
    {"hdf5", "hdf5"},
    {"librdkafka", "librdkafka_version"},
};

const char *inspection_version_name(int index)
{
    return versions[index].name;
}

void inspection_release(struct inspection *inspection)
{
    buffer_release(&inspection->title);
    buffer_release(&inspection->run_id);
    buffer_release(&inspection->summary);
    for (int i = 0; i < INSPECT_VERSIONS; i++)
        buffer_release(&inspection->versions[i]);
}

/* Absent is as good as empty: older files have fewer attributes. */
static void get_optional(hid_t object, const char *name, struct buffer *text)
{
    struct h5_scope scope = h5_begin();
    if (H5Aexists(object, name) > 0)
        h5_get_text(&scope, object, name, text);
    h5_close_to(&scope, 0);
    buffer_put_u8(text, '\0');
}

static void get_provenance(struct h5_scope *scope, hid_t file, struct inspection *inspection)
{
    int mark = scope->count;
    hid_t group = h5_own(scope, H5Gopen2(file, "provenance", H5P_DEFAULT));
    for (int i = 0; i < INSPECT_VERSIONS; i++)
        get_optional(group, versions[i].attribute, &inspection->versions[i]);
    h5_get_int64(scope, group, "ranks", &inspection->ranks);
    h5_close_to(scope, mark);
}

static enum status inspect_checkpoint(const char *path, struct inspection *inspection,
                                      struct error *err)
{
    struct checkpoint_head head;
    TRY(checkpoint_file_verify(path, err));
    struct checkpoint_parts parts = {.summary = &inspection->summary};
    TRY(checkpoint_file_read(path, &head, &parts, err));
    buffer_put_u8(&inspection->summary, '\0');
    inspection->is_checkpoint = true;
    inspection->windows = head.window + 1;
    inspection->gnx = head.gnx;
    inspection->gny = head.gny;
    inspection->digest = head.seal.field;
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    get_provenance(&scope, file, inspection);
    get_optional(file, "title", &inspection->title);
    get_optional(file, "run_id", &inspection->run_id);
    return h5_end(&scope, STATUS_NO_INPUT, err, "reading %s", path);
}

/* All values of a series column. */
static void get_column(struct h5_scope *scope, hid_t file, const char *path, enum series_kind kind,
                       struct buffer *values)
{
    int mark = scope->count;
    hid_t type = series_type(scope, kind);
    hid_t set = h5_own(scope, H5Dopen2(file, path, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    hssize_t count = h5_check(scope, H5Sget_simple_extent_npoints(space));
    if (!scope->failed) {
        size_t size = (size_t)count * H5Tget_size(type);
        void *start = buffer_reserve(values, size);
        if (h5_check(scope, H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, start)) >= 0)
            values->size = size;
    }
    h5_close_to(scope, mark);
}

static void take_digest(const struct buffer *digests, int64_t row, struct inspection *inspection)
{
    char hex[DIGEST_HEX] = "";
    size_t length = DIGEST_HEX - 1, start = (size_t)row * length;
    if (start + length > digests->size)
        return;
    memcpy(hex, digests->data + start, length);
    (void)!digest_parse(hex, &inspection->digest);
}

static void get_series(struct h5_scope *scope, hid_t file, struct inspection *inspection)
{
    struct buffer windows = {0}, revisions = {0}, digests = {0};
    get_column(scope, file, "/series/window", SERIES_INT64, &windows);
    get_column(scope, file, "/series/revision", SERIES_INT64, &revisions);
    get_column(scope, file, "/series/digest", SERIES_HEX, &digests);
    struct buffer_reader window = {.data = windows.data, .size = windows.size};
    struct buffer_reader revision = {.data = revisions.data, .size = revisions.size};
    int64_t count = (int64_t)(windows.size / sizeof(int64_t));
    for (int64_t row = 0; row < count; row++) {
        int64_t number = buffer_get_i64(&window), times = buffer_get_i64(&revision);
        inspection->rows += number >= 0;
        inspection->missing += number < 0;
        inspection->revisions += times > 0 ? times : 0;
        if (number >= inspection->windows) {
            inspection->windows = number + 1;
            take_digest(&digests, row, inspection);
        }
    }
    buffer_release(&windows);
    buffer_release(&revisions);
    buffer_release(&digests);
}

static void get_grid(struct h5_scope *scope, hid_t file, struct inspection *inspection)
{
    hsize_t dims[3] = {0};
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, "/temperature", H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    if (H5Sget_simple_extent_ndims(space) == 3)
        h5_check(scope, H5Sget_simple_extent_dims(space, dims, NULL));
    inspection->gny = (int64_t)dims[1];
    inspection->gnx = (int64_t)dims[2];
    h5_close_to(scope, mark);
}

static enum status inspect_frames(const char *path, struct inspection *inspection,
                                  struct error *err)
{
    struct buffer schema = {0};
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    h5_get_text(&scope, file, "heatstream_schema", &schema);
    buffer_put_u8(&schema, '\0');
    bool ours = strcmp((const char *)schema.data, "frames/1") == 0;
    if (ours) {
        get_optional(file, "title", &inspection->title);
        get_optional(file, "run_id", &inspection->run_id);
        get_grid(&scope, file, inspection);
        get_series(&scope, file, inspection);
        get_provenance(&scope, file, inspection);
    }
    enum status status = h5_end(&scope, STATUS_NO_INPUT, err, "reading %s", path);
    if (status == STATUS_OK && !ours)
        status =
            error_set(err, STATUS_NO_INPUT, "%s has schema '%.40s', this program knows frames/1",
                      path, (const char *)schema.data);
    buffer_release(&schema);
    return status;
}

static bool is_checkpoint(const char *path)
{
    static const char mark[] = "heatstream checkpoint/";
    char start[sizeof mark] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, start, sizeof mark - 1);
    if (fd >= 0)
        close(fd);
    return got > 0 && strcmp(start, mark) == 0;
}

static enum status inspect_here(const char *path, struct inspection *inspection, struct error *err)
{
    struct inspection read = {0};
    enum status status = is_checkpoint(path) ? inspect_checkpoint(path, &read, err)
                                             : inspect_frames(path, &read, err);
    if (status != STATUS_OK)
        inspection_release(&read);
    else
        *inspection = read;
    return status;
}

enum { TEXTS = 3 + INSPECT_VERSIONS };

static struct buffer *text_of(struct inspection *inspection, int index)
{
    struct buffer *first[] = {&inspection->title, &inspection->run_id, &inspection->summary};
    return index < 3 ? first[index] : &inspection->versions[index - 3];
}

/* The values in one message, then each text in one of its own. */
struct inspecting {
    const char *path;
    struct inspection inspection;
    int taken;
};

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    struct inspecting *inspecting = context;
    struct inspection *read = &inspecting->inspection;
    TRY(inspect_here(inspecting->path, read, err));
    isolated_send(isolated, read, sizeof *read);
    for (int i = 0; i < TEXTS; i++) {
        struct buffer *text = text_of(read, i);
        isolated_send(isolated, text->size > 0 ? (const char *)text->data : "",
                      text->size > 0 ? text->size : 1);
    }
    return STATUS_OK;
}

static void take(void *context, const void *message, size_t size)
{
    struct inspecting *inspecting = context;
    int number = inspecting->taken++;
    if (number > 0 && number <= TEXTS) {
        buffer_append(text_of(&inspecting->inspection, number - 1), message, size);
        return;
    }
    memcpy(&inspecting->inspection, message, sizeof inspecting->inspection);
    for (int i = 0; i < TEXTS; i++)
        *text_of(&inspecting->inspection, i) = (struct buffer){0}; /* the other process's */
}

enum status inspect_file(const char *path, struct inspection *inspection, struct error *err)
{
    char what[PATH_MAX + 16];
    struct inspecting inspecting = {.path = path};
    snprintf(what, sizeof what, "reading %s", path);
    struct error reason;
    enum status status = isolated_run(what, work, take, &inspecting, &reason);
    if (status == STATUS_OK) {
        *inspection = inspecting.inspection;
        return STATUS_OK;
    }
    inspection_release(&inspecting.inspection);
    return error_set(err, status == STATUS_BAD_DATA ? STATUS_NO_INPUT : status, "%s", reason.text);
}
