#include "output_rules.h"

#include <string.h>

static enum status check_region(const struct deck *deck, struct error *err)
{
    const struct deck_box *box = &deck->temp.region;
    if (box->whole)
        return STATUS_OK;
    if (box->x0 >= box->x1 || box->y0 >= box->y1)
        return deck_error(deck, "output.temp_region", err,
                          "[%lld, %lld, %lld, %lld] holds no cell: x0 < x1 and y0 < y1",
                          (long long)box->x0, (long long)box->y0, (long long)box->x1,
                          (long long)box->y1);
    if (box->x1 > deck->grid.nx || box->y1 > deck->grid.ny)
        return deck_error(deck, "output.temp_region", err,
                          "reaches to column %lld and row %lld, the grid only to %lld and %lld",
                          (long long)box->x1 - 1, (long long)box->y1 - 1,
                          (long long)deck->grid.nx - 1, (long long)deck->grid.ny - 1);
    return STATUS_OK;
}

/* Of a topic that is written to; what its messages are, in a word. */
static enum status check_topic(const struct deck *deck, const char *key, const char *topic,
                               const char *message, struct error *err)
{
    const char *letters = deck->stream.dead_letter_topic;
    if (!topic)
        return STATUS_OK;
    if (strcmp(deck->stream.brokers, "embedded") == 0)
        return deck_error(deck, key, err,
                          "needs stream.brokers: what the embedded broker gets, nobody can read");
    if (deck->stream.source == DECK_SOURCE_KAFKA && strcmp(topic, deck->stream.topic) == 0)
        return deck_error(deck, key, err,
                          "`%s` is stream.topic: every %s would be read as an event", topic,
                          message);
    if (letters && strcmp(topic, letters) == 0)
        return deck_error(deck, key, err, "`%s` is stream.dead_letter_topic", topic);
    return STATUS_OK;
}

enum status output_rules_check(const struct deck *deck, struct error *err)
{
    TRY(check_region(deck, err));
    const char *temperatures = deck->temp.topic, *alerts = deck->alert_topic;
    TRY(check_topic(deck, "output.temp_topic", temperatures, "temperature", err));
    TRY(check_topic(deck, "output.alert_topic", alerts, "alert", err));
    if (alerts && temperatures && strcmp(alerts, temperatures) == 0)
        return deck_error(deck, "output.alert_topic", err, "`%s` is output.temp_topic", alerts);
    return STATUS_OK;
}
