#include "watch_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "deck/regions.h"

_Static_assert((int)WATCH_LEVELS == (int)DECK_LEVELS_MAX, "levels of a deck fit");
_Static_assert((int)WATCH_CONSECUTIVE == (int)DECK_CONSECUTIVE_MAX, "readings of a deck fit");
_Static_assert((int)WATCH_ALERTS == (int)DECK_ALERTS_MAX, "alerts of a deck fit");

static struct watch_relation relation_of(const struct deck *deck,
                                         const struct deck_relation *relation)
{
    return (struct watch_relation){
        .name = relation->name,
        .a = deck_region_find(deck, relation->a),
        .b = deck_region_find(deck, relation->b),
        .stat = deck_stat_find(deck, relation->stat),
        .window_ms = deck_whole_ms(relation->window_s),
    };
}

static struct watch_alert alert_of(const struct deck *deck, const struct deck_alert *alert)
{
    struct watch_alert made = {
        .name = alert->name,
        .source = alert->region     ? WATCH_REGION
                  : alert->relation ? WATCH_RELATION
                                    : WATCH_ALERT,
        .of = alert->region     ? deck_region_find(deck, alert->region)
              : alert->relation ? deck_relation_find(deck, alert->relation)
                                : deck_alert_find(deck, alert->alert),
        .stat = deck_stat_find(deck, alert->stat),
        .level_count = alert->levels.count,
        .consecutive = (int)alert->consecutive,
        .hysteresis = alert->hysteresis,
        .within_ms = deck_whole_ms(alert->within_s),
        .rising = alert->rising,
    };
    memcpy(made.levels, alert->levels.values, (size_t)alert->levels.count * sizeof(double));
    return made;
}

void deck_watch_create(const struct deck *deck, struct deck_watch *made)
{
    int unused[DECK_PERCENTILES_MAX];
    *made = (struct deck_watch){
        .relations = memory_zeroed(deck->relations.count, sizeof *made->relations),
        .alerts = memory_zeroed(deck->alerts.count, sizeof *made->alerts),
    };
    for (int i = 0; i < deck->relations.count; i++)
        made->relations[i] = relation_of(deck, &deck_relations(deck)[i]);
    for (int i = 0; i < deck->alerts.count; i++)
        made->alerts[i] = alert_of(deck, &deck_alerts(deck)[i]);
    made->rules = (struct watch_rules){.window_ms = deck->time.window_ms,
                                       .regions = deck->regions.count,
                                       .stats = 3 + deck_percentiles(deck, unused),
                                       .relations = made->relations,
                                       .relation_count = deck->relations.count,
                                       .alerts = made->alerts,
                                       .alert_count = deck->alerts.count};
}

void deck_watch_release(struct deck_watch *made)
{
    free(made->relations);
    free(made->alerts);
}
