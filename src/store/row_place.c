#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "base/isolated.h"
#include "frames_directory.h"
#include "frames_read.h"
#include "frames_segments.h"
#include "row_column.h"
#include "row_panels.h"
#include "row_tiles.h"
#include "segment.h"
#include "store/row_reader.h"

_Static_assert(SERIES_COLUMNS == (int)ROW_COLUMNS, "a place for every column");

static bool get_shape(struct h5_scope *scope, hid_t set, struct row_place *place)
{
    hsize_t dims[3] = {0}, most[3] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t type = h5_own(scope, H5Dget_type(set));
    bool right = !scope->failed && H5Sget_simple_extent_ndims(space) == 3 &&
                 H5Sget_simple_extent_dims(space, dims, most) == 3;
    place->f64 = H5Tequal(type, H5T_IEEE_F64LE) > 0;
    right = right && (place->f64 || H5Tequal(type, H5T_IEEE_F32LE) > 0);
    place->rows = (int64_t)most[0];
    place->gny = (int64_t)dims[1];
    place->gnx = (int64_t)dims[2];
    h5_close_to(scope, mark);
    return right;
}

static int64_t rows_of(struct h5_scope *scope, hid_t set)
{
    hsize_t dims[3] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    h5_check(scope, H5Sget_simple_extent_dims(space, dims, NULL));
    h5_close_to(scope, mark);
    return (int64_t)dims[0];
}

static bool find_cells(struct h5_scope *scope, hid_t set, struct row_place *place)
{
    struct row_tiles tiles;
    if (!get_shape(scope, set, place) || !row_tiles_find(scope, set, rows_of(scope, set), &tiles))
        return false;
    place->cells_at = tiles.at;
    place->tile_x = tiles.nx;
    place->tile_y = tiles.ny;
    return true;
}

static enum status misfit(const char *path, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA, "%s: its rows do not lie where this program puts them",
                     path);
}

enum status frames_place(struct frames *frames, int64_t index, struct row_place *place,
                         struct error *err)
{
    int64_t local;
    const struct segment *segment = frames_find_segment(frames, index, &local);
    if (!segment)
        return error_set(err, STATUS_NO_INPUT, "row %lld of the frames is in no open segment",
                         (long long)index);
    struct h5_scope scope = h5_begin();
    struct row_place found = {.number = segment->number,
                              .first = index - local,
                              .dx = frames->layout.dx,
                              .dy = frames->layout.dy};
    bool right = find_cells(&scope, segment->temperature, &found);
    for (int i = 0; i < SERIES_COLUMNS && right; i++)
        right = row_column_find(&scope, segment->series[i], found.rows, &found.column_at[i]);
    if (right)
        row_panels_of_open(&segment->groups, segment->panels.panel, found.rows, &found);
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "looking where the rows of %s lie", segment->path));
    if (!right)
        return misfit(segment->path, err);
    *place = found;
    return STATUS_OK;
}

static bool find_all(struct h5_scope *scope, hid_t file, struct row_place *place)
{
    hid_t set = h5_own(scope, H5Dopen2(file, "/temperature", H5P_DEFAULT));
    bool right = !scope->failed && find_cells(scope, set, place);
    int64_t present = right ? rows_of(scope, set) : 0;
    for (int i = 0; i < SERIES_COLUMNS && right; i++) {
        int mark = scope->count;
        set = h5_own(scope, H5Dopen2(file, series_column(i)->path, H5P_DEFAULT));
        right = !scope->failed && row_column_find(scope, set, place->rows, &place->column_at[i]);
        h5_close_to(scope, mark);
    }
    if (right)
        row_panels_find(scope, file, present, place);
    return right;
}

enum status row_place_of_file(const char *path, struct row_place *place, struct error *err)
{
    struct frames_reader *reader;
    TRY(frames_reader_open(path, &reader, err));
    struct frames_shape shape = frames_reader_shape(reader);
    struct row_place found = {.dx = shape.dx, .dy = shape.dy};
    struct h5_scope scope = h5_begin();
    bool right = find_all(&scope, frames_reader_file(reader), &found);
    enum status status =
        h5_end(&scope, STATUS_BAD_DATA, err, "looking where the rows of %s lie", path);
    frames_reader_close(reader);
    TRY(status);
    if (!right)
        return misfit(path, err);
    *place = found;
    return STATUS_OK;
}

struct looking {
    const char *directory;
    void (*take)(void *context, const struct row_place *place);
    void *context;
};

static enum status look(void *context, struct isolated *isolated, struct error *err)
{
    const struct looking *looking = context;
    char folder[PATH_MAX], path[PATH_MAX], name[64];
    int64_t lowest = 0, highest = 0, first = 0;
    TRY(path_join(folder, sizeof folder, looking->directory, "frames", err));
    if (!frames_directory_numbers(folder, &lowest, &highest))
        return error_set(err, STATUS_NO_INPUT, "%s holds no frames", looking->directory);
    for (int64_t number = lowest; number <= highest; number++) {
        struct row_place place;
        segment_name(number, name);
        TRY(path_join(path, sizeof path, looking->directory, name, err));
        TRY(row_place_of_file(path, &place, err));
        struct segments segments =
            segments_of(place.rows, place.gnx * place.gny * frame_cell_bytes(place.f64));
        if (number == lowest && number < 100) /* those have equally many */
            first = number * place.rows;
        else if (number == lowest)
            first = segments_start(&segments, number);
        place.number = number;
        place.first = first;
        first += place.rows;
        isolated_send(isolated, &place, sizeof place);
    }
    return STATUS_OK;
}

static void hand_over(void *context, const void *message, size_t size)
{
    const struct looking *looking = context;
    if (size == sizeof(struct row_place))
        looking->take(looking->context, message);
}

enum status row_places_of_run(const char *directory,
                              void (*take)(void *context, const struct row_place *place),
                              void *context, struct error *err)
{
    char what[PATH_MAX + 64];
    struct looking looking = {.directory = directory, .take = take, .context = context};
    snprintf(what, sizeof what, "looking where the rows of %s lie", directory);
    return isolated_run(what, look, hand_over, &looking, err);
}
