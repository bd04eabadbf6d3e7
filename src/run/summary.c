#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run_internal.h"

static json_t *ledger_json(const struct ledger *ledger)
{
    json_t *object = json_object();
    json_object_set_new(object, "first", json_integer(ledger->first_offset));
    json_object_set_new(object, "next", json_integer(ledger->next_offset));
    for (int fate = 0; fate < FATE_COUNT; fate++)
        json_object_set_new(object, fate_name((enum fate)fate), json_integer(ledger->fates[fate]));
    return object;
}

static json_t *ledgers_json(const struct root *root)
{
    json_t *object = json_object();
    for (int p = 0; p < root->identity.partitions; p++) {
        char name[16];
        snprintf(name, sizeof name, "%d", p);
        json_object_set_new(object, name, ledger_json(&root->ledgers[p]));
    }
    return object;
}

void summary_json(const struct run *run, struct buffer *json)
{
    const struct root *root = run->root;
    json_t *object = json_object();
    json_object_set_new(object, "run_id", json_string(run->plan.run_id));
    json_object_set_new(object, "title", json_string(run->plan.title));
    json_object_set_new(object, "topic", json_string(root->identity.topic));
    json_object_set_new(object, "cluster_id", json_string(root->identity.cluster_id));
    json_object_set_new(object, "windows", json_integer(run->window + 1));
    json_object_set_new(object, "t0_ms", json_integer(root->t0_ms));
    json_object_set_new(object, "window_ms", json_integer(run->plan.window_ms));
    json_object_set_new(object, "revisions", json_integer(run->state.revisions));
    json_object_set_new(object, "dead_letters_waiting",
                        json_integer(root->parcel->letters_waiting));
    json_object_set_new(object, "dead_letters_bytes", json_integer(run->state.dead_letters_bytes));
    if (run->state.alerts.digest[0]) {
        json_object_set_new(object, "alerts_bytes", json_integer(run->state.alerts.size));
        json_object_set_new(object, "alerts_digest", json_string(run->state.alerts.digest));
    }
    json_object_set_new(object, "ledger", ledgers_json(root));
    json_object_set_new(object, "ranks", json_integer(run->domain->ranks));
    json_object_set_new(object, "duration", json_real(stop_clock_s()));
    char *text = memory_checked(json_dumps(object, JSON_COMPACT));
    buffer_append(json, text, strlen(text) + 1);
    free(text);
    json_decref(object);
}
