#include "layout.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "panels.h"

hid_t layout_cell_type(const struct layout *layout)
{
    return layout->f64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
}

hid_t layout_untimed_list(struct h5_scope *scope)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_DATASET_CREATE));
    h5_check(scope, H5Pset_obj_track_times(list, false));
    return list;
}

hid_t layout_create_rows(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                         const struct row_dataset *set)
{
    hsize_t ny = (hsize_t)(set->rank == 2 ? set->width : rows->layout->gny);
    hsize_t nx = (hsize_t)rows->layout->gnx;
    hsize_t dims[3] = {(hsize_t)rows->rows, ny, nx}, most[3] = {(hsize_t)rows->max_rows, ny, nx};
    struct h5_scope own = h5_begin();
    hid_t space = h5_own(&own, H5Screate_simple(set->rank, dims, most));
    hid_t list = layout_untimed_list(&own);
    if (set->fill && H5Tget_class(set->type) != H5T_STRING) /* netCDF-C overflows on such fills */
        h5_check(&own, H5Pset_fill_value(list, set->type, set->fill));
    rows->place(&own, rows, list, set->path, set->rank, dims);
    hid_t created = h5_own(
        scope, H5Dcreate2(file, set->path, set->type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    if (set->units[0])
        h5_put_text(scope, created, "units", set->units);
    h5_put_text(scope, created, "long_name", set->long_name);
    h5_close_to(&own, 0);
    h5_take_failure(scope, &own);
    return created;
}

hid_t layout_create_values(struct h5_scope *scope, hid_t parent, const char *name, hid_t type,
                           int64_t count, const void *values)
{
    hsize_t dims = (hsize_t)count;
    hid_t space = h5_own(scope, H5Screate_simple(1, &dims, NULL));
    hid_t list = layout_untimed_list(scope);
    hid_t set =
        h5_own(scope, H5Dcreate2(parent, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    h5_check(scope, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    return set;
}

static hid_t create_axis(struct h5_scope *scope, hid_t file, const char *name, int64_t count,
                         double spacing)
{
    struct buffer values = {0};
    for (int64_t i = 0; i < count; i++)
        buffer_put_f64(&values, (double)i * spacing);
    hid_t axis = layout_create_values(scope, file, name, H5T_IEEE_F64LE, count, values.data);
    buffer_release(&values);
    h5_put_text(scope, axis, "units", "m");
    h5_put_text(scope, axis, "long_name", name[0] == 'x' ? "x, left to right" : "y, bottom to top");
    h5_put_text(scope, axis, "axis", name[0] == 'x' ? "X" : "Y");
    h5_check(scope, H5DSset_scale(axis, name));
    return axis;
}

static hid_t create_time(struct h5_scope *scope, hid_t file, const struct layout_rows *rows)
{
    char units[64];
    series_time_units(rows->layout->epoch_ms, units);
    const struct series_column *column = series_column(SERIES_TIME);
    struct row_dataset set = {.path = column->path,
                              .type = series_type(scope, column->kind),
                              .fill = series_fill(column->kind),
                              .rank = 1,
                              .units = units,
                              .long_name = column->long_name};
    hid_t time = layout_create_rows(scope, file, rows, &set);
    h5_put_text(scope, time, "standard_name", "time");
    h5_put_text(scope, time, "calendar", "proleptic_gregorian");
    h5_put_text(scope, time, "axis", "T");
    h5_check(scope, H5DSset_scale(time, "time"));
    return time;
}

static void create_field(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                         hid_t time)
{
    const struct layout *layout = rows->layout;
    int mark = scope->count;
    hid_t y = create_axis(scope, file, "y", layout->gny, layout->dy);
    hid_t x = create_axis(scope, file, "x", layout->gnx, layout->dx);
    struct row_dataset set = {.path = "/temperature",
                              .type = layout_cell_type(layout),
                              .rank = 3,
                              .units = "K",
                              .long_name = "temperature"};
    hid_t field = layout_create_rows(scope, file, rows, &set);
    h5_check(scope, H5DSattach_scale(field, time, 0));
    h5_check(scope, H5DSattach_scale(field, y, 1));
    h5_check(scope, H5DSattach_scale(field, x, 2));
    h5_close_to(scope, mark);
}

static void create_series(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                          hid_t time)
{
    int mark = scope->count;
    h5_group(scope, file, "series");
    for (int i = SERIES_WINDOW; i < SERIES_COLUMNS; i++) {
        int before = scope->count;
        const struct series_column *column = series_column(i);
        struct row_dataset set = {.path = column->path,
                                  .type = series_type(scope, column->kind),
                                  .fill = series_fill(column->kind),
                                  .rank = 1,
                                  .units = column->units,
                                  .long_name = column->long_name};
        h5_check(scope, H5DSattach_scale(layout_create_rows(scope, file, rows, &set), time, 0));
        h5_close_to(scope, before);
    }
    h5_close_to(scope, mark);
}

static void create_offsets(struct h5_scope *scope, hid_t file, const struct layout_offsets *offsets)
{
    if (!offsets->topic)
        return;
    int mark = scope->count;
    struct buffer numbers = {0};
    for (int p = 0; p < offsets->partitions; p++)
        buffer_put_i64(&numbers, p);
    hid_t group = h5_group(scope, file, "kafka");
    int64_t count = offsets->partitions;
    h5_put_text(scope, group, "topic", offsets->topic);
    hid_t axis =
        layout_create_values(scope, group, "partition", H5T_STD_I64LE, count, numbers.data);
    hid_t first =
        layout_create_values(scope, group, "first_offset", H5T_STD_I64LE, count, offsets->first);
    hid_t next =
        layout_create_values(scope, group, "next_offset", H5T_STD_I64LE, count, offsets->next);
    hid_t lost =
        layout_create_values(scope, group, "lost_offsets", H5T_STD_I64LE, count, offsets->lost);
    h5_check(scope, H5DSset_scale(axis, "partition"));
    h5_check(scope, H5DSattach_scale(first, axis, 0));
    h5_check(scope, H5DSattach_scale(next, axis, 0));
    h5_check(scope, H5DSattach_scale(lost, axis, 0));
    buffer_release(&numbers);
    h5_close_to(scope, mark);
}

void layout_history_line(const char *command_line, struct buffer *text)
{
    char now[32] = "";
    struct tm date;
    time_t seconds = time(NULL);
    if (gmtime_r(&seconds, &date))
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &date);
    buffer_printf(text, "%s %.4000s", now, command_line);
}

static void put_history(struct h5_scope *scope, hid_t file, const struct layout *layout)
{
    const struct provenance *provenance = layout->provenance;
    struct buffer text = {0};
    layout_history_line(provenance->argv, &text);
    h5_put_text(scope, file, "history", layout->history ? layout->history : (char *)text.data);
    buffer_clear(&text);
    buffer_printf(&text, "heatstream %s (%s)", provenance->version, provenance->git_id);
    h5_put_text(scope, file, "source", (const char *)text.data);
    buffer_release(&text);
}

static void put_axes(struct h5_scope *scope, hid_t file)
{
    static const char names[3][4] = {"time", "y", "x"};
    hsize_t count = 3;
    int mark = scope->count;
    hid_t type = h5_string_type(scope, sizeof names[0]);
    hid_t space = h5_own(scope, H5Screate_simple(1, &count, NULL));
    hid_t axes = h5_own(scope, H5Acreate2(file, "axes", type, space, H5P_DEFAULT, H5P_DEFAULT));
    h5_check(scope, H5Awrite(axes, type, names));
    h5_close_to(scope, mark);
}

static void put_root(struct h5_scope *scope, hid_t file, const struct layout *layout)
{
    h5_put_text(scope, file, "Conventions", "CF-1.10");
    h5_put_text(scope, file, "title", layout->title);
    h5_put_text(scope, file, "run_id", layout->run_id);
    h5_put_text(scope, file, "heatstream_schema", "frames/1");
    h5_put_text(scope, file, "NX_class", "NXdata");
    h5_put_text(scope, file, "signal", "temperature");
    h5_put_text(scope, file, "default", "temperature");
    put_axes(scope, file);
    put_history(scope, file, layout);
}

enum status layout_create_file(const struct layout *layout, const struct layout_rows *rows,
                               const char *path, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t access = h5_access_serial(&scope);
    hid_t file = h5_own(&scope, H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access));
    put_root(&scope, file, layout);
    hid_t time = create_time(&scope, file, rows);
    create_field(&scope, file, rows, time);
    create_series(&scope, file, rows, time);
    panels_create(&scope, file, rows, time);
    create_offsets(&scope, file, &layout->offsets);
    provenance_write(&scope, file, layout->provenance);
    enum status status = h5_end(&scope, STATUS_IO, err, "creating %s", path);
    if (status != STATUS_OK)
        unlink(path);
    return status;
}
