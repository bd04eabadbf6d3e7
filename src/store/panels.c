#include "panels.h"

#include <assert.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arith.h"

enum { PATH_BYTES = 96, CHUNK_VALUES = 1 << 17, LABELS_MAX = 8 };

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

static void create_digests(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                           const struct frames_group *group, const hid_t scales[2])
{
    static const uint64_t none;
    char path[PATH_BYTES];
    int mark = scope->count;
    snprintf(path, sizeof path, "/%s/digest", group->name);
    struct row_dataset set = {.path = path,
                              .type = H5T_STD_U64LE,
                              .fill = &none,
                              .rank = 2,
                              .width = group->count,
                              .units = "",
                              .long_name = "XXH3-64 of window, revision and the values beside"};
    hid_t created = layout_create_rows(scope, file, rows, &set);
    h5_check(scope, H5DSattach_scale(created, scales[0], 0));
    h5_check(scope, H5DSattach_scale(created, scales[1], 1));
    h5_close_to(scope, mark);
}

static int label_order(const void *a, const void *b)
{
    const struct frames_label *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

void panels_texts_digest(const struct frames_group *group, char hex[DIGEST_HEX])
{
    const struct frames_label *labels[LABELS_MAX];
    struct buffer all = {0};
    assert(group->label_count <= LABELS_MAX);
    for (int i = 0; i < group->label_count; i++)
        labels[i] = &group->labels[i];
    qsort(labels, (size_t)group->label_count, sizeof *labels, label_order);
    for (int i = 0; i < group->label_count; i++) {
        buffer_append(&all, labels[i]->name, strlen(labels[i]->name) + 1);
        for (int k = 0; k < group->count; k++)
            buffer_append(&all, labels[i]->texts[k], strlen(labels[i]->texts[k]) + 1);
    }
    if (group->boxes)
        buffer_append(&all, group->boxes, (size_t)group->count * sizeof *group->boxes);
    digest_hex(digest_bytes(all.data, all.size), hex);
    buffer_release(&all);
}

static void put_texts_digest(struct h5_scope *scope, hid_t parent, const struct frames_group *group)
{
    char hex[DIGEST_HEX];
    panels_texts_digest(group, hex);
    h5_put_text(scope, parent, PANELS_TEXTS_DIGEST, hex);
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
    if (group->digested) {
        create_digests(scope, file, rows, group, scales);
        put_texts_digest(scope, parent, group);
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

static hid_t open_set(struct h5_scope *scope, hid_t file, const char *path, hid_t access)
{
    return h5_own(scope, H5Dopen2(file, path, access));
}

void panels_open(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                 hid_t access, struct panels_open *opened)
{
    char path[PATH_BYTES];
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);) {
        panel_path(walk.group, walk.panel, path);
        opened->panel[walk.index] = open_set(scope, file, path, access);
    }
    for (int i = 0; i < groups->count; i++) {
        snprintf(path, sizeof path, "/%s/digest", groups->group[i].name);
        opened->digests[i] =
            groups->group[i].digested ? open_set(scope, file, path, access) : H5I_INVALID_HID;
    }
}

/* Rows first .. first + count - 1 of a dataset; values [count][width]. */
static void write_rows(struct h5_scope *scope, hid_t set, hid_t type, hsize_t width,
                       const hsize_t rows[2], const void *values)
{
    int mark = scope->count;
    hsize_t start[2] = {rows[0], 0}, count[2] = {rows[1], width};
    hid_t memory = h5_own(scope, H5Screate_simple(2, count, NULL));
    hid_t space = h5_own(scope, H5Dget_space(set));
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(scope, H5Dwrite(set, type, memory, space, H5P_DEFAULT, values));
    h5_close_to(scope, mark);
}

/* Positions of a group's panels by their names. */
static void sort_panels(const struct frames_group *group, int *order)
{
    for (int i = 0; i < group->panel_count; i++) {
        int at = i;
        for (; at > 0 && strcmp(group->panels[order[at - 1]].name, group->panels[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static uint64_t digest_item(const struct frames_group *group, const int *order,
                            const struct panels_row *row, const void *const *values, int item)
{
    uint8_t bytes[(FRAMES_PANELS_MAX + 2) * sizeof(double)];
    size_t size = sizeof row->window + sizeof row->revision;
    memcpy(bytes, &row->window, sizeof row->window);
    memcpy(bytes + sizeof row->window, &row->revision, sizeof row->revision);
    for (int i = 0; i < group->panel_count; i++) {
        size_t width = group->panels[order[i]].f64 ? sizeof(double) : 1;
        memcpy(bytes + size, (const uint8_t *)values[order[i]] + (size_t)item * width, width);
        size += width;
    }
    return XXH3_64bits(bytes, size);
}

uint64_t panels_digest_item(const struct frames_group *group, const struct panels_row *row,
                            const void *const *values, int item)
{
    int order[FRAMES_PANELS_MAX];
    sort_panels(group, order);
    return digest_item(group, order, row, values, item);
}

void panels_digest(const struct frames_group *group, const struct panels_row *row,
                   const void *const *values, uint64_t *digests)
{
    int order[FRAMES_PANELS_MAX];
    sort_panels(group, order);
    for (int item = 0; item < group->count; item++)
        digests[item] = digest_item(group, order, row, values, item);
}

void panels_write_rows(struct h5_scope *scope, const struct frames_groups *groups,
                       const struct panels_open *opened, const hsize_t rows[2],
                       const void *const *values, const uint64_t *const *digests)
{
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);)
        write_rows(scope, opened->panel[walk.index], type_of(walk.panel),
                   (hsize_t)walk.group->count, rows, values[walk.index]);
    for (int i = 0; i < groups->count; i++)
        if (groups->group[i].digested)
            write_rows(scope, opened->digests[i], H5T_NATIVE_UINT64,
                       (hsize_t)groups->group[i].count, rows, digests[i]);
}

void panels_write(struct h5_scope *scope, const struct frames_groups *groups,
                  const struct panels_open *opened, const struct panels_row *row, uint64_t *digests)
{
    const hsize_t rows[2] = {(hsize_t)row->row, 1};
    const void *const *values = row->values;
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);)
        write_rows(scope, opened->panel[walk.index], type_of(walk.panel),
                   (hsize_t)walk.group->count, rows, values[walk.index]);
    for (int i = 0; i < groups->count; values += groups->group[i++].panel_count) {
        const struct frames_group *group = &groups->group[i];
        if (!group->digested)
            continue;
        panels_digest(group, row, values, digests);
        write_rows(scope, opened->digests[i], H5T_NATIVE_UINT64, (hsize_t)group->count, rows,
                   digests);
    }
}

int64_t panels_widest(const struct frames_groups *groups)
{
    int64_t widest = 1;
    for (int i = 0; i < groups->count; i++)
        widest = max_int64(widest, groups->group[i].count);
    return widest;
}

/* Rows `first` to before `end` of a dataset of `count` things become unwritten. */
static void clear_rows(struct h5_scope *scope, hid_t set, hid_t type, const void *fill, int count,
                       const int64_t rows[2])
{
    struct buffer values = {0};
    size_t size = H5Tget_size(type);
    int64_t most = max_int64(CHUNK_VALUES / count, 1);
    for (int64_t i = 0; i < min_int64(most, rows[1] - rows[0]) * count; i++)
        buffer_append(&values, fill, size);
    for (int64_t row = rows[0]; row < rows[1]; row += most) {
        const hsize_t piece[2] = {(hsize_t)row, (hsize_t)min_int64(most, rows[1] - row)};
        write_rows(scope, set, type, (hsize_t)count, piece, values.data);
    }
    buffer_release(&values);
}

static void resize_set(struct h5_scope *scope, hid_t set, int64_t rows, int count)
{
    hsize_t dims[2] = {(hsize_t)rows, (hsize_t)count};
    if (!scope->failed)
        h5_check(scope, H5Dset_extent(set, dims));
}

void panels_resize(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                   int64_t rows, int64_t written)
{
    static const uint64_t none;
    struct panels_open opened;
    struct h5_scope own = h5_begin();
    const int64_t unwritten[2] = {written, rows};
    panels_open(&own, file, groups, H5P_DEFAULT, &opened);
    for (struct panel_walk walk = {0}; next_panel(groups, &walk);) {
        hid_t set = opened.panel[walk.index];
        resize_set(&own, set, rows, walk.group->count);
        clear_rows(&own, set, type_of(walk.panel), fill_of(walk.panel), walk.group->count,
                   unwritten);
    }
    for (int i = 0; i < groups->count; i++) {
        int count = groups->group[i].count;
        if (!groups->group[i].digested)
            continue;
        resize_set(&own, opened.digests[i], rows, count);
        clear_rows(&own, opened.digests[i], H5T_NATIVE_UINT64, &none, count, unwritten);
    }
    h5_close_to(&own, 0);
    h5_take_failure(scope, &own);
}
