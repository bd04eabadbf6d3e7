/* What a deck says of regions, relations and alerts, as the modules that look at them want it. */
#ifndef HEATSTREAM_RUN_WATCH_RULES_H
#define HEATSTREAM_RUN_WATCH_RULES_H

#include "deck/deck.h"
#include "watch/rules.h"

/* Owned arrays; strings are the deck's. */
struct deck_watch {
    struct watch_rules rules;
    struct watch_relation *relations;
    struct watch_alert *alerts;
};

/* `made` stays where it is while its rules are used. */
void deck_watch_create(const struct deck *deck, struct deck_watch *made);
void deck_watch_release(struct deck_watch *made);

#endif
