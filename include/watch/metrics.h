/* What a run tells Prometheus: a fixed set of metrics, as text of the exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) on demand or into a file.
 *
 * One thread owns the values and changes them without a lock; metrics_publish() copies them to what
 * every other thread may ask for. Which series there are is settled at creation and never grows.
 * Units are base units: seconds, bytes, ratios; temperatures are in the deck's unit. */
#ifndef HEATSTREAM_WATCH_METRICS_H
#define HEATSTREAM_WATCH_METRICS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

/* In the order in which they are told. What a metric counts or measures
 * is its help text in metrics.c. */
enum metric {
    METRIC_BUILD_INFO, /* 1, set at creation */
    METRIC_WINDOWS,
    METRIC_WINDOW,
    METRIC_PROGRESS,
    METRIC_REMAINING,
    METRIC_STEP_DURATION, /* a histogram, by enum metrics_phase */
    METRIC_CELL_UPDATES,
    METRIC_TEMPERATURE, /* region * METRICS_STATS + stat */
    METRIC_HEAT_RESIDUAL,
    METRIC_KAFKA_MESSAGES, /* by partition, as are the next two */
    METRIC_KAFKA_LAG,
    METRIC_CLOCK_LAG,
    METRIC_EVENTS,         /* by fate */
    METRIC_EVENT_TO_FRAME, /* a histogram */
    METRIC_ALERTS,         /* by alert and level: all levels of the first alert, then the next */
    METRIC_ALERT_ACTIVE,   /* by alert */
    METRIC_CHECKPOINT_DURATION,
    METRIC_CHECKPOINT_TIME,
    METRIC_FRAMES,
    METRIC_BYTES_WRITTEN,
    METRICS
};

enum metrics_phase {
    METRICS_INGEST,
    METRICS_SCATTER,
    METRICS_HALO,
    METRICS_STENCIL,
    METRICS_IO,
    METRICS_PHASES
};

enum metrics_stat { METRICS_MIN, METRICS_MEAN, METRICS_MAX, METRICS_STATS };

struct metrics_alert {
    const char *name;
    const double *levels;
    int level_count;
};

/* Strings and arrays are borrowed for the creation only. Region 0 is the whole grid. */
struct metrics_config {
    const char *version, *git_id, *run_id;
    int partitions;
    const char *const *fates;
    int fate_count;
    const char *const *regions;
    int region_count;
    const struct metrics_alert *alerts;
    int alert_count;
};

struct metrics;

/* Counters begin at 0; a gauge is NaN until it is set for the first time. */
struct metrics *metrics_create(const struct metrics_config *config);
void metrics_destroy(struct metrics *metrics); /* accepts NULL */

/* Owner: of a gauge, or of a counter that is counted elsewhere. Neither allocates nor locks, nor do
 * the next two. `series` is as listed above, 0 for a metric without labels. */
void metrics_set(struct metrics *metrics, enum metric metric, int series, double value);
void metrics_add(struct metrics *metrics, enum metric metric, int series, double value);

/* Owner: of a histogram. NaN is not counted. */
void metrics_observe(struct metrics *metrics, enum metric metric, int series, double value);

/* Owner: from here on, this is what the others see. */
void metrics_publish(struct metrics *metrics);

/* Any thread: appends the text of what was published last. */
void metrics_text(struct metrics *metrics, struct buffer *text);

/* Any thread: the same as a file, under a temporary name first and then renamed; neither is synced,
 * for nobody wants it after a crash. STATUS_IO. */
enum status metrics_write(struct metrics *metrics, const char *path, struct error *err) MUST_CHECK;

#endif
