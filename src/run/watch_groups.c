#include "watch_groups.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "deck/regions.h"
#include "shown_regions.h"

enum { GROUPS = 3, STATS_MAX = 3 + DECK_PERCENTILES_KEPT, NAME_BYTES = 16 };

struct watch_groups {
    int regions, stats;
    struct frames_group group[GROUPS];
    int count;
    char names[STATS_MAX][NAME_BYTES], long_names[STATS_MAX][2 * NAME_BYTES];
    struct frames_panel region_panels[STATS_MAX + 1];
    struct frames_label labels[5];
    const char **texts[5]; /* owned, of the labels */
    int64_t (*boxes)[4];
    double *columns; /* [stats][regions] */
    const void *panels[FRAMES_PANELS_MAX];
};

_Static_assert(STATS_MAX + 3 <= FRAMES_PANELS_MAX, "every panel has its place");

static const struct frames_panel relation_panels[] = {
    {"value", true, "1", "mean of a divided by mean of b, where a window of it ends"}};
static const struct frames_panel alert_panels[] = {{"level", false, "1", "level, 0: none"}};

static void name_stats(struct watch_groups *groups, const struct watch_groups_config *config)
{
    static const char *const names[] = {"min", "mean", "max"};
    static const char *const words[] = {"lowest", "mean", "highest"};
    for (int i = 0; i < groups->stats; i++) {
        char *name = groups->names[i], *words_of = groups->long_names[i];
        if (i < 3) {
            snprintf(name, NAME_BYTES, "stats/%s", names[i]);
            snprintf(words_of, 2 * NAME_BYTES, "%s temperature", words[i]);
        } else {
            snprintf(name, NAME_BYTES, "stats/p%d", config->percentile[i - 3]);
            snprintf(words_of, 2 * NAME_BYTES, "percentile %d", config->percentile[i - 3]);
        }
        groups->region_panels[i] = (struct frames_panel){name, true, "K", words_of};
    }
    groups->region_panels[groups->stats] =
        (struct frames_panel){"level", false, "1", "highest level of the alerts on it, 0: none"};
}

static struct frames_label *put_label(struct watch_groups *groups, int label, const char *name,
                                      int count)
{
    groups->texts[label] = memory_zeroed(count, sizeof(char *));
    groups->labels[label] = (struct frames_label){name, groups->texts[label]};
    return &groups->labels[label];
}

static void label_regions(struct watch_groups *groups, struct frames_group *group,
                          const struct deck *deck)
{
    group->labels = put_label(groups, 0, "name", group->count);
    group->label_count = 1;
    groups->boxes = memory_zeroed(group->count, sizeof *groups->boxes);
    for (int i = 0; i < group->count; i++) {
        groups->texts[0][i] = deck_regions(deck)[i].name;
        struct watch_box box = region_box(deck, i);
        groups->boxes[i][0] = box.x0;
        groups->boxes[i][1] = box.y0;
        groups->boxes[i][2] = box.x1;
        groups->boxes[i][3] = box.y1;
    }
    group->boxes = (const int64_t(*)[4])groups->boxes;
}

static void label_relations(struct watch_groups *groups, struct frames_group *group,
                            const struct deck *deck)
{
    group->labels = put_label(groups, 1, "name", group->count);
    (void)put_label(groups, 2, "a", group->count);
    (void)put_label(groups, 3, "b", group->count);
    group->label_count = 3;
    for (int i = 0; i < group->count; i++) {
        groups->texts[1][i] = deck_relations(deck)[i].name;
        groups->texts[2][i] = deck_relations(deck)[i].a;
        groups->texts[3][i] = deck_relations(deck)[i].b;
    }
}

static void label_alerts(struct watch_groups *groups, struct frames_group *group,
                         const struct deck *deck)
{
    group->labels = put_label(groups, 4, "name", group->count);
    group->label_count = 1;
    for (int i = 0; i < group->count; i++)
        groups->texts[4][i] = deck_alerts(deck)[i].name;
}

static struct frames_group *add_group(struct watch_groups *groups, const struct frames_group *group)
{
    groups->group[groups->count] = *group;
    groups->group[groups->count].digested = true;
    return &groups->group[groups->count++];
}

struct watch_groups *watch_groups_create(const struct watch_groups_config *config)
{
    struct watch_groups *groups = memory_zeroed(1, sizeof *groups);
    const struct deck *deck = config->deck;
    groups->regions = config->regions;
    groups->stats = 3 + config->percentiles;
    groups->columns = memory_zeroed((int64_t)groups->stats * groups->regions, sizeof(double));
    name_stats(groups, config);
    struct frames_group *regions =
        add_group(groups, &(struct frames_group){.name = "regions",
                                                 .axis = "region",
                                                 .count = config->regions,
                                                 .panels = groups->region_panels,
                                                 .panel_count = groups->stats + 1});
    struct frames_group relations = {.name = "relations",
                                     .axis = "relation",
                                     .count = config->relations,
                                     .panels = relation_panels,
                                     .panel_count = 1};
    struct frames_group alerts = {.name = "alerts",
                                  .axis = "alert",
                                  .count = config->alerts,
                                  .panels = alert_panels,
                                  .panel_count = 1};
    if (deck) {
        label_regions(groups, regions, deck);
        label_relations(groups, &relations, deck);
        label_alerts(groups, &alerts, deck);
    }
    if (config->relations > 0)
        (void)add_group(groups, &relations);
    if (config->alerts > 0)
        (void)add_group(groups, &alerts);
    return groups;
}

void watch_groups_destroy(struct watch_groups *groups)
{
    if (!groups)
        return;
    for (int i = 0; i < 5; i++)
        free(groups->texts[i]);
    free(groups->boxes);
    free(groups->columns);
    free(groups);
}

struct frames_groups watch_groups_of(const struct watch_groups *groups)
{
    return (struct frames_groups){groups->group, groups->count};
}

const void *const *watch_groups_fill(struct watch_groups *groups, const double *readings,
                                     const struct watch_view *view)
{
    int at = 0;
    for (int stat = 0; stat < groups->stats; stat++) {
        double *column = groups->columns + (ptrdiff_t)stat * groups->regions;
        for (int region = 0; region < groups->regions; region++)
            column[region] = readings[region * groups->stats + stat];
        groups->panels[at++] = column;
    }
    groups->panels[at++] = view->region_levels;
    for (int i = 1; i < groups->count; i++)
        groups->panels[at++] =
            groups->group[i].panels == relation_panels ? (const void *)view->ratios : view->levels;
    return groups->panels;
}
