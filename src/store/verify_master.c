#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/isolated.h"
#include "groups_read.h"
#include "master.h"
#include "segment.h"
#include "store/verify.h"

/* What the process that reads the master is given, and what it tells. */
struct map {
    const char *path;
    const char *segment; /* that says of what the regions are */
    int64_t per_segment; /* of segment 0 */
    struct frames_shape shape;
};

/* The bounds of a selection must be a box of whole rows. */
static bool selects_rows(hid_t space, int rank, int64_t first, int64_t count, const hsize_t *dims)
{
    hsize_t start[3] = {0}, end[3] = {0};
    hssize_t cells = (hssize_t)count;
    if (H5Sget_simple_extent_ndims(space) != rank || H5Sget_select_bounds(space, start, end) < 0)
        return false;
    bool fits = start[0] == (hsize_t)first && end[0] == (hsize_t)(first + count - 1);
    for (int d = 1; d < rank; d++) {
        fits = fits && start[d] == 0 && end[d] == dims[d] - 1;
        cells *= (hssize_t)dims[d];
    }
    return fits && H5Sget_select_npoints(space) == cells;
}

static bool names_are(hid_t list, size_t index, const char *file, const char *set)
{
    char found_file[128] = "", found_set[128] = "";
    return H5Pget_virtual_filename(list, index, found_file, sizeof found_file) >= 0 &&
           H5Pget_virtual_dsetname(list, index, found_set, sizeof found_set) >= 0 &&
           strcmp(found_file, file) == 0 && strcmp(found_set, set) == 0;
}

/* A dataset of the master; width: of one of rank 2. */
struct mapped {
    const char *path;
    int rank;
    int64_t width;
};

/* The rows of segment `number` are where they belong. */
static bool is_mapped(struct h5_scope *scope, hid_t list, int64_t number, const struct mapped *set,
                      const struct map *map)
{
    char name[64];
    const struct frames_shape *shape = &map->shape;
    int64_t cells = shape->gnx * shape->gny;
    struct segments segments = segments_of(map->per_segment, cells * frame_cell_bytes(shape->f64));
    int64_t first = segments_start(&segments, number);
    int64_t count = min_int64(segments_rows(&segments, number), shape->rows - first);
    hsize_t dims[3] = {0, (hsize_t)(set->rank == 2 ? set->width : shape->gny), (hsize_t)shape->gnx};
    int mark = scope->count;
    hid_t to = h5_own(scope, H5Pget_virtual_vspace(list, (size_t)number));
    hid_t from = h5_own(scope, H5Pget_virtual_srcspace(list, (size_t)number));
    segment_name(number, name);
    bool right = !scope->failed && names_are(list, (size_t)number, name, set->path) &&
                 selects_rows(to, set->rank, first, count, dims) &&
                 selects_rows(from, set->rank, 0, count, dims);
    h5_close_to(scope, mark);
    return right;
}

static enum status check_map(struct h5_scope *scope, hid_t file, const struct mapped *mapped,
                             const struct map *map, struct error *err)
{
    size_t pieces = 0;
    int64_t cells = map->shape.gnx * map->shape.gny, number = 0;
    struct segments segments =
        segments_of(map->per_segment, cells * frame_cell_bytes(map->shape.f64));
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, mapped->path, H5P_DEFAULT));
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    if (scope->failed || H5Pget_layout(list) != H5D_VIRTUAL ||
        H5Pget_virtual_count(list, &pieces) < 0)
        pieces = 0;
    while (segments_start(&segments, number) < map->shape.rows && number < (int64_t)pieces &&
           is_mapped(scope, list, number, mapped, map))
        number++;
    bool all = segments_start(&segments, number) >= map->shape.rows && number == (int64_t)pieces;
    h5_close_to(scope, mark);
    if (all)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s: the map of %s to the segments is wrong from segment %lld on", map->path,
                     mapped->path, (long long)number);
}

static enum status check_group(struct h5_scope *scope, hid_t file, const struct frames_group *group,
                               const struct map *map, struct error *err)
{
    char path[160];
    struct mapped set = {path, 2, group->count};
    for (int i = 0; i < group->panel_count + group->digested; i++) {
        const char *name = i < group->panel_count ? group->panels[i].name : "digest";
        snprintf(path, sizeof path, "/%s/%s", group->name, name);
        TRY(check_map(scope, file, &set, map, err));
    }
    return STATUS_OK;
}

/* Those of the master are those of the segment. */
static enum status compare_groups(const struct groups_read *read, const struct map *map,
                                  struct error *err)
{
    struct frames_reader *reader;
    struct groups_read *own = NULL;
    struct error ignored;
    bool equal = true; /* to one that cannot be read, of which verify tells elsewhere */
    if (frames_reader_open(map->segment, &reader, &ignored) != STATUS_OK)
        return STATUS_OK;
    if (groups_read_open(frames_reader_file(reader), map->segment, &own, &ignored) == STATUS_OK)
        equal = groups_read_equal(read, own);
    groups_read_close(own);
    frames_reader_close(reader);
    return equal ? STATUS_OK
                 : error_set(err, STATUS_BAD_DATA,
                             "%s: its /regions, /relations and /alerts are not those of %s",
                             map->path, map->segment);
}

static enum status check_groups(struct h5_scope *scope, hid_t file, const struct map *map,
                                struct error *err)
{
    struct groups_read *read;
    TRY(groups_read_open(file, map->path, &read, err));
    struct frames_groups groups = groups_read_groups(read);
    enum status status = compare_groups(read, map, err);
    for (int i = 0; status == STATUS_OK && i < groups.count; i++)
        status = check_group(scope, file, &groups.group[i], map, err);
    groups_read_close(read);
    return status;
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    struct map *map = context;
    struct frames_reader *reader;
    TRY(frames_reader_open(map->path, &reader, err));
    struct h5_scope scope = h5_begin();
    map->shape = frames_reader_shape(reader);
    hid_t file = frames_reader_file(reader);
    enum status status = check_map(&scope, file, &(struct mapped){"/temperature", 3, 0}, map, err);
    for (int i = 0; i < SERIES_COLUMNS && status == STATUS_OK; i++)
        status = check_map(&scope, file, &(struct mapped){series_column(i)->path, 1, 0}, map, err);
    if (status == STATUS_OK)
        status = check_groups(&scope, file, map, err);
    h5_close_to(&scope, 0);
    frames_reader_close(reader);
    if (status == STATUS_OK)
        isolated_send(isolated, &map->shape, sizeof map->shape);
    return status;
}

static void take_shape(void *context, const void *message, size_t size)
{
    struct map *map = context;
    if (size == sizeof map->shape)
        memcpy(&map->shape, message, size);
}

enum status master_prove(const char *path, int64_t per_segment, struct frames_shape *shape,
                         struct error *err)
{
    char what[PATH_MAX + 16], segment[PATH_MAX], name[64];
    segment_name(0, name);
    const char *slash = strrchr(path, '/');
    snprintf(segment, sizeof segment, "%.*s/%s", slash ? (int)(slash - path) : 1,
             slash ? path : ".", name);
    struct map map = {.path = path, .segment = segment, .per_segment = per_segment};
    snprintf(what, sizeof what, "reading %s", path);
    TRY(isolated_run(what, work, take_shape, &map, err));
    *shape = map.shape;
    return STATUS_OK;
}

enum status verify_master(struct verify *verify, struct error *err)
{
    char path[PATH_MAX];
    struct error reason = {""};
    struct frames_shape shape = {0};
    const struct verify_shape *expected = &verify->shape;
    if (expected->held == 0 || expected->gnx == 0)
        return STATUS_OK; /* nothing to map, or nothing that could be compared */
    TRY(path_join(path, sizeof path, verify->directory, "frames.h5", err));
    enum status status = master_prove(path, expected->per_segment, &shape, &reason);
    if (status == STATUS_IO)
        return error_set(err, status, "%s", reason.text);
    if (status != STATUS_OK)
        verify_differs(verify, "%s", reason.text);
    else if (shape.gnx != expected->gnx || shape.gny != expected->gny || shape.f64 != expected->f64)
        verify_differs(verify, "%s: its frames are %lld x %lld %s, those of the segments are not",
                       path, (long long)shape.gnx, (long long)shape.gny, shape.f64 ? "f64" : "f32");
    else if (shape.rows < expected->held && !expected->finished)
        verify->counts.unshown = expected->held - shape.rows; /* a flush is behind the lines */
    else if (shape.rows < expected->held)
        verify_differs(verify, "%s shows %lld rows, the manifest has %lld", path,
                       (long long)shape.rows, (long long)expected->held);
    return STATUS_OK;
}
