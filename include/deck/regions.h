/* Regions of a deck, and the relations and alerts on them: the items of its lists. */
#ifndef HEATSTREAM_DECK_REGIONS_H
#define HEATSTREAM_DECK_REGIONS_H

#include "base/buffer.h"
#include "base/status.h"
#include "deck/values.h"

struct deck;

enum {
    DECK_PERCENTILES_MAX = 99,
    DECK_PERCENTILES_KEPT = 16,
    DECK_LEVELS_MAX = 8,
    DECK_CONSECUTIVE_MAX = 64,
    DECK_ALERTS_MAX = 256
};

/* Cells (x, y0) .. (x, y1 - 1) of a column. */
struct deck_run {
    int64_t x, y0, y1;
};

/* Strings are owned. A region is its box unless it has a mask. */
struct deck_region {
    char *name;
    struct deck_box box;
    char *mask; /* file, absolute; NULL: none */
    char *mark;
    struct deck_numbers percentiles; /* whole numbers, rising */
    char mask_digest[33];            /* XXH3-128 of the mask's cells in hex, "" without one */
    struct deck_run *runs;           /* of the mask, by x, then y; no two touch */
    int64_t run_count;
};

struct deck_relation {
    char *name, *a, *b, *stat;
    double window_s;
};

/* Of `region`, `relation` and `alert` two are NULL. */
struct deck_alert {
    char *name, *region, *relation, *alert, *stat;
    struct deck_numbers levels; /* rising */
    double hysteresis, within_s;
    int64_t consecutive;
    bool rising;
};

const struct deck_region *deck_regions(const struct deck *deck);
const struct deck_relation *deck_relations(const struct deck *deck);
const struct deck_alert *deck_alerts(const struct deck *deck);

/* Seconds of a deck as the nearest milliseconds. */
int64_t deck_whole_ms(double seconds);

/* The cells of a region of a checked deck as struct deck_run, appended by x, then y. */
void deck_region_runs(const struct deck *deck, const struct deck_region *region,
                      struct buffer *runs);

/* The percentiles that any region asks for, rising; their number. All regions get all of them. */
int deck_percentiles(const struct deck *deck, int percentiles[DECK_PERCENTILES_MAX]);

/* The number of a statistic: 0 `min`, 1 `mean`, 2 `max`, then the percentiles `p50` in order; -1
 * when the deck has no such. */
int deck_stat_find(const struct deck *deck, const char *stat);

/* The position of a name in the list, -1: not there. */
int deck_region_find(const struct deck *deck, const char *name);
int deck_relation_find(const struct deck *deck, const char *name);
int deck_alert_find(const struct deck *deck, const char *name);

#endif
