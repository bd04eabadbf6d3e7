/* What is watched: plain data that the deck says, for the modules of this room. */
#ifndef HEATSTREAM_WATCH_RULES_H
#define HEATSTREAM_WATCH_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum { WATCH_LEVELS = 8, WATCH_CONSECUTIVE = 64, WATCH_ALERTS = 256 };

/* Mean over the frames of a window of statistic `stat` of region `a`, divided by the same of `b`.
 * Windows begin with window 0 and are a multiple of the time between frames. */
struct watch_relation {
    const char *name;
    int a, b, stat;
    int64_t window_ms;
};

/* What an alert reads. A region: `stat` of it in every frame. A relation: its ratio at the end of
 * each window. An alert before it in the list: at each frame at which the first level of that one
 * is reached, the mean of the readings that reached it. NaN is no reading. */
enum watch_source { WATCH_REGION, WATCH_RELATION, WATCH_ALERT };

/* A reading counts for level i, 1 .. level_count, when it is at least levels[i - 1]. The level is
 * reached by `consecutive` readings that count for it, with no other reading between them, with
 * `rising` each above the one before, the last at most within_ms after the first (0: any time).
 * Without levels, only for WATCH_ALERT, every reading counts for level 1.
 *
 * The alert's level becomes the highest one reached when that is above its present one. It is left
 * by a reading below levels[level - 1] - hysteresis, for the highest level that the reading does
 * not lie below in this way. An alert on an alert falls to 0 when that one does. */
struct watch_alert {
    const char *name;
    enum watch_source source;
    int of, stat; /* which region, relation or alert; which statistic of a region */
    double levels[WATCH_LEVELS];
    int level_count, consecutive;
    double hysteresis;
    int64_t within_ms;
    bool rising;
};

/* Arrays and strings are borrowed. */
struct watch_rules {
    int64_t window_ms;  /* of the run */
    int regions, stats; /* readings of a frame: [regions][stats] */
    const struct watch_relation *relations;
    int relation_count;
    const struct watch_alert *alerts;
    int alert_count;
};

#endif
