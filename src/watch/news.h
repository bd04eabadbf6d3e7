/* Lines about alerts. Internal to watch/. */
#ifndef HEATSTREAM_WATCH_NEWS_H
#define HEATSTREAM_WATCH_NEWS_H

#include "judgement.h"

/* Appends what is to be told of an alert at a frame, where `before` is what was told of it. */
void news_tell(const struct watch_rules *rules, int alert, const struct watch_frame *frame,
               const struct alert_step *before, const struct alert_step *now, struct buffer *news);

#endif
