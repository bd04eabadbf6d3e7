#include "group_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "frames_read.h"

struct group_rows {
    struct frames_groups groups;
    struct h5_scope scope; /* owns what is open */
    struct panels_open open;
    void *values[FRAMES_PANELS_MAX]; /* of one row, of all panels in order */
    int panels;
    uint64_t *digests[FRAMES_GROUPS_MAX]; /* of the row, as stored */
};

static size_t size_of(const struct frames_panel *panel)
{
    return panel->f64 ? sizeof(double) : 1;
}

static bool has_shape(struct h5_scope *scope, hid_t set, int64_t rows, int count)
{
    hsize_t dims[2] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set));
    bool fits = !scope->failed && H5Sget_simple_extent_ndims(space) == 2 &&
                H5Sget_simple_extent_dims(space, dims, NULL) == 2 && dims[0] == (hsize_t)rows &&
                dims[1] == (hsize_t)count;
    h5_close_to(scope, mark);
    return fits;
}

/* Room for a row, and whether every dataset has its rows. */
static bool prepare(struct group_rows *rows, int64_t count)
{
    bool fits = true;
    for (int g = 0; g < rows->groups.count; g++) {
        const struct frames_group *group = &rows->groups.group[g];
        for (int i = 0; i < group->panel_count; i++, rows->panels++) {
            rows->values[rows->panels] = memory_zeroed(group->count, size_of(&group->panels[i]));
            fits = fits &&
                   has_shape(&rows->scope, rows->open.panel[rows->panels], count, group->count);
        }
        rows->digests[g] = memory_zeroed(group->count, sizeof(uint64_t));
        if (group->digested)
            fits = fits && has_shape(&rows->scope, rows->open.digests[g], count, group->count);
    }
    return fits;
}

enum status group_rows_open(hid_t file, const struct frames_groups *groups, int64_t count,
                            struct group_rows **opened, struct error *err)
{
    struct group_rows *rows = memory_zeroed(1, sizeof *rows);
    rows->groups = *groups;
    rows->scope = h5_begin();
    hid_t access = frames_rows_access(&rows->scope, file);
    panels_open(&rows->scope, file, &rows->groups, access, &rows->open);
    bool fits = !rows->scope.failed && prepare(rows, count);
    enum status status = STATUS_OK;
    if (rows->scope.failed)
        status = h5_end(&rows->scope, STATUS_BAD_DATA, err, "opening the regions");
    else if (!fits)
        status = error_set(err, STATUS_BAD_DATA, "the regions have not a row for each of %lld",
                           (long long)count);
    if (status != STATUS_OK)
        group_rows_close(rows);
    else
        *opened = rows;
    return status;
}

void group_rows_close(struct group_rows *rows)
{
    if (!rows)
        return;
    h5_close_to(&rows->scope, 0);
    for (int i = 0; i < rows->panels; i++)
        free(rows->values[i]);
    for (int i = 0; i < FRAMES_GROUPS_MAX; i++)
        free(rows->digests[i]);
    free(rows);
}

static void read_row(struct h5_scope *scope, hid_t set, hid_t type, int64_t row, int count,
                     void *values)
{
    int mark = scope->count;
    hsize_t start[2] = {(hsize_t)row, 0}, size[2] = {1, (hsize_t)count};
    hid_t memory = h5_own(scope, H5Screate_simple(2, size, NULL));
    hid_t space = h5_own(scope, H5Dget_space(set));
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL));
    h5_check(scope, H5Dread(set, type, memory, space, H5P_DEFAULT, values));
    h5_close_to(scope, mark);
}

enum status group_rows_read(struct group_rows *rows, struct panels_row *row, struct error *err)
{
    struct h5_scope scope = h5_begin();
    int at = 0;
    for (int g = 0; g < rows->groups.count; g++) {
        const struct frames_group *group = &rows->groups.group[g];
        for (int i = 0; i < group->panel_count; i++, at++)
            read_row(&scope, rows->open.panel[at],
                     group->panels[i].f64 ? H5T_IEEE_F64LE : H5T_STD_U8LE, row->row, group->count,
                     rows->values[at]);
        if (group->digested)
            read_row(&scope, rows->open.digests[g], H5T_NATIVE_UINT64, row->row, group->count,
                     rows->digests[g]);
    }
    row->values = (const void *const *)rows->values;
    return h5_end(&scope, STATUS_BAD_DATA, err, "reading the regions of row %lld",
                  (long long)row->row);
}

/* Position of a group's first panel among all. */
static int first_panel(const struct group_rows *rows, int group)
{
    int first = 0;
    for (int g = 0; g < group; g++)
        first += rows->groups.group[g].panel_count;
    return first;
}

/* What the digest of a thing's values is. */
static uint64_t digest_of(struct group_rows *rows, const struct panels_row *row,
                          const struct group_fault *at)
{
    return panels_digest_item(&rows->groups.group[at->group], row,
                              row->values + first_panel(rows, at->group), at->item);
}

static bool agrees(struct group_rows *rows, const struct panels_row *row,
                   const struct group_fault *at)
{
    return digest_of(rows, row, at) == rows->digests[at->group][at->item];
}

/* One byte of the value other than it is, so that the digest holds. The value is left as it was. */
static bool try_bytes(struct group_rows *rows, const struct panels_row *row,
                      struct group_fault *fault)
{
    const struct frames_group *group = &rows->groups.group[fault->group];
    size_t size = size_of(&group->panels[fault->panel]);
    uint8_t *value = (uint8_t *)rows->values[first_panel(rows, fault->group) + fault->panel] +
                     (size_t)fault->item * size;
    for (size_t at = 0; at < size; at++) {
        const uint8_t is = value[at];
        for (int other = 1; other < 256; other++) {
            value[at] = (uint8_t)(is ^ other);
            bool right = agrees(rows, row, fault);
            if (right)
                memcpy(fault->whole, value, size);
            value[at] = is;
            if (right)
                return true;
        }
    }
    return false;
}

void group_rows_locate(struct group_rows *rows, const struct panels_row *row,
                       struct group_fault *fault)
{
    const struct frames_group *group = &rows->groups.group[fault->group];
    uint64_t right = digest_of(rows, row, fault);
    uint64_t differing = right ^ rows->digests[fault->group][fault->item];
    for (fault->panel = 0; fault->panel < group->panel_count; fault->panel++)
        if (try_bytes(rows, row, fault))
            return;
    for (int shift = 0; shift < 64; shift += 8)
        if (!(differing & ~(UINT64_C(0xff) << shift))) {
            memcpy(fault->whole, &right, sizeof right);
            return;
        }
    fault->panel = GROUP_FAULT_ANY;
}

bool group_rows_fault(struct group_rows *rows, const struct panels_row *row,
                      struct group_fault *fault)
{
    for (;; fault->group++, fault->item = -1) {
        if (fault->group == rows->groups.count)
            return false;
        const struct frames_group *group = &rows->groups.group[fault->group];
        for (fault->item++; group->digested && fault->item < group->count; fault->item++)
            if (!agrees(rows, row, fault)) {
                fault->panel = GROUP_FAULT_ANY;
                return true;
            }
    }
}

static const char *name_of(const struct frames_group *group, int item, char number[16])
{
    for (int i = 0; i < group->label_count; i++)
        if (strcmp(group->labels[i].name, "name") == 0)
            return group->labels[i].texts[item];
    snprintf(number, 16, "%d", item);
    return number;
}

static void print_value(const struct frames_panel *panel, const void *bytes, char text[32])
{
    double value;
    memcpy(&value, bytes, panel->f64 ? sizeof value : 0);
    if (panel->f64)
        snprintf(text, 32, "%.17g", value);
    else
        snprintf(text, 32, "%d", *(const uint8_t *)bytes);
}

void group_rows_explain(struct group_rows *rows, const struct panels_row *row,
                        const struct group_fault *fault, char text[256])
{
    char number[16], is[32], was[32];
    const struct frames_group *group = &rows->groups.group[fault->group];
    const char *name = name_of(group, fault->item, number);
    if (fault->panel == GROUP_FAULT_ANY) {
        snprintf(text, 256, "/%s: the values of %s '%.60s' are not those of its /%s/digest",
                 group->name, group->axis, name, group->name);
    } else if (fault->panel == group->panel_count) {
        snprintf(text, 256, "/%s/digest of %s '%.60s' is not that of its values", group->name,
                 group->axis, name);
    } else {
        const struct frames_panel *panel = &group->panels[fault->panel];
        size_t at = (size_t)fault->item * size_of(panel);
        int index = first_panel(rows, fault->group) + fault->panel;
        print_value(panel, (const uint8_t *)row->values[index] + at, is);
        print_value(panel, fault->whole, was);
        snprintf(text, 256, "/%s/%s of %s '%.60s' is %s, by /%s/digest it was %s", group->name,
                 panel->name, group->axis, name, is, group->name, was);
    }
}

enum status group_rows_place(struct group_rows *rows, int64_t row, const struct group_fault *fault,
                             struct group_place *place, struct error *err)
{
    struct h5_scope scope = h5_begin();
    const struct frames_group *group = &rows->groups.group[fault->group];
    bool digest = fault->panel == group->panel_count;
    int index = first_panel(rows, fault->group) + fault->panel;
    hid_t set = digest ? rows->open.digests[fault->group] : rows->open.panel[index];
    size_t size = digest ? sizeof(uint64_t) : size_of(&group->panels[fault->panel]);
    const hsize_t coordinates[2] = {(hsize_t)row, 0};
    hsize_t chunk[2] = {1, 1}, stored = 0;
    unsigned filters = 0;
    haddr_t address = HADDR_UNDEF;
    hid_t list = h5_own(&scope, H5Dget_create_plist(set));
    h5_check(&scope, H5Pget_chunk(list, 2, chunk));
    bool plain = !scope.failed && H5Pget_nfilters(list) == 0;
    h5_check(&scope, H5Dget_chunk_info_by_coord(set, coordinates, &filters, &address, &stored));
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "looking where a value of row %lld lies",
               (long long)row));
    if (!plain || address == HADDR_UNDEF)
        return error_set(err, STATUS_BAD_DATA, "the values of row %lld have no place of their own",
                         (long long)row);
    int64_t within = (row % (int64_t)chunk[0]) * group->count + fault->item;
    *place = (struct group_place){(int64_t)address + within * (int64_t)size, (int64_t)size};
    return STATUS_OK;
}
