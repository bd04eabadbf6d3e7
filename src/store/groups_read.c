#include "groups_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "panels.h"

enum { GROUPS = 3, LABELS_MAX = 8, MOST_ITEMS = 1 << 20, NAME_BYTES = 64 };

static const struct {
    const char *name, *axis;
} known[GROUPS] = {{"regions", "region"}, {"relations", "relation"}, {"alerts", "alert"}};

/* One group and what it points to; everything is owned. */
struct group_texts {
    struct frames_panel panels[FRAMES_PANELS_MAX];
    struct frames_label labels[LABELS_MAX];
    int64_t (*boxes)[4];
};

struct groups_read {
    struct frames_group group[GROUPS];
    struct group_texts texts[GROUPS];
    int count, panels;
};

/* While a group is read. */
struct reading {
    struct h5_scope *scope;
    struct groups_read *read;
    struct frames_group *group;
    struct group_texts *texts;
    const char *folder; /* "" or "stats/" */
    bool wrong;
};

static char *text_of(struct h5_scope *scope, hid_t set, const char *attribute)
{
    struct buffer text = {0};
    if (H5Aexists(set, attribute) > 0)
        h5_get_text(scope, set, attribute, &text);
    buffer_put_u8(&text, '\0');
    return (char *)text.data;
}

static void take_panel(struct reading *reading, hid_t set, const char *name)
{
    struct frames_group *group = reading->group;
    int mark = reading->scope->count;
    hid_t type = h5_own(reading->scope, H5Dget_type(set));
    bool f64 = H5Tequal(type, H5T_IEEE_F64LE) > 0, bytes = H5Tequal(type, H5T_STD_U8LE) > 0;
    h5_close_to(reading->scope, mark);
    if ((!f64 && !bytes) || reading->read->panels == FRAMES_PANELS_MAX) {
        reading->wrong = true;
        return;
    }
    struct buffer full = {0};
    buffer_printf(&full, "%s%s", reading->folder, name);
    buffer_put_u8(&full, '\0');
    reading->texts->panels[group->panel_count++] =
        (struct frames_panel){.name = (char *)full.data,
                              .f64 = f64,
                              .units = text_of(reading->scope, set, "units"),
                              .long_name = text_of(reading->scope, set, "long_name")};
    reading->read->panels++;
}

static void take_label(struct reading *reading, hid_t set, const char *name)
{
    struct h5_scope *scope = reading->scope;
    struct frames_group *group = reading->group;
    if (group->label_count == LABELS_MAX) {
        reading->wrong = true;
        return;
    }
    int mark = scope->count;
    hid_t type = h5_own(scope, H5Dget_type(set));
    size_t size = H5Tget_size(type);
    char *all = memory_zeroed(group->count, size + 1), **texts = NULL;
    if (!scope->failed && H5Tis_variable_str(type) == 0)
        h5_check(scope, H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all));
    texts = memory_zeroed(group->count, sizeof *texts);
    for (int i = 0; i < group->count; i++) {
        texts[i] = memory_zeroed((int64_t)size + 1, 1);
        memcpy(texts[i], all + (size_t)i * size, size);
    }
    free(all);
    h5_close_to(scope, mark);
    reading->texts->labels[group->label_count++] =
        (struct frames_label){memory_text(name), (const char *const *)texts};
}

static void take_boxes(struct reading *reading, hid_t set)
{
    reading->texts->boxes = memory_zeroed(reading->group->count, sizeof *reading->texts->boxes);
    h5_check(reading->scope,
             H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, reading->texts->boxes));
    reading->group->boxes = (const int64_t(*)[4])reading->texts->boxes;
}

/* A dataset by its shape and type: one text a thing, its box, or a panel. */
static void take_dataset(struct reading *reading, hid_t set, const char *name)
{
    struct h5_scope *scope = reading->scope;
    hsize_t dims[2] = {0}, count = (hsize_t)reading->group->count;
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set)), type = h5_own(scope, H5Dget_type(set));
    int rank = scope->failed ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank == 1 || rank == 2)
        h5_check(scope, H5Sget_simple_extent_dims(space, dims, NULL));
    bool text = !scope->failed && H5Tget_class(type) == H5T_STRING;
    h5_close_to(scope, mark);
    if (scope->failed)
        return;
    if (rank == 1 && text && dims[0] == count)
        take_label(reading, set, name);
    else if (rank == 2 && strcmp(name, "box") == 0 && dims[0] == count && dims[1] == 4)
        take_boxes(reading, set);
    else if (rank == 2 && dims[1] == count && strcmp(name, "digest") == 0)
        reading->group->digested = true;
    else if (rank == 2 && dims[1] == count)
        take_panel(reading, set, name);
    else
        reading->wrong = rank != 1; /* axes are one-dimensional */
}

static herr_t take_link(hid_t folder, const char *name, const H5L_info_t *info, void *context)
{
    struct reading *reading = context;
    struct h5_scope *scope = reading->scope;
    int mark = scope->count;
    (void)info;
    if (scope->failed || reading->wrong || strlen(name) >= NAME_BYTES)
        return reading->wrong = true, 0;
    hid_t object = h5_own(scope, H5Oopen(folder, name, H5P_DEFAULT));
    if (!scope->failed && H5Iget_type(object) == H5I_DATASET) {
        take_dataset(reading, object, name);
    } else if (!scope->failed && !*reading->folder) {
        char inner[NAME_BYTES + 2];
        snprintf(inner, sizeof inner, "%s/", name);
        reading->folder = inner;
        h5_check(scope, H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, NULL, take_link, reading));
        reading->folder = "";
    }
    h5_close_to(scope, mark);
    return 0;
}

static int count_items(struct h5_scope *scope, hid_t folder, const char *axis)
{
    hsize_t dims[1] = {0};
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(folder, axis, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    if (!scope->failed && H5Sget_simple_extent_ndims(space) == 1)
        h5_check(scope, H5Sget_simple_extent_dims(space, dims, NULL));
    h5_close_to(scope, mark);
    return dims[0] >= 1 && dims[0] <= MOST_ITEMS ? (int)dims[0] : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct frames_panel *)a)->name, ((const struct frames_panel *)b)->name);
}

/* Numbers along the axis, and texts and boxes by their digest, where they have one. */
static bool is_proven(struct h5_scope *scope, hid_t folder, const struct frames_group *group)
{
    char right[DIGEST_HEX];
    struct buffer said = {0};
    int mark = scope->count;
    int64_t *numbers = memory_zeroed(group->count, sizeof *numbers);
    hid_t axis = h5_own(scope, H5Dopen2(folder, group->axis, H5P_DEFAULT));
    h5_check(scope, H5Dread(axis, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers));
    bool proven = !scope->failed;
    for (int i = 0; i < group->count; i++)
        proven = proven && numbers[i] == i;
    free(numbers);
    panels_texts_digest(group, right);
    h5_get_text(scope, folder, PANELS_TEXTS_DIGEST, &said);
    proven = proven && said.size == DIGEST_HEX - 1 && memcmp(said.data, right, said.size) == 0;
    buffer_release(&said);
    h5_close_to(scope, mark);
    return proven;
}

static bool read_group(struct h5_scope *scope, hid_t file, int which, struct groups_read *read)
{
    int mark = scope->count, at = read->count;
    struct frames_group *group = &read->group[at];
    struct group_texts *texts = &read->texts[at];
    struct reading reading = {scope, read, group, texts, "", false};
    hid_t folder = h5_own(scope, H5Gopen2(file, known[which].name, H5P_DEFAULT));
    *group = (struct frames_group){.name = known[which].name,
                                   .axis = known[which].axis,
                                   .count = count_items(scope, folder, known[which].axis),
                                   .labels = texts->labels,
                                   .panels = texts->panels};
    read->count++;
    if (!scope->failed && group->count > 0)
        h5_check(scope, H5Literate(folder, H5_INDEX_NAME, H5_ITER_INC, NULL, take_link, &reading));
    qsort(texts->panels, (size_t)group->panel_count, sizeof *texts->panels, by_name);
    bool right = !scope->failed && group->count > 0 && !reading.wrong;
    if (right && group->digested)
        right = is_proven(scope, folder, group);
    h5_close_to(scope, mark);
    return right;
}

enum status groups_read_open(hid_t file, const char *path, struct groups_read **out,
                             struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct groups_read *read = memory_zeroed(1, sizeof *read);
    enum status status = STATUS_OK;
    for (int i = 0; i < GROUPS && status == STATUS_OK && !scope.failed; i++) {
        htri_t there = h5_check(&scope, H5Lexists(file, known[i].name, H5P_DEFAULT)) > 0;
        if (there && !read_group(&scope, file, i, read) && !scope.failed)
            status = error_set(err, STATUS_BAD_DATA,
                               "%s: names or shapes of /%s are not as they were written", path,
                               known[i].name);
    }
    struct error reason;
    if (h5_end(&scope, STATUS_BAD_DATA, &reason, "reading the regions of %s", path) != STATUS_OK)
        status = error_set(err, STATUS_BAD_DATA, "%s", reason.text);
    if (status != STATUS_OK)
        groups_read_close(read);
    else
        *out = read;
    return status;
}

static void release_group(struct frames_group *group, struct group_texts *texts)
{
    for (int i = 0; i < group->panel_count; i++) {
        free((char *)texts->panels[i].name);
        free((char *)texts->panels[i].units);
        free((char *)texts->panels[i].long_name);
    }
    for (int i = 0; i < group->label_count; i++) {
        for (int k = 0; k < group->count; k++)
            free((char *)texts->labels[i].texts[k]);
        free((void *)texts->labels[i].texts);
        free((char *)texts->labels[i].name);
    }
    free(texts->boxes);
}

void groups_read_close(struct groups_read *read)
{
    for (int i = 0; read && i < read->count; i++)
        release_group(&read->group[i], &read->texts[i]);
    free(read);
}

struct frames_groups groups_read_groups(const struct groups_read *read)
{
    return (struct frames_groups){read->group, read->count};
}

static bool same_labels(const struct frames_group *a, const struct frames_group *b)
{
    bool same = a->label_count == b->label_count;
    for (int i = 0; same && i < a->label_count; i++) {
        same = strcmp(a->labels[i].name, b->labels[i].name) == 0;
        for (int k = 0; same && k < a->count; k++)
            same = strcmp(a->labels[i].texts[k], b->labels[i].texts[k]) == 0;
    }
    return same;
}

static bool same_group(const struct frames_group *a, const struct frames_group *b)
{
    bool same = strcmp(a->name, b->name) == 0 && a->count == b->count &&
                a->panel_count == b->panel_count && !a->boxes == !b->boxes &&
                a->digested == b->digested && same_labels(a, b);
    for (int i = 0; same && i < a->panel_count; i++)
        same = strcmp(a->panels[i].name, b->panels[i].name) == 0 &&
               a->panels[i].f64 == b->panels[i].f64;
    return same &&
           (!a->boxes || memcmp(a->boxes, b->boxes, (size_t)a->count * sizeof *a->boxes) == 0);
}

bool groups_read_equal(const struct groups_read *a, const struct groups_read *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++)
        same = same_group(&a->group[i], &b->group[i]);
    return same;
}
