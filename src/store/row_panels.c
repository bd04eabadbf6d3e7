#include "row_panels.h"

#include <stdio.h>

/* Rows of a panel lie one after the other: chunks hold whole rows, and come in their order. */
static bool is_arithmetic(struct h5_scope *scope, hid_t set, int64_t rows, const hsize_t chunk[2],
                          struct row_panel *panel)
{
    unsigned filters = 0;
    haddr_t first = HADDR_UNDEF, last = HADDR_UNDEF;
    hsize_t size = 0, origin[2] = {0, 0}, newest[2] = {(hsize_t)rows - 1, 0};
    h5_check(scope, H5Dget_chunk_info_by_coord(set, origin, &filters, &first, &size));
    h5_check(scope, H5Dget_chunk_info_by_coord(set, newest, &filters, &last, &size));
    panel->at = (int64_t)first;
    return !scope->failed && filters == 0 && first != HADDR_UNDEF &&
           last == first + newest[0] / chunk[0] * size;
}

static bool look_at(struct h5_scope *scope, hid_t set, int64_t rows, struct row_panel *panel)
{
    hsize_t dims[2] = {0}, chunk[2] = {0};
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    hid_t type = h5_own(scope, H5Dget_type(set));
    bool right = !scope->failed && H5Sget_simple_extent_ndims(space) == 2 &&
                 H5Sget_simple_extent_dims(space, dims, NULL) == 2 &&
                 H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) == 2 &&
                 chunk[1] == dims[1] && (int64_t)dims[0] == rows;
    panel->width = (int64_t)dims[1];
    panel->f64 = H5Tequal(type, H5T_IEEE_F64LE) > 0;
    right = right && (panel->f64 || H5Tequal(type, H5T_STD_U8LE) > 0);
    return right && is_arithmetic(scope, set, rows, chunk, panel);
}

/* A dataset that the caller has open. */
static void take_set(hid_t set, const char *path, int64_t rows, struct row_place *place)
{
    struct h5_scope scope = h5_begin();
    struct row_panel panel = {0};
    struct error ignored;
    int length = snprintf(panel.path, sizeof panel.path, "%s", path);
    bool right = length < (int)sizeof panel.path && place->panels < FRAMES_PANELS_MAX &&
                 look_at(&scope, set, rows, &panel);
    if (h5_end(&scope, STATUS_BAD_DATA, &ignored, "%s", path) == STATUS_OK && right)
        place->panel[place->panels++] = panel;
}

static void take_panel(hid_t file, const char *path, int64_t rows, struct row_place *place)
{
    struct h5_scope scope = h5_begin();
    struct error ignored;
    hid_t set = h5_own(&scope, H5Dopen2(file, path, H5P_DEFAULT));
    if (!scope.failed)
        take_set(set, path, rows, place);
    (void)!h5_end(&scope, STATUS_BAD_DATA, &ignored, "%s", path);
}

/* Every dataset of a group that may be one, by name. */
static void take_group(hid_t file, const char *name, int64_t rows, struct row_place *place)
{
    char path[64], child[ROW_PANEL_PATH];
    struct h5_scope scope = h5_begin();
    struct error ignored;
    H5G_info_t info = {0};
    hid_t group = h5_own(&scope, H5Gopen2(file, name, H5P_DEFAULT));
    if (!scope.failed)
        h5_check(&scope, H5Gget_info(group, &info));
    for (hsize_t i = 0; i < info.nlinks && !scope.failed; i++) {
        ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, child,
                                            sizeof child, H5P_DEFAULT);
        if (length <= 0 || length >= (ssize_t)sizeof child)
            continue;
        snprintf(path, sizeof path, "%s/%s", name, child);
        take_panel(file, path, rows, place);
    }
    (void)!h5_end(&scope, STATUS_BAD_DATA, &ignored, "%s", name);
}

void row_panels_find(struct h5_scope *scope, hid_t file, int64_t rows, struct row_place *place)
{
    static const char *const folders[] = {"regions", "relations", "alerts"};
    place->panels = 0;
    for (int i = 0; i < 3; i++)
        if (!scope->failed && H5Lexists(file, folders[i], H5P_DEFAULT) > 0)
            take_group(file, folders[i], rows, place);
    if (!scope->failed && H5Lexists(file, "regions", H5P_DEFAULT) > 0 &&
        H5Lexists(file, "regions/stats", H5P_DEFAULT) > 0)
        take_group(file, "regions/stats", rows, place);
}

void row_panels_of_open(const struct frames_groups *groups, const hid_t *panels, int64_t rows,
                        struct row_place *place)
{
    char path[64];
    place->panels = 0;
    for (int i = 0; i < groups->count; i++) {
        const struct frames_group *group = &groups->group[i];
        for (int j = 0; j < group->panel_count; j++) {
            snprintf(path, sizeof path, "%s/%s", group->name, group->panels[j].name);
            take_set(*panels++, path, rows, place);
        }
    }
}
