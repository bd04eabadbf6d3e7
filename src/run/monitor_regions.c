#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/build_id.h"
#include "base/memory.h"
#include "deck/regions.h"
#include "grid/regions.h"
#include "monitor_internal.h"
#include "watch/watch.h"

_Static_assert((int)REGION_MIN == (int)METRICS_MIN && (int)REGION_MEAN == (int)METRICS_MEAN &&
                   (int)REGION_MAX == (int)METRICS_MAX,
               "statistics of regions come in the order of the metrics");

/* An alert on an alert may have no levels: its only one is 1. */
static struct metrics_alert alert_of(const struct deck_alert *alert)
{
    static const double only = 1;
    bool has_levels = alert->levels.count > 0;
    return (struct metrics_alert){.name = alert->name,
                                  .levels = has_levels ? alert->levels.values : &only,
                                  .level_count = has_levels ? alert->levels.count : 1};
}

struct metrics *monitor_create_metrics(const struct run *run)
{
    const struct deck *deck = run->root->deck;
    const char *fates[FATE_COUNT];
    const char **regions = memory_zeroed(deck->regions.count + 1, sizeof *regions);
    struct metrics_alert *alerts = memory_zeroed(deck->alerts.count, sizeof *alerts);
    for (int fate = 0; fate < FATE_COUNT; fate++)
        fates[fate] = fate_name((enum fate)fate);
    regions[0] = "all";
    for (int i = 0; i < deck->regions.count; i++)
        regions[i + 1] = deck_regions(deck)[i].name;
    for (int i = 0; i < deck->alerts.count; i++)
        alerts[i] = alert_of(&deck_alerts(deck)[i]);
    struct metrics *metrics =
        metrics_create(&(struct metrics_config){.version = build_version(),
                                                .git_id = build_git_id(),
                                                .run_id = run->plan.run_id,
                                                .partitions = run->root->identity.partitions,
                                                .fates = fates,
                                                .fate_count = FATE_COUNT,
                                                .regions = regions,
                                                .region_count = deck->regions.count + 1,
                                                .alerts = alerts,
                                                .alert_count = deck->alerts.count});
    free(regions);
    free(alerts);
    return metrics;
}

void monitor_prepare_regions(const struct run *run, struct monitor *monitor)
{
    const struct deck *deck = run->root->deck;
    int series = 0;
    monitor->regions = shown_regions_create(deck);
    monitor->readings = memory_zeroed(deck->regions.count, sizeof *monitor->readings);
    monitor->alert_first = memory_zeroed(deck->alerts.count, sizeof *monitor->alert_first);
    monitor->alert_level = memory_zeroed(deck->alerts.count, sizeof *monitor->alert_level);
    monitor->judged_window = -1;
    for (int i = 0; i < deck->regions.count; i++)
        monitor->readings[i] = (struct page_reading){.min = NAN, .mean = NAN, .max = NAN};
    for (int i = 0; i < deck->alerts.count; i++) {
        monitor->alert_first[i] = series;
        series += alert_of(&deck_alerts(deck)[i]).level_count;
        metrics_set(monitor->metrics, METRIC_ALERT_ACTIVE, i, 0);
    }
}

static void note_alert(struct monitor *monitor, int alert, int level)
{
    if (level > monitor->alert_level[alert])
        metrics_add(monitor->metrics, METRIC_ALERTS, monitor->alert_first[alert] + level - 1, 1);
    monitor->alert_level[alert] = level;
    metrics_set(monitor->metrics, METRIC_ALERT_ACTIVE, alert, level);
}

/* Of the newest frame: its correction replaces what it was, one of an older frame changes nothing
 * that is shown. */
void monitor_judged(struct run *run, int64_t window, const double *readings, int stats,
                    const struct watch_view *view)
{
    const struct root *root = run->root;
    struct monitor *monitor = root->monitor;
    if (!monitor || window < monitor->judged_window)
        return;
    monitor->judged_window = window;
    for (int i = 0; i < root->deck->regions.count; i++) {
        const double *own = readings + (ptrdiff_t)i * stats;
        monitor->readings[i] = (struct page_reading){.min = own[REGION_MIN],
                                                     .mean = own[REGION_MEAN],
                                                     .max = own[REGION_MAX],
                                                     .level = view->region_levels[i]};
        for (int stat = 0; stat < METRICS_STATS; stat++)
            metrics_set(monitor->metrics, METRIC_TEMPERATURE, (i + 1) * METRICS_STATS + stat,
                        own[stat]);
    }
    for (int i = 0; i < root->deck->alerts.count; i++)
        note_alert(monitor, i, view->levels[i]);
}
