/* Values of a frame that are neither cells nor one number: of regions, relations, alerts. A group
 * /regions holds one thing along each place of its axis: texts that name them, and panels of a row
 * a frame, [T*, count]. Panels are written, corrected and cut with the row they belong to. */
#ifndef HEATSTREAM_STORE_FRAMES_GROUPS_H
#define HEATSTREAM_STORE_FRAMES_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

/* At most one '/' in a name: "stats/mean". Values are doubles, or bytes. */
struct frames_panel {
    const char *name;
    bool f64;
    const char *units, *long_name;
};

struct frames_label {
    const char *name;
    const char *const *texts; /* [count], ASCII */
};

struct frames_group {
    const char *name, *axis; /* "regions", "region" */
    int count;               /* at least 1 */
    const struct frames_label *labels;
    int label_count;
    const struct frames_panel *panels;
    int panel_count;
    const int64_t (*boxes)[4]; /* [count] x0, y0, x1, y1 for a dataset `box`; NULL: none */
    bool digested;             /* a dataset `digest` [T*, count] proves the values */
};

/* The values of a row are given in order of the groups and their panels, [count] each. */
enum { FRAMES_PANELS_MAX = 32, FRAMES_GROUPS_MAX = 4 };
struct frames_groups {
    const struct frames_group *group;
    int count;
};

#endif
