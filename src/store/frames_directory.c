#include "frames_directory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "segment.h"
#include "store/staging.h"

enum status frames_directory_borrow(const char *directory, const char *staging, int64_t number,
                                    struct error *err)
{
    char path[PATH_MAX], name[64];
    segment_name(number, name);
    TRY(path_join(path, sizeof path, directory, name, err));
    return staging_borrow(staging, path, segment_staged_name(name), err);
}

void frames_directory_return(const char *staging, int64_t number)
{
    char name[64];
    segment_name(number, name);
    staging_return(staging, segment_staged_name(name));
}

enum status frames_directory_renew(const struct frames_places *places, int64_t number,
                                   struct error *err)
{
    char path[PATH_MAX], name[64];
    segment_name(number, name);
    TRY(path_join(path, sizeof path, places->directory, name, err));
    return staging_renew(places->staging, path, err);
}

/* True for names of segments, complete or not, that are not among the first `keep`. */
static bool is_leftover(const char *name, int64_t keep)
{
    long long number;
    int end = 0;
    if (sscanf(name, "seg_%lld.h5%n", &number, &end) != 1 || end == 0)
        return false;
    if (strcmp(name + end, ".tmp") == 0)
        return true;
    return name[end] == '\0' && number >= keep;
}

static enum status remove_leftovers(const char *folder, const char *staging, int64_t keep,
                                    struct error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    char path[PATH_MAX];
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        if (!is_leftover(entry->d_name, keep))
            continue;
        status = path_join(path, sizeof path, folder, entry->d_name, err);
        if (status == STATUS_OK)
            status = staging_remove(staging, path, err);
    }
    closedir(entries);
    return status;
}

/* The segment holds rows of the first `rows` ones. */
static enum status prepare_segment(const struct layout *layout, const struct frames_places *places,
                                   int64_t number, int64_t rows, struct error *err)
{
    char path[PATH_MAX], staged[PATH_MAX], name[64];
    int64_t first = segments_start(&layout->segments, number);
    int64_t all = segments_rows(&layout->segments, number), kept = min_int64(rows - first, all);
    segment_name(number, name);
    TRY(path_join(path, sizeof path, places->directory, name, err));
    TRY(staging_path(places->staging, segment_staged_name(name), staged, err));
    if (!durable_exists(path))
        return error_set(err, STATUS_BAD_DATA, "%s is missing: it holds rows %lld to %lld", path,
                         (long long)first, (long long)(first + kept - 1));
    TRY(frames_directory_borrow(places->directory, places->staging, number, err));
    enum status status = segment_prepare(layout, staged, kept, all, err);
    frames_directory_return(places->staging, number);
    return status == STATUS_OK ? STATUS_OK : error_prefix(err, status, "%s", path);
}

static enum status read_epoch(struct layout *layout, const char *directory, struct error *err)
{
    char path[PATH_MAX], name[64];
    int64_t event_time_ms;
    segment_name(0, name);
    TRY(path_join(path, sizeof path, directory, name, err));
    TRY(segment_first_time(path, &event_time_ms, err));
    layout->epoch_ms = series_epoch(event_time_ms);
    return STATUS_OK;
}

enum status frames_directory_prepare(struct layout *layout, const struct frames_places *places,
                                     int64_t rows, struct error *err)
{
    char path[PATH_MAX];
    int64_t keep = rows > 0 ? segments_find(&layout->segments, rows - 1) + 1 : 0;
    TRY(path_join(path, sizeof path, places->directory, "frames", err));
    TRY(durable_make_directories(path, err));
    for (int64_t number = 0; number < keep; number++)
        TRY(prepare_segment(layout, places, number, rows, err));
    TRY(remove_leftovers(path, places->staging, keep, err));
    if (rows > 0)
        return read_epoch(layout, places->directory, err);
    TRY(path_join(path, sizeof path, places->directory, "frames.h5", err));
    return staging_remove(places->staging, path, err);
}

bool frames_directory_numbers(const char *folder, int64_t *lowest, int64_t *highest)
{
    DIR *entries = opendir(folder);
    bool any = false;
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        long long number;
        int end = 0;
        if (sscanf(entry->d_name, "seg_%lld.h5%n", &number, &end) != 1 || end == 0 ||
            entry->d_name[end] || number < 0)
            continue;
        *lowest = any ? min_int64(*lowest, number) : number;
        *highest = any ? max_int64(*highest, number) : number;
        any = true;
    }
    if (entries)
        closedir(entries);
    return any;
}
