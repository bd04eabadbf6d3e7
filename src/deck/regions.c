#include "deck/regions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deck/deck.h"

const struct deck_region *deck_regions(const struct deck *deck)
{
    return deck->regions.items;
}

const struct deck_relation *deck_relations(const struct deck *deck)
{
    return deck->relations.items;
}

const struct deck_alert *deck_alerts(const struct deck *deck)
{
    return deck->alerts.items;
}

int deck_region_find(const struct deck *deck, const char *name)
{
    for (int i = 0; i < deck->regions.count; i++)
        if (!strcmp(deck_regions(deck)[i].name, name))
            return i;
    return -1;
}

int deck_relation_find(const struct deck *deck, const char *name)
{
    for (int i = 0; i < deck->relations.count; i++)
        if (!strcmp(deck_relations(deck)[i].name, name))
            return i;
    return -1;
}

int deck_alert_find(const struct deck *deck, const char *name)
{
    for (int i = 0; i < deck->alerts.count; i++)
        if (!strcmp(deck_alerts(deck)[i].name, name))
            return i;
    return -1;
}

int64_t deck_whole_ms(double seconds)
{
    return llround(seconds * 1000.0);
}

void deck_region_runs(const struct deck *deck, const struct deck_region *region,
                      struct buffer *runs)
{
    const struct deck_box *box = &region->box;
    struct deck_run run = {0, box->whole ? 0 : box->y0, box->whole ? deck->grid.ny : box->y1};
    int64_t end = box->whole ? deck->grid.nx : box->x1;
    if (region->mask) {
        buffer_append(runs, region->runs, (size_t)region->run_count * sizeof *region->runs);
        return;
    }
    for (run.x = box->whole ? 0 : box->x0; run.x < end; run.x++)
        buffer_append(runs, &run, sizeof run);
}

int deck_percentiles(const struct deck *deck, int percentiles[DECK_PERCENTILES_MAX])
{
    bool asked[DECK_PERCENTILES_MAX + 1] = {false};
    int count = 0;
    for (int r = 0; r < deck->regions.count; r++) {
        const struct deck_numbers *own = &deck_regions(deck)[r].percentiles;
        for (int i = 0; i < own->count; i++)
            asked[(int)own->values[i]] = true;
    }
    for (int percentile = 1; percentile <= DECK_PERCENTILES_MAX; percentile++)
        if (asked[percentile])
            percentiles[count++] = percentile;
    return count;
}

int deck_stat_find(const struct deck *deck, const char *stat)
{
    static const char *const names[] = {"min", "mean", "max"};
    int percentiles[DECK_PERCENTILES_MAX], count = deck_percentiles(deck, percentiles);
    char name[8];
    for (int i = 0; i < 3; i++)
        if (!strcmp(stat, names[i]))
            return i;
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%d", percentiles[i]);
        if (!strcmp(stat, name))
            return 3 + i;
    }
    return -1;
}
