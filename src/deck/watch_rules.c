#include "watch_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "deck/regions.h"
#include "mask.h"

enum status watch_rules_read_masks(struct deck *deck, struct error *err)
{
    struct deck_region *regions = deck->regions.items;
    for (int i = 0; i < deck->regions.count; i++) {
        struct deck_region *region = &regions[i];
        struct buffer runs = {0};
        struct error reason;
        if (!region->mask)
            continue;
        enum status status =
            mask_read(region->mask, *region->mark, deck->grid.nx, deck->grid.ny, &runs, &reason);
        region->runs = (void *)runs.data;
        region->run_count = (int64_t)(runs.size / sizeof *region->runs);
        if (status != STATUS_OK)
            return deck_error(deck, "regions", err, "`%s`: %s", region->name, reason.text);
        hash_hex(runs.data, runs.size, region->mask_digest);
    }
    return STATUS_OK;
}

void watch_rules_release(struct deck *deck)
{
    struct deck_region *regions = deck->regions.items;
    for (int i = 0; i < deck->regions.count; i++)
        free(regions[i].runs);
}

static enum status check_name(const struct deck *deck, const char *key, const char *name,
                              bool first, struct error *err)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    if (name[strspn(name, good)] != '\0')
        return deck_error(deck, key, err, "`%.60s` is no name: letters, digits, `.`, `_` and `-`",
                          name);
    if (strcmp(name, "all") == 0)
        return deck_error(deck, key, err, "`all` is the whole grid: choose another name");
    return first ? STATUS_OK : deck_error(deck, key, err, "`%s` is there twice", name);
}

static enum status check_box(const struct deck *deck, const struct deck_region *region,
                             struct error *err)
{
    const struct deck_box *box = &region->box;
    if (box->whole)
        return STATUS_OK;
    if (region->mask)
        return deck_error(deck, "regions", err, "`%s` has a box and a mask: one of the two",
                          region->name);
    if (box->x0 >= box->x1 || box->y0 >= box->y1)
        return deck_error(deck, "regions", err,
                          "`%s`: [%lld, %lld, %lld, %lld] holds no cell: x0 < x1 and y0 < y1",
                          region->name, (long long)box->x0, (long long)box->y0, (long long)box->x1,
                          (long long)box->y1);
    if (box->x1 > deck->grid.nx || box->y1 > deck->grid.ny)
        return deck_error(deck, "regions", err,
                          "`%s` reaches to column %lld and row %lld, the grid only to %lld and "
                          "%lld",
                          region->name, (long long)box->x1 - 1, (long long)box->y1 - 1,
                          (long long)deck->grid.nx - 1, (long long)deck->grid.ny - 1);
    return STATUS_OK;
}

static bool is_rising(const struct deck_numbers *numbers)
{
    for (int i = 1; i < numbers->count; i++)
        if (!(numbers->values[i] > numbers->values[i - 1]))
            return false;
    return true;
}

static enum status check_region(const struct deck *deck, int i, struct error *err)
{
    const struct deck_region *region = &deck_regions(deck)[i];
    const struct deck_numbers *percentiles = &region->percentiles;
    TRY(check_name(deck, "regions", region->name, deck_region_find(deck, region->name) == i, err));
    TRY(check_box(deck, region, err));
    for (int p = 0; p < percentiles->count; p++)
        if (percentiles->values[p] != trunc(percentiles->values[p]))
            return deck_error(deck, "regions", err, "`%s`: percentile %g is not whole",
                              region->name, percentiles->values[p]);
    if (!is_rising(percentiles))
        return deck_error(deck, "regions", err, "`%s`: percentiles must rise", region->name);
    return STATUS_OK;
}

static enum status check_stat(const struct deck *deck, const char *key, const char *name,
                              const char *stat, struct error *err)
{
    if (deck_stat_find(deck, stat) >= 0)
        return STATUS_OK;
    return deck_error(deck, key, err,
                      "`%s`: no statistic `%s`: min, mean, max, or p and one of the regions' "
                      "percentiles",
                      name, stat);
}

/* The window must end with a frame. */
static bool is_whole_frames(const struct deck *deck, double window_s)
{
    int64_t frame_ms, whole_ms = deck_whole_ms(window_s);
    if (__builtin_mul_overflow(deck->time.window_ms, deck->frames.every, &frame_ms))
        return false;
    return fabs((double)whole_ms - window_s * 1000.0) < 1e-6 && whole_ms > 0 &&
           whole_ms % frame_ms == 0;
}

static enum status check_relation(const struct deck *deck, int i, struct error *err)
{
    const struct deck_relation *relation = &deck_relations(deck)[i];
    const char *const regions[] = {relation->a, relation->b};
    bool first = deck_relation_find(deck, relation->name) == i;
    TRY(check_name(deck, "relations", relation->name, first, err));
    for (int r = 0; r < 2; r++)
        if (deck_region_find(deck, regions[r]) < 0)
            return deck_error(deck, "relations", err, "`%s`: no region `%s`", relation->name,
                              regions[r]);
    if (!is_whole_frames(deck, relation->window_s))
        return deck_error(deck, "relations", err,
                          "`%s`: window_s is %g, which is no multiple of the time between frames, "
                          "%lld ms times %lld",
                          relation->name, relation->window_s, (long long)deck->time.window_ms,
                          (long long)deck->frames.every);
    return check_stat(deck, "relations", relation->name, relation->stat, err);
}

static enum status check_source(const struct deck *deck, int i, struct error *err)
{
    const struct deck_alert *alert = &deck_alerts(deck)[i];
    int sources = !!alert->region + !!alert->relation + !!alert->alert;
    if (sources != 1)
        return deck_error(deck, "alerts", err, "`%s` needs one of region, relation and alert",
                          alert->name);
    if (alert->region && deck_region_find(deck, alert->region) < 0)
        return deck_error(deck, "alerts", err, "`%s`: no region `%s`", alert->name, alert->region);
    if (alert->relation && deck_relation_find(deck, alert->relation) < 0)
        return deck_error(deck, "alerts", err, "`%s`: no relation `%s`", alert->name,
                          alert->relation);
    int source = alert->alert ? deck_alert_find(deck, alert->alert) : -1;
    if (alert->alert && (source < 0 || source >= i))
        return deck_error(deck, "alerts", err, "`%s`: no alert `%s` before it in the list",
                          alert->name, alert->alert);
    return STATUS_OK;
}

static enum status check_alert(const struct deck *deck, int i, struct error *err)
{
    const struct deck_alert *alert = &deck_alerts(deck)[i];
    TRY(check_name(deck, "alerts", alert->name, deck_alert_find(deck, alert->name) == i, err));
    TRY(check_source(deck, i, err));
    if (alert->levels.count == 0 && !alert->alert)
        return deck_error(deck, "alerts", err, "`%s` has no levels", alert->name);
    if (alert->levels.count > DECK_LEVELS_MAX)
        return deck_error(deck, "alerts", err, "`%s` has %d levels, at most %d", alert->name,
                          alert->levels.count, DECK_LEVELS_MAX);
    if (!is_rising(&alert->levels))
        return deck_error(deck, "alerts", err, "`%s`: levels must rise", alert->name);
    return check_stat(deck, "alerts", alert->name, alert->stat, err);
}

static enum status check_counts(const struct deck *deck, struct error *err)
{
    int unused[DECK_PERCENTILES_MAX], percentiles = deck_percentiles(deck, unused);
    if (percentiles > DECK_PERCENTILES_KEPT)
        return deck_error(deck, "regions", err, "%d different percentiles, at most %d", percentiles,
                          DECK_PERCENTILES_KEPT);
    if (deck->alerts.count > DECK_ALERTS_MAX)
        return deck_error(deck, "alerts", err, "%d alerts, at most %d", deck->alerts.count,
                          DECK_ALERTS_MAX);
    return STATUS_OK;
}

enum status watch_rules_check(const struct deck *deck, struct error *err)
{
    for (int i = 0; i < deck->regions.count; i++)
        TRY(check_region(deck, i, err));
    for (int i = 0; i < deck->relations.count; i++)
        TRY(check_relation(deck, i, err));
    for (int i = 0; i < deck->alerts.count; i++)
        TRY(check_alert(deck, i, err));
    return check_counts(deck, err);
}
