/* The two halves of the monitor: metrics in monitor.c, the page in monitor_page.c. Rank 0. */
#ifndef HEATSTREAM_RUN_MONITOR_INTERNAL_H
#define HEATSTREAM_RUN_MONITOR_INTERNAL_H

#include "run_internal.h"
#include "shown_regions.h"
#include "store/row_reader.h"
#include "watch/page.h"

struct monitor {
    struct metrics *metrics;
    const char *file; /* NULL: none; the deck's */
    double spent_s[METRICS_PHASES];
    int waiting; /* windows that this was spent on, but for the last */
    double shown_s, written_s;
    bool warned;
    double pace_from_s, windows_per_s; /* pace over the last few seconds */
    int64_t windows, pace_from;
    struct feed_partition *parts; /* [partitions] */
    struct shown_regions regions;
    struct page_reading *readings; /* [regions] */
    int *alert_first;              /* [alerts]: the series of its first level */
    int *alert_level;              /* [alerts]: as of the newest frame, which is of: */
    int64_t judged_window;
    struct row_reader *reader; /* the rest is of the page, if there is one */
    struct watch_rows rows;
    struct page *page;
    struct buffer token;
};

/* The metrics of a run, its regions and alerts among them. */
struct metrics *monitor_create_metrics(const struct run *run);

/* What the deck says of regions and alerts, for the page. */
void monitor_prepare_regions(const struct run *run, struct monitor *monitor);

/* Opens the page that the deck asks for, with the frames of earlier starts. */
enum status monitor_open_page(struct run *run, struct error *err) MUST_CHECK;

/* A frame was written: a new segment is found once. */
void monitor_follow(struct run *run, int64_t row);

/* Says how far the run is; `ends`: for the last time. */
void monitor_tell_page(const struct run *run, bool ends);

/* The end of a partition: where the run is to end, or what its broker has told; -1: not known. */
int64_t monitor_end_of(const struct root *root, int p);

/* Offsets with these fates, over all partitions. */
int64_t monitor_count(const struct root *root, enum fate first, enum fate last);

#endif
