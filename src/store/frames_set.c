#include "frames_set.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "frames_directory.h"
#include "pack_file.h"
#include "segment.h"

struct frames_set {
    char path[PATH_MAX]; /* the run directory, or the file */
    bool is_file;
    struct frames_shape shape;
    struct segments segments;
    struct frames_reader *reader; /* of the segment `number`, or NULL */
    int64_t number;
};

struct frames_shape frames_set_shape(const struct frames_set *set)
{
    return set->shape;
}

const char *frames_set_path(const struct frames_set *set)
{
    return set->path;
}

int64_t frames_set_segment(const struct frames_set *set)
{
    return set->number;
}

static enum status open_segment(struct frames_set *set, int64_t number, struct error *err)
{
    char path[PATH_MAX], name[64];
    frames_reader_close(set->reader);
    set->reader = NULL;
    segment_name(number, name);
    TRY(path_join(path, sizeof path, set->path, name, err));
    TRY(frames_reader_open(path, &set->reader, err));
    set->number = number;
    return STATUS_OK;
}

/* How many rows a segment can have is told by one of the first hundred, which have equally many. */
static enum status measure_segments(struct frames_set *set, int64_t lowest, int64_t highest,
                                    struct error *err)
{
    TRY(open_segment(set, lowest, err));
    if (lowest >= 100)
        return error_set(err, STATUS_NO_INPUT, "%s: its first 100 segments are missing", set->path);
    set->shape = frames_reader_shape(set->reader);
    int64_t cells = set->shape.gnx * set->shape.gny;
    set->segments =
        segments_of(max_int64(set->shape.most_rows, 1), cells * frame_cell_bytes(set->shape.f64));
    TRY(open_segment(set, highest, err));
    set->shape.rows =
        segments_start(&set->segments, highest) + frames_reader_shape(set->reader).rows;
    return STATUS_OK;
}

static enum status open_run(struct frames_set *set, struct error *err)
{
    char folder[PATH_MAX];
    int64_t lowest = 0, highest = 0;
    TRY(path_join(folder, sizeof folder, set->path, "frames", err));
    if (!frames_directory_numbers(folder, &lowest, &highest))
        return error_set(err, STATUS_NO_INPUT, "%s holds no frames", set->path);
    return measure_segments(set, lowest, highest, err);
}

static enum status open_file(struct frames_set *set, struct error *err)
{
    set->is_file = true;
    TRY(frames_reader_open(set->path, &set->reader, err));
    set->shape = frames_reader_shape(set->reader);
    return STATUS_OK;
}

/* A master stands for the run directory it is in. */
static bool is_master(const char *path)
{
    size_t length = strlen(path), name = sizeof "frames.h5" - 1;
    return length >= name && strcmp(path + length - name, "frames.h5") == 0 &&
           (length == name || path[length - name - 1] == '/');
}

static enum status open_path(struct frames_set *set, const char *path, struct error *err)
{
    struct stat info;
    if (strlen(path) >= sizeof set->path || stat(path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%.1000s is missing", path);
    strcpy(set->path, path);
    if (S_ISDIR(info.st_mode))
        return open_run(set, err);
    bool packed = pack_is(path); /* which may bear a master's name */
    if (packed)
        TRY(pack_file_check(path, err));
    if (packed || !is_master(path))
        return open_file(set, err);
    size_t length = strlen(path) - (sizeof "frames.h5" - 1);
    snprintf(set->path, sizeof set->path, "%.*s", (int)length, length > 0 ? path : "");
    if (length == 0)
        strcpy(set->path, ".");
    return open_run(set, err);
}

enum status frames_set_open(const char *path, struct frames_set **out, struct error *err)
{
    struct frames_set *set = memory_zeroed(1, sizeof *set);
    enum status status = open_path(set, path, err);
    if (status != STATUS_OK)
        frames_set_close(set);
    else
        *out = set;
    return status;
}

void frames_set_close(struct frames_set *set)
{
    if (!set)
        return;
    frames_reader_close(set->reader);
    free(set);
}

static enum status check_shape(const struct frames_set *set, struct error *err)
{
    struct frames_shape own = frames_reader_shape(set->reader);
    if (own.gnx == set->shape.gnx && own.gny == set->shape.gny && own.f64 == set->shape.f64 &&
        own.most_rows == segments_rows(&set->segments, set->number))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s: segment %lld is not of the shape of the others",
                     set->path, (long long)set->number);
}

enum status frames_set_find(struct frames_set *set, int64_t row, struct frames_reader **reader,
                            int64_t *local, struct error *err)
{
    int64_t number = set->is_file ? 0 : segments_find(&set->segments, row);
    if (!set->is_file && (!set->reader || number != set->number)) {
        TRY(open_segment(set, number, err));
        TRY(check_shape(set, err));
    }
    *reader = set->reader;
    *local = set->is_file ? row : row - segments_start(&set->segments, number);
    return STATUS_OK;
}
