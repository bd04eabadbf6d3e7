#include "groups_compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "group_rows.h"
#include "groups_read.h"

/* One value of a row of A, and where B has it. */
struct pair {
    int panel[2], item[2]; /* of all panels of a side */
    bool f64;
    struct compare_thing thing;
};

struct side {
    struct groups_read *groups; /* of the first file */
    struct group_rows *rows;    /* of the present one */
    int64_t segment;
};

struct groups_compare {
    struct side sides[2];
    struct pair *pairs; /* NULL: nothing has been read yet */
    int64_t count, capacity;
    struct buffer alone; /* struct compare_thing, of what one side has */
};

struct groups_compare *groups_compare_create(void)
{
    return memory_zeroed(1, sizeof(struct groups_compare));
}

void groups_compare_destroy(struct groups_compare *compare)
{
    if (!compare)
        return;
    for (int s = 0; s < 2; s++) {
        group_rows_close(compare->sides[s].rows);
        groups_read_close(compare->sides[s].groups);
    }
    free(compare->pairs);
    buffer_release(&compare->alone);
    free(compare);
}

/* All files of a side have the same regions. */
static enum status enter_file(struct side *side, const struct compared_row *row, struct error *err)
{
    struct groups_read *read;
    hid_t file = frames_reader_file(row->reader);
    int64_t segment = frames_set_segment(row->set);
    if (side->rows && side->segment == segment)
        return STATUS_OK;
    group_rows_close(side->rows);
    side->rows = NULL;
    TRY(groups_read_open(file, frames_set_path(row->set), &read, err));
    bool equal = !side->groups || groups_read_equal(side->groups, read);
    if (side->groups)
        groups_read_close(read);
    else
        side->groups = read;
    if (!equal)
        return error_set(err, STATUS_BAD_DATA,
                         "%s: segment %lld has other regions than those before",
                         frames_set_path(row->set), (long long)segment);
    struct frames_groups groups = groups_read_groups(side->groups);
    side->segment = segment;
    return group_rows_open(file, &groups, frames_reader_shape(row->reader).rows, &side->rows, err);
}

static const char *name_of(const struct frames_group *group, int item)
{
    for (int i = 0; i < group->label_count; i++)
        if (strcmp(group->labels[i].name, "name") == 0)
            return group->labels[i].texts[item];
    return "";
}

static struct compare_thing thing_of(const struct frames_group *group, const char *panel, int item)
{
    struct compare_thing thing = {.where = COMPARE_BOTH};
    snprintf(thing.panel, sizeof thing.panel, "/%s/%.60s", group->name, panel);
    snprintf(thing.name, sizeof thing.name, "%.63s", name_of(group, item));
    return thing;
}

/* Mostly at the same place. */
static int find_item(const struct frames_group *group, const char *name, int guess)
{
    if (guess < group->count && strcmp(name_of(group, guess), name) == 0)
        return guess;
    for (int i = 0; i < group->count; i++)
        if (strcmp(name_of(group, i), name) == 0)
            return i;
    return -1;
}

static const struct frames_group *find_group(struct frames_groups groups, const char *name,
                                             int *first_panel)
{
    *first_panel = 0;
    for (int i = 0; i < groups.count; *first_panel += groups.group[i++].panel_count)
        if (strcmp(groups.group[i].name, name) == 0)
            return &groups.group[i];
    return NULL;
}

static int find_panel(const struct frames_group *group, const char *name)
{
    for (int i = 0; group && i < group->panel_count; i++)
        if (strcmp(group->panels[i].name, name) == 0)
            return i;
    return -1;
}

static void add_pair(struct groups_compare *compare, const struct pair *pair)
{
    compare->pairs =
        memory_grow(compare->pairs, &compare->capacity, compare->count + 1, sizeof *pair);
    compare->pairs[compare->count++] = *pair;
}

/* The values of a panel of one side: pairs with the other's, or alone. */
static void match_panel(struct groups_compare *compare, int s, const struct frames_group *group,
                        int own, int index)
{
    int first;
    const struct frames_panel *panel = &group->panels[own];
    struct frames_groups others = groups_read_groups(compare->sides[1 - s].groups);
    const struct frames_group *other = find_group(others, group->name, &first);
    int at = find_panel(other, panel->name);
    bool same = at >= 0 && other->panels[at].f64 == panel->f64;
    for (int item = 0; item < group->count; item++) {
        struct compare_thing thing = thing_of(group, panel->name, item);
        int there = same ? find_item(other, name_of(group, item), item) : -1;
        const struct pair pair = {{index, first + at}, {item, there}, panel->f64, thing};
        if (there >= 0 && s == 0)
            add_pair(compare, &pair);
        thing.where = s == 0 ? COMPARE_ONLY_A : COMPARE_ONLY_B;
        if (there < 0)
            buffer_append(&compare->alone, &thing, sizeof thing);
    }
}

static void match_all(struct groups_compare *compare)
{
    compare->pairs = memory_grow(NULL, &compare->capacity, 1, sizeof *compare->pairs);
    for (int s = 0; s < 2; s++) {
        struct frames_groups groups = groups_read_groups(compare->sides[s].groups);
        for (int g = 0, index = 0; g < groups.count; g++)
            for (int i = 0; i < groups.group[g].panel_count; i++)
                match_panel(compare, s, &groups.group[g], i, index++);
    }
}

static double value_at(const struct panels_row *row, const struct pair *pair, int s)
{
    const void *values = row->values[pair->panel[s]];
    return pair->f64 ? ((const double *)values)[pair->item[s]]
                     : (double)((const uint8_t *)values)[pair->item[s]];
}

/* NaN, which a relation has between its windows, is equal to NaN. */
static void note(struct pair *pair, int64_t window, double a, double b)
{
    struct compare_thing *thing = &pair->thing;
    if (memcmp(&a, &b, sizeof a) == 0)
        return;
    if (thing->windows++ == 0) {
        thing->first_window = window;
        thing->a = a;
        thing->b = b;
    }
    double size = isnan(a - b) ? (double)INFINITY : fabs(a - b);
    thing->max = fmax(thing->max, size);
}

enum status groups_compare_rows(struct groups_compare *compare, const struct compared_row rows[2],
                                struct error *err)
{
    struct panels_row panels[2] = {{.row = rows[0].local}, {.row = rows[1].local}};
    for (int s = 0; s < 2; s++) {
        TRY(enter_file(&compare->sides[s], &rows[s], err));
        TRY(group_rows_read(compare->sides[s].rows, &panels[s], err));
    }
    if (!compare->pairs)
        match_all(compare);
    for (int64_t i = 0; i < compare->count; i++)
        note(&compare->pairs[i], rows[0].window, value_at(&panels[0], &compare->pairs[i], 0),
             value_at(&panels[1], &compare->pairs[i], 1));
    return STATUS_OK;
}

void groups_compare_tell(const struct groups_compare *compare,
                         void (*tell)(void *context, const struct compare_thing *thing),
                         void *context)
{
    const struct compare_thing *alone = (const void *)compare->alone.data;
    for (int64_t i = 0; i < compare->count; i++)
        if (compare->pairs[i].thing.windows > 0)
            tell(context, &compare->pairs[i].thing);
    for (size_t i = 0; i < compare->alone.size / sizeof *alone; i++)
        tell(context, &alone[i]);
}
