#include "news.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_news(const struct alert_step *step)
{
    return step->from != step->to;
}

static bool same(const struct alert_step *a, const struct alert_step *b)
{
    return a->from == b->from && a->to == b->to && !memcmp(&a->value, &b->value, sizeof a->value);
}

/* A decimal that reads back as the same double; NaN and infinity are no JSON. */
static void put_number(double value, struct buffer *news)
{
    char text[340];
    int precision = 15;
    if (!isfinite(value)) {
        buffer_printf(news, "null");
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", precision++, value);
    while (strtod(text, NULL) != value);
    buffer_printf(news, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

/* `said`: what the line is about, withdrawn or not. */
static void put_line(const struct watch_alert *alert, const struct watch_frame *frame,
                     const struct alert_step *said, const char *event, struct buffer *news)
{
    int upper = said->to > said->from ? said->to : said->from;
    buffer_printf(news, "{\"alert\":\"%s\",\"event\":\"%s\",\"level\":%d,\"from\":%d,", alert->name,
                  event, said->to, said->from);
    buffer_printf(news, "\"threshold\":");
    put_number(alert->level_count > 0 ? alert->levels[upper - 1] : NAN, news);
    buffer_printf(news, ",\"value\":");
    put_number(said->value, news);
    buffer_printf(news, ",\"window\":%lld,\"time\":%lld,\"revision\":%lld,\"final\":%s}\n",
                  (long long)frame->window, (long long)frame->end_ms, (long long)frame->revision,
                  frame->final ? "true" : "false");
}

const char *watch_alert_of_line(const char *line, size_t *size)
{
    const char *name = line + strlen("{\"alert\":\"");
    *size = strcspn(name, "\"");
    return name;
}

void news_tell(const struct watch_rules *rules, int alert, const struct watch_frame *frame,
               const struct alert_step *before, const struct alert_step *now, struct buffer *news)
{
    const struct watch_alert *rule = &rules->alerts[alert];
    if (is_news(now) && !same(before, now))
        put_line(rule, frame, now,
                 now->to > now->from ? "raised"
                 : now->to > 0       ? "lowered"
                                     : "cleared",
                 news);
    else if (is_news(before) && !is_news(now))
        put_line(rule, frame, before, "withdrawn", news);
}
