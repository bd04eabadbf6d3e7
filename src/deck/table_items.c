#include <stddef.h>

#include "deck/options.h"
#include "deck/regions.h"

#define HUGE_RANGE 1e300
#define PATH_BYTES 4095
#define YEAR_S 31622400.0 /* 366 days */
#define NAME_BYTES 64

#define OF_REGION(field) offsetof(struct deck_region, field)
static const struct deck_option regions[] = {
    {"regions.name", DECK_STRING, OF_REGION(name), "", "", 1, NAME_BYTES, "bytes", DECK_REQUIRED,
     "What it is called: letters, digits, `.`, `_` and `-`."},
    {"regions.box", DECK_BOX_OR_NULL, OF_REGION(box), "null", "", 0, 1e6, "cells", 0,
     "Columns x0 to x1 - 1, rows y0 to y1 - 1; `null`, without a mask: the whole grid."},
    {"regions.mask", DECK_STRING_OR_NULL, OF_REGION(mask), "null", "", 1, PATH_BYTES, "bytes",
     DECK_MAY_CHANGE,
     "Instead of a box: a text file, relative to the deck's folder, that draws the grid: "
     "`grid.ny` lines of `grid.nx` characters, the highest row first. A restart needs the same "
     "drawing, wherever it lies."},
    {"regions.mark", DECK_STRING, OF_REGION(mark), "\"#\"", "", 1, 1, "bytes", DECK_MAY_CHANGE,
     "The character that stands for a cell of the region in its mask, so that one drawing may "
     "hold several regions."},
    {"regions.percentiles", DECK_NUMBERS, OF_REGION(percentiles), "[]", "", 1, 99, "%", 0,
     "Percentiles that are kept beside min, mean and max, for every region, by the nearest rank: "
     "[50, 95]. Whole numbers."},
};

#define OF_RELATION(field) offsetof(struct deck_relation, field)
static const struct deck_option relations[] = {
    {"relations.name", DECK_STRING, OF_RELATION(name), "", "", 1, NAME_BYTES, "bytes",
     DECK_REQUIRED, "As of a region."},
    {"relations.a", DECK_STRING, OF_RELATION(a), "", "", 1, NAME_BYTES, "bytes", DECK_REQUIRED,
     "The region that is divided."},
    {"relations.b", DECK_STRING, OF_RELATION(b), "", "", 1, NAME_BYTES, "bytes", DECK_REQUIRED,
     "The region it is divided by."},
    {"relations.stat", DECK_STRING, OF_RELATION(stat), "mean", "", 1, 8, "bytes", 0,
     "Of what the mean is taken: `min`, `mean`, `max`, or a percentile of the regions, `p95`."},
    {"relations.window_s", DECK_DOUBLE, OF_RELATION(window_s), "", "", 0, YEAR_S, "s",
     DECK_ABOVE_MIN | DECK_REQUIRED,
     "Length of its windows, which begin with window 0: a multiple of `time.window_ms` times "
     "`output.frames.every`."},
};

#define OF_ALERT(field) offsetof(struct deck_alert, field)
static const struct deck_option alerts[] = {
    {"alerts.name", DECK_STRING, OF_ALERT(name), "", "", 1, NAME_BYTES, "bytes", DECK_REQUIRED,
     "As of a region."},
    {"alerts.region", DECK_STRING_OR_NULL, OF_ALERT(region), "null", "", 1, NAME_BYTES, "bytes", 0,
     "The region whose `stat` is read in every frame."},
    {"alerts.relation", DECK_STRING_OR_NULL, OF_ALERT(relation), "null", "", 1, NAME_BYTES, "bytes",
     0, "Or the relation that is read at the end of each of its windows."},
    {"alerts.alert", DECK_STRING_OR_NULL, OF_ALERT(alert), "null", "", 1, NAME_BYTES, "bytes", 0,
     "Or an alert before it in the list: a reading is each frame at which that one's first level "
     "is "
     "reached, its value the mean of the readings that reached it. It ends when that one ends."},
    {"alerts.stat", DECK_STRING, OF_ALERT(stat), "mean", "", 1, 8, "bytes", 0,
     "What is read of a region: `min`, `mean`, `max`, or a percentile of the regions, `p95`."},
    {"alerts.levels", DECK_NUMBERS, OF_ALERT(levels), "[]", "", -HUGE_RANGE, HUGE_RANGE,
     "temperature", 0,
     "Thresholds, rising, at most 8. One is reached by `consecutive` readings at or above it. An "
     "alert on an alert may have none: every reading counts, for level 1."},
    {"alerts.hysteresis", DECK_DOUBLE, OF_ALERT(hysteresis), "0", "", 0, HUGE_RANGE, "temperature",
     0, "How far below a threshold a reading must be to leave its level."},
    {"alerts.consecutive", DECK_INT, OF_ALERT(consecutive), "1", "", 1, DECK_CONSECUTIVE_MAX,
     "readings", 0, "Readings in a row that reach a level, with none below between them."},
    {"alerts.within_s", DECK_DOUBLE, OF_ALERT(within_s), "0", "", 0, YEAR_S, "s", 0,
     "Most event time from the first of them to the last; 0: any."},
    {"alerts.rising", DECK_BOOL, OF_ALERT(rising), "false", "", 0, 0, "", 0,
     "Each of them must be above the one before; one that is not is the first of a new row."},
};

#define KIND(key, type, fields)                                                                    \
    {                                                                                              \
        key, sizeof(struct type), fields, sizeof fields / sizeof *fields                           \
    }
const struct deck_item deck_item_kinds[] = {
    KIND("regions", deck_region, regions),
    KIND("relations", deck_relation, relations),
    KIND("alerts", deck_alert, alerts),
};
const int deck_item_count = sizeof deck_item_kinds / sizeof *deck_item_kinds;
