#include "panels.h"

#include <assert.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"

enum { PATH_BYTES = 96, CHUNK_VALUES = 1 << 17 };

static hid_t type_of(const struct frames_panel *panel)
{
    return panel->f64 ? H5T_IEEE_F64LE : H5T_STD_U8LE;
}

static const void *fill_of(const struct frames_panel *panel)
{
    static const double not_a_number = NAN;
    static const uint8_t zero;
    return panel->f64 ? (const void *)&not_a_number : &zero;
}

static void panel_path(const struct frames_group *group, const struct frames_panel *panel,
                       char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "/%s/%s", group->name, panel->name);
}

/* The group that a panel's name leads into, unless it is there. */
static void create_subgroup(struct h5_scope *scope, hid_t parent, const char *name)
{
    char folder[PATH_BYTES];
    size_t length = strcspn(name, "/");
    snprintf(folder, sizeof folder, "%.*s", (int)length, name);
    if (name[length] == '/' && !scope->failed && H5Lexists(parent, folder, H5P_DEFAULT) == 0)
        h5_group(scope, parent, folder);
}

static void create_label(struct h5_scope *scope, hid_t parent, const struct frames_group *group,
                         const struct frames_label *label, hid_t axis)
{
    size_t longest = 1;
    struct buffer texts = {0};
    for (int i = 0; i < group->count; i++)
        longest = strlen(label->texts[i]) > longest ? strlen(label->texts[i]) : longest;
    for (int i = 0; i < group->count; i++) {
        char *text = buffer_reserve(&texts, longest);
        memset(text, 0, longest);
        memcpy(text, label->texts[i], strlen(label->texts[i]));
        texts.size += longest;
    }
    hid_t set = layout_create_values(scope, parent, label->name, h5_string_type(scope, longest),
                                     group->count, texts.data);
    h5_check(scope, H5DSattach_scale(set, axis, 0));
    buffer_release(&texts);
}

/* A dimension scale of the numbers from 0: netCDF wants one for every dimension. */
static hid_t create_axis(struct h5_scope *scope, hid_t parent, const char *name, int count)
{
    struct buffer numbers = {0};
    for (int i = 0; i < count; i++)
        buffer_put_i64(&numbers, i);
    hid_t axis = layout_create_values(scope, parent, name, H5T_STD_I64LE, count, numbers.data);
    h5_check(scope, H5DSset_scale(axis, name));
    buffer_release(&numbers);
    return axis;
}

static void create_boxes(struct h5_scope *scope, hid_t parent, const struct frames_group *group,
                         hid_t axis)
{
    hsize_t dims[2] = {(hsize_t)group->count, 4};
    hid_t space = h5_own(scope, H5Screate_simple(2, dims, NULL));
    hid_t list = layout_untimed_list(scope);
    hid_t set = h5_own(
        scope, H5Dcreate2(parent, "box", H5T_STD_I64LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    h5_check(scope, H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, group->boxes));
    h5_check(scope, H5DSattach_scale(set, axis, 0));
    h5_check(scope, H5DSattach_scale(set, create_axis(scope, parent, "corner", 4), 1));
    h5_put_text(scope, set, "long_name", "x0, y0, x1, y1: columns x0 .. x1 - 1, rows y0 .. y1 - 1");
}

static void create_panel(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                         const struct frames_group *group, const struct frames_panel *panel,
                         const hid_t scales[2])
{
    char path[PATH_BYTES];
    int mark = scope->count;
    panel_path(group, panel, path);
    struct row_dataset set = {.path = path,
                              .type = type_of(panel),
                              .fill = fill_of(panel),
                              .rank = 2,
                              .width = group->count,
                              .units = panel->units,
                              .long_name = panel->long_name};
    hid_t created = layout_create_rows(scope, file, rows, &set);
    h5_check(scope, H5DSattach_scale(created, scales[0], 0));
    h5_check(scope, H5DSattach_scale(created, scales[1], 1));
    h5_close_to(scope, mark);
}

static void create_group(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                         const struct frames_group *group, hid_t time)
{
    int mark = scope->count;
    hid_t parent = h5_group(scope, file, group->name);
    hid_t scales[2] = {time, create_axis(scope, parent, group->axis, group->count)};
    for (int i = 0; i < group->label_count; i++)
        create_label(scope, parent, group, &group->labels[i], scales[1]);
    if (group->boxes)
        create_boxes(scope, parent, group, scales[1]);
    for (int i = 0; i < group->panel_count; i++) {
        create_subgroup(scope, parent, group->panels[i].name);
        create_panel(scope, file, rows, group, &group->panels[i], scales);
    }
    h5_close_to(scope, mark);
}

void panels_create(struct h5_scope *scope, hid_t file, const struct layout_rows *rows, hid_t time)
{
    const struct frames_groups *groups = &rows->layout->groups;
    for (int i = 0; i < groups->count; i++)
        create_group(scope, file, rows, &groups->group[i], time);
}

void panels_chunk(const hsize_t dims[2], hsize_t chunk[2])
{
    int64_t most = max_int64(CHUNK_VALUES / (int64_t)dims[1], 1);
    chunk[0] = (hsize_t)min_int64((int64_t)dims[0], most);
    chunk[1] = dims[1];
}

/* What is done with every panel in order. */
struct panel_walk {
    const struct frames_group *group;
    const struct frames_panel *panel;
    int group_at, panel_at, index; /* index: of all panels */
};

static bool next_panel(const struct frames_groups *groups, struct panel_walk *walk)
{
    walk->index += walk->panel != NULL;
    walk->panel_at += walk->panel != NULL;
    while (walk->group_at < groups->count &&
           walk->panel_at == groups->group[walk->group_at].panel_count) {
        walk->group_at++;
        walk->panel_at = 0;
    }
    if (walk->group_at == groups->count)
        return false;
    assert(walk->index < FRAMES_PANELS_MAX);
    walk->group = &groups->group[walk->group_at];
    walk->panel = &walk->group->panels[walk->panel_at];
    return true;
}

void panels_open(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                 hid_t panels[FRAMES_PANELS_MAX])
{
    char path[PATH_BYTES];
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);) {
        panel_path(walk.group, walk.panel, path);
        panels[walk.index] = h5_own(scope, H5Dopen2(file, path, H5P_DEFAULT));
    }
}

/* Rows first .. first + count - 1 of a panel; values [count][width]. */
static void write_rows(struct h5_scope *scope, hid_t set, const struct panel_walk *walk,
                       const hsize_t rows[2], const void *values)
{
    int mark = scope->count;
    hsize_t start[2] = {rows[0], 0}, count[2] = {rows[1], (hsize_t)walk->group->count};
    hid_t memory = h5_own(scope, H5Screate_simple(2, count, NULL));
    hid_t space = h5_own(scope, H5Dget_space(set));
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(scope, H5Dwrite(set, type_of(walk->panel), memory, space, H5P_DEFAULT, values));
    h5_close_to(scope, mark);
}

void panels_write(struct h5_scope *scope, const struct frames_groups *groups, const hid_t *panels,
                  int64_t row, const void *const *values)
{
    const hsize_t rows[2] = {(hsize_t)row, 1};
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);)
        write_rows(scope, panels[walk.index], &walk, rows, values[walk.index]);
}

static void clear_rows(struct h5_scope *scope, hid_t set, const struct panel_walk *walk,
                       int64_t first, int64_t end)
{
    struct buffer values = {0};
    size_t size = walk->panel->f64 ? sizeof(double) : 1;
    int64_t most = max_int64(CHUNK_VALUES / walk->group->count, 1);
    for (int64_t i = 0; i < min_int64(most, end - first) * walk->group->count; i++)
        buffer_append(&values, fill_of(walk->panel), size);
    for (int64_t row = first; row < end; row += most) {
        const hsize_t rows[2] = {(hsize_t)row, (hsize_t)min_int64(most, end - row)};
        write_rows(scope, set, walk, rows, values.data);
    }
    buffer_release(&values);
}

void panels_resize(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                   int64_t rows, int64_t written)
{
    char path[PATH_BYTES];
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);) {
        int mark = scope->count;
        hsize_t dims[2] = {(hsize_t)rows, (hsize_t)walk.group->count};
        panel_path(walk.group, walk.panel, path);
        hid_t set = h5_own(scope, H5Dopen2(file, path, H5P_DEFAULT));
        if (!scope->failed)
            h5_check(scope, H5Dset_extent(set, dims));
        clear_rows(scope, set, &walk, written, rows);
        h5_close_to(scope, mark);
    }
}
