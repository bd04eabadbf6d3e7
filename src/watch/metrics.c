#include "watch/metrics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/memory.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const struct {
    const char *name, *help;
    enum kind kind;
} families[METRICS] = {
    [METRIC_BUILD_INFO] = {"build_info", "1; which program runs what, in its labels.", GAUGE},
    [METRIC_WINDOWS] = {"windows_total", "Windows closed since this start.", COUNTER},
    [METRIC_WINDOW] = {"window", "Number of the window that closed last.", GAUGE},
    [METRIC_PROGRESS] = {"progress_ratio",
                         "Windows closed, of all there will be; NaN for a run without end.", GAUGE},
    [METRIC_REMAINING] = {"remaining_seconds",
                          "Time to the last window at the present pace; NaN for a run without end.",
                          GAUGE},
    [METRIC_STEP_DURATION] = {"step_duration_seconds",
                              "Time that rank 0 spends on a window, its corrections included; "
                              "ingest is waiting for events.",
                              HISTOGRAM},
    [METRIC_CELL_UPDATES] = {"cell_updates_total", "Cells stepped, times steps, on all ranks.",
                             COUNTER},
    [METRIC_TEMPERATURE] = {"temperature",
                            "Of the newest frame, in the deck's unit; region all is the grid.",
                            GAUGE},
    [METRIC_HEAT_RESIDUAL] = {"heat_balance_residual_ratio",
                              "Of the newest frame: change of heat content, less heat in, plus "
                              "heat out, by the largest of both contents, in and out.",
                              GAUGE},
    [METRIC_KAFKA_MESSAGES] = {"kafka_messages_total", "Messages read since this start.", COUNTER},
    [METRIC_KAFKA_LAG] = {"kafka_lag",
                          "Messages that the partition has beyond what was read; NaN where its "
                          "end is not known.",
                          GAUGE},
    [METRIC_CLOCK_LAG] = {"clock_lag_seconds",
                          "Event time by which the partition's clock is behind the foremost one.",
                          GAUGE},
    [METRIC_EVENTS] = {"events_total", "Offsets of the topic by what became of them, all starts.",
                       COUNTER},
    [METRIC_EVENT_TO_FRAME] = {"event_to_frame_seconds",
                               "Wall clock at the writing of a frame, less the end of its window.",
                               HISTOGRAM},
    [METRIC_ALERTS] = {"alerts_total", "Times an alert rose to the level since this start.",
                       COUNTER},
    [METRIC_ALERT_ACTIVE] = {"alert_active", "Level the alert is at, counted from 1; 0: none.",
                             GAUGE},
    [METRIC_CHECKPOINT_DURATION] = {"checkpoint_duration_seconds",
                                    "What the newest checkpoint cost.", GAUGE},
    [METRIC_CHECKPOINT_TIME] = {"checkpoint_last_success_timestamp_seconds",
                                "When the newest checkpoint of this start was complete, since "
                                "1970 UTC.",
                                GAUGE},
    [METRIC_FRAMES] = {"frames_written_total", "Frames written, corrected ones again.", COUNTER},
    [METRIC_BYTES_WRITTEN] = {"io_bytes_written_total",
                              "Bytes of cells in frames and checkpoints written.", COUNTER},
};

/* Upper bounds; a last bucket, +Inf, follows. */
enum { BOUNDS = 15, BUCKETS = BOUNDS + 1 };
static const double phase_bounds[BOUNDS] = {1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3,
                                            1e-2, 3e-2, 0.1,  0.3,  1.0,  3.0,  10.0};
static const double latency_bounds[BOUNDS] = {1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2,  0.3,  0.5,
                                              1.0,  2.0,  5.0,  10.0, 30,  60.0, 300.0};

/* One series: a value, or the buckets (not yet summed up), the sum and the count of a histogram. */
struct sample {
    double value, sum;
    uint64_t count, buckets[BUCKETS];
};

struct metrics {
    int first[METRICS + 1]; /* series of a metric in the arrays */
    char **labels;          /* `a="1",b="2"`, "" without labels */
    struct sample *own;     /* the owner's */
    pthread_mutex_t mutex;  /* of: */
    struct sample *shown;
};

static const char *const phases[METRICS_PHASES] = {"ingest", "scatter", "halo", "stencil", "io"};
static const char *const stats[METRICS_STATS] = {"min", "mean", "max"};

static void put_label(struct buffer *text, const char *name, const char *value)
{
    buffer_printf(text, "%s%s=\"", text->size > 0 ? "," : "", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buffer_printf(text, "\\%c", *value);
        else if (*value == '\n')
            buffer_printf(text, "\\n");
        else
            buffer_append(text, value, 1);
    }
    buffer_printf(text, "\"");
}

/* Labels `name`, and `second` unless it is NULL, of one more series. */
static void add_series(struct metrics *metrics, int *count, const char *const labels[4])
{
    struct buffer text = {0};
    for (int i = 0; i < 4 && labels[i]; i += 2)
        put_label(&text, labels[i], labels[i + 1]);
    buffer_put_u8(&text, '\0');
    metrics->labels =
        memory_checked(realloc(metrics->labels, (size_t)(*count + 1) * sizeof *metrics->labels));
    metrics->labels[(*count)++] = (char *)text.data;
}

static void add_each(struct metrics *metrics, int *count, const char *label,
                     const char *const *values, int value_count)
{
    for (int i = 0; i < value_count; i++)
        add_series(metrics, count, (const char *[4]){label, values[i]});
}

static void add_partitions(struct metrics *metrics, int *count, int partitions)
{
    for (int p = 0; p < partitions; p++) {
        char number[16];
        snprintf(number, sizeof number, "%d", p);
        add_series(metrics, count, (const char *[4]){"partition", number});
    }
}

static void add_regions(struct metrics *metrics, int *count, const struct metrics_config *config)
{
    for (int i = 0; i < config->region_count * METRICS_STATS; i++)
        add_series(metrics, count,
                   (const char *[4]){"region", config->regions[i / METRICS_STATS], "stat",
                                     stats[i % METRICS_STATS]});
}

static void add_levels(struct metrics *metrics, int *count, const struct metrics_alert *alert)
{
    for (int i = 0; i < alert->level_count; i++) {
        char level[32];
        snprintf(level, sizeof level, "%g", alert->levels[i]);
        add_series(metrics, count, (const char *[4]){"alert", alert->name, "level", level});
    }
}

static void add_build_info(struct metrics *metrics, int *count, const struct metrics_config *config)
{
    struct buffer text = {0};
    put_label(&text, "version", config->version);
    put_label(&text, "git_id", config->git_id);
    put_label(&text, "run_id", config->run_id);
    buffer_put_u8(&text, '\0');
    add_series(metrics, count, (const char *[4]){NULL});
    free(metrics->labels[*count - 1]);
    metrics->labels[*count - 1] = (char *)text.data;
}

static void add_family(struct metrics *metrics, enum metric metric, int *count,
                       const struct metrics_config *config)
{
    switch (metric) {
    case METRIC_BUILD_INFO:
        add_build_info(metrics, count, config);
        break;
    case METRIC_STEP_DURATION:
        add_each(metrics, count, "phase", phases, METRICS_PHASES);
        break;
    case METRIC_TEMPERATURE:
        add_regions(metrics, count, config);
        break;
    case METRIC_KAFKA_MESSAGES:
    case METRIC_KAFKA_LAG:
    case METRIC_CLOCK_LAG:
        add_partitions(metrics, count, config->partitions);
        break;
    case METRIC_EVENTS:
        add_each(metrics, count, "fate", config->fates, config->fate_count);
        break;
    case METRIC_ALERTS:
        for (int i = 0; i < config->alert_count; i++)
            add_levels(metrics, count, &config->alerts[i]);
        break;
    case METRIC_ALERT_ACTIVE:
        for (int i = 0; i < config->alert_count; i++)
            add_series(metrics, count, (const char *[4]){"alert", config->alerts[i].name});
        break;
    default:
        add_series(metrics, count, (const char *[4]){NULL});
    }
}

struct metrics *metrics_create(const struct metrics_config *config)
{
    struct metrics *metrics = memory_zeroed(1, sizeof *metrics);
    int count = 0;
    for (int m = 0; m < METRICS; m++) {
        metrics->first[m] = count;
        add_family(metrics, (enum metric)m, &count, config);
    }
    metrics->first[METRICS] = count;
    metrics->own = memory_zeroed(count, sizeof *metrics->own);
    metrics->shown = memory_zeroed(count, sizeof *metrics->shown);
    pthread_mutex_init(&metrics->mutex, NULL);
    for (int m = 0; m < METRICS; m++)
        for (int i = metrics->first[m]; families[m].kind == GAUGE && i < metrics->first[m + 1]; i++)
            metrics->own[i].value = NAN;
    metrics_set(metrics, METRIC_BUILD_INFO, 0, 1);
    metrics_publish(metrics);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (int i = 0; i < metrics->first[METRICS]; i++)
        free(metrics->labels[i]);
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics->labels);
    free(metrics->own);
    free(metrics->shown);
    free(metrics);
}

static struct sample *sample_of(struct metrics *metrics, enum metric metric, int series)
{
    assert(series >= 0 && metrics->first[metric] + series < metrics->first[metric + 1]);
    return &metrics->own[metrics->first[metric] + series];
}

void metrics_set(struct metrics *metrics, enum metric metric, int series, double value)
{
    sample_of(metrics, metric, series)->value = value;
}

void metrics_add(struct metrics *metrics, enum metric metric, int series, double value)
{
    sample_of(metrics, metric, series)->value += value;
}

static const double *bounds_of(enum metric metric)
{
    return metric == METRIC_STEP_DURATION ? phase_bounds : latency_bounds;
}

void metrics_observe(struct metrics *metrics, enum metric metric, int series, double value)
{
    const double *bounds = bounds_of(metric);
    struct sample *sample = sample_of(metrics, metric, series);
    int bucket = 0;
    if (isnan(value))
        return;
    while (bucket < BOUNDS && value > bounds[bucket])
        bucket++;
    sample->buckets[bucket]++;
    sample->count++;
    sample->sum += value;
}

void metrics_publish(struct metrics *metrics)
{
    pthread_mutex_lock(&metrics->mutex);
    memcpy(metrics->shown, metrics->own, (size_t)metrics->first[METRICS] * sizeof *metrics->shown);
    pthread_mutex_unlock(&metrics->mutex);
}

/* The fewer digits of two that read back as the same double. */
static void put_number(struct buffer *text, double value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.15g", value);
    bool same = !(strtod(digits, NULL) < value) && !(strtod(digits, NULL) > value);
    buffer_printf(text, same ? " %.15g\n" : " %.17g\n", value);
}

static void put_value(struct buffer *text, double value)
{
    if (isnan(value))
        buffer_printf(text, " NaN\n");
    else if (isinf(value))
        buffer_printf(text, value > 0 ? " +Inf\n" : " -Inf\n");
    else
        put_number(text, value);
}

static void put_name(struct buffer *text, enum metric metric, const char *suffix,
                     const char *labels)
{
    buffer_printf(text, "heatstream_%s%s", families[metric].name, suffix);
    if (labels[0])
        buffer_printf(text, "{%s}", labels);
}

static void put_bucket(struct buffer *text, enum metric metric, const char *labels,
                       const char *bound, uint64_t below)
{
    buffer_printf(text, "heatstream_%s_bucket{%s%sle=\"%s\"} %llu\n", families[metric].name, labels,
                  labels[0] ? "," : "", bound, (unsigned long long)below);
}

static void put_histogram(struct buffer *text, enum metric metric, const char *labels,
                          const struct sample *sample)
{
    uint64_t below = 0;
    for (int i = 0; i < BOUNDS; i++) {
        char bound[32];
        snprintf(bound, sizeof bound, "%g", bounds_of(metric)[i]);
        below += sample->buckets[i];
        put_bucket(text, metric, labels, bound, below);
    }
    put_bucket(text, metric, labels, "+Inf", sample->count);
    put_name(text, metric, "_sum", labels);
    put_value(text, sample->sum);
    put_name(text, metric, "_count", labels);
    buffer_printf(text, " %llu\n", (unsigned long long)sample->count);
}

void metrics_text(struct metrics *metrics, struct buffer *text)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    size_t size = (size_t)metrics->first[METRICS] * sizeof *metrics->shown;
    struct sample *samples = memory_block(size);
    pthread_mutex_lock(&metrics->mutex);
    memcpy(samples, metrics->shown, size);
    pthread_mutex_unlock(&metrics->mutex);
    for (int m = 0; m < METRICS; m++) {
        enum metric metric = (enum metric)m;
        buffer_printf(text, "# HELP heatstream_%s %s\n# TYPE heatstream_%s %s\n", families[m].name,
                      families[m].help, families[m].name, types[families[m].kind]);
        for (int i = metrics->first[m]; i < metrics->first[m + 1]; i++) {
            if (families[m].kind == HISTOGRAM) {
                put_histogram(text, metric, metrics->labels[i], &samples[i]);
                continue;
            }
            put_name(text, metric, "", metrics->labels[i]);
            put_value(text, samples[i].value);
        }
    }
    free(samples);
}

static enum status write_all(const char *path, const struct buffer *text, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_IO, "writing metrics to %s: %s", path, strerror(errno));
    enum status status = durable_write_all(fd, path, text->data, text->size, err);
    if (close(fd) != 0 && status == STATUS_OK)
        status = error_set(err, STATUS_IO, "writing metrics to %s: %s", path, strerror(errno));
    return status;
}

enum status metrics_write(struct metrics *metrics, const char *path, struct error *err)
{
    char staged[PATH_MAX];
    if (snprintf(staged, sizeof staged, "%s.tmp", path) >= (int)sizeof staged)
        return error_set(err, STATUS_IO, "writing metrics: the path %.100s… is too long", path);
    struct buffer text = {0};
    metrics_text(metrics, &text);
    enum status status = write_all(staged, &text, err);
    if (status == STATUS_OK && rename(staged, path) != 0)
        status = error_set(err, STATUS_IO, "renaming %s to %s: %s", staged, path, strerror(errno));
    if (status != STATUS_OK)
        unlink(staged);
    buffer_release(&text);
    return status;
}
