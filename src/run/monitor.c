#include "monitor_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"

/* Seconds between two looks at what changes all the time, and between two files. */
static const double SHOW_EVERY_S = 0.1, WRITE_EVERY_S = 1.0, PACE_OVER_S = 5.0;

static double wall_clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum status monitor_open(struct run *run, struct error *err)
{
    struct root *root = run->root;
    if (!root->deck->watch.metrics_file && !root->deck->watch.listen)
        return STATUS_OK;
    struct monitor *monitor = memory_zeroed(1, sizeof *monitor);
    root->monitor = monitor;
    monitor->file = root->deck->watch.metrics_file;
    monitor->metrics = monitor_create_metrics(run);
    monitor_prepare_regions(run, monitor);
    monitor->parts = memory_zeroed(root->identity.partitions, sizeof *monitor->parts);
    monitor->pace_from_s = monitor->shown_s = monitor->written_s = stop_clock_s();
    if (monitor->file && metrics_write(monitor->metrics, monitor->file, err) != STATUS_OK)
        return STATUS_CANNOT_CREATE;
    return root->deck->watch.listen ? monitor_open_page(run, err) : STATUS_OK;
}

double monitor_begin(const struct run *run)
{
    return run->root && run->root->monitor ? stop_clock_s() : 0.0;
}

void monitor_end(struct run *run, enum metrics_phase phase, double began_s)
{
    if (run->root && run->root->monitor)
        run->root->monitor->spent_s[phase] += stop_clock_s() - began_s;
}

void monitor_step(struct run *run, double scatter_s, double solver_s, double halo_s)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor)
        return;
    monitor->spent_s[METRICS_SCATTER] += scatter_s;
    monitor->spent_s[METRICS_HALO] += halo_s;
    monitor->spent_s[METRICS_STENCIL] += solver_s - halo_s;
    metrics_add(monitor->metrics, METRIC_CELL_UPDATES, 0,
                (double)run->plan.gnx * (double)run->plan.gny * run->plan.solver.substeps);
}

void monitor_frame(struct run *run, const struct frame_row *row)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor)
        return;
    struct metrics *metrics = monitor->metrics;
    if (monitor->reader)
        monitor_follow(run, run_row(run, row->window));
    metrics_add(metrics, METRIC_FRAMES, 0, 1);
    metrics_add(metrics, METRIC_BYTES_WRITTEN, 0, (double)run->root->room.row_bytes);
    metrics_observe(metrics, METRIC_EVENT_TO_FRAME, 0, 1e-3 * row->latency_ms);
    metrics_set(metrics, METRIC_HEAT_RESIDUAL, 0, run->root->balance_ratio);
    metrics_set(metrics, METRIC_TEMPERATURE, METRICS_MIN, row->t_min);
    metrics_set(metrics, METRIC_TEMPERATURE, METRICS_MEAN, row->t_mean);
    metrics_set(metrics, METRIC_TEMPERATURE, METRICS_MAX, row->t_max);
}

void monitor_checkpoint(struct run *run)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor)
        return;
    metrics_set(monitor->metrics, METRIC_CHECKPOINT_DURATION, 0, run->root->checkpoint_s);
    metrics_set(monitor->metrics, METRIC_CHECKPOINT_TIME, 0, wall_clock_s());
    metrics_add(monitor->metrics, METRIC_BYTES_WRITTEN, 0,
                (double)run->root->room.checkpoint_bytes);
}

static void observe_steps(struct monitor *monitor, int windows)
{
    for (int phase = 0; phase < METRICS_PHASES; phase++)
        for (int i = 0; i < windows; i++)
            metrics_observe(monitor->metrics, METRIC_STEP_DURATION, phase,
                            monitor->spent_s[phase] / windows);
    memset(monitor->spent_s, 0, sizeof monitor->spent_s);
}

void monitor_window(struct run *run, bool waits)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor)
        return;
    monitor->windows++;
    metrics_add(monitor->metrics, METRIC_WINDOWS, 0, 1);
    if (!waits)
        observe_steps(monitor, monitor->waiting + 1);
    monitor->waiting = waits ? monitor->waiting + 1 : 0;
}

static void look_at_pace(struct monitor *monitor, double now_s)
{
    double elapsed_s = now_s - monitor->pace_from_s;
    if (elapsed_s < PACE_OVER_S && monitor->windows_per_s > 0)
        return;
    monitor->windows_per_s =
        elapsed_s > 0 ? (double)(monitor->windows - monitor->pace_from) / elapsed_s : 0;
    if (elapsed_s < PACE_OVER_S)
        return;
    monitor->pace_from = monitor->windows;
    monitor->pace_from_s = now_s;
}

static void look_at_progress(const struct run *run, struct monitor *monitor)
{
    const struct root *root = run->root;
    metrics_set(monitor->metrics, METRIC_WINDOW, 0, (double)run->window);
    if (root->stop_after == INT64_MAX)
        return;
    double done = (double)run->window + 1, all = (double)root->stop_after + 1;
    metrics_set(monitor->metrics, METRIC_PROGRESS, 0, all > 0 ? done / all : 1.0);
    metrics_set(monitor->metrics, METRIC_REMAINING, 0,
                monitor->windows_per_s > 0 ? (all - done) / monitor->windows_per_s : NAN);
}

int64_t monitor_end_of(const struct root *root, int p)
{
    int64_t end = root->bounded ? root->ends[p] : source_known_end(root->source, p);
    return end == INT64_MAX ? -1 : end;
}

static void look_at_partitions(const struct root *root, struct monitor *monitor)
{
    int64_t foremost_ms = INT64_MIN;
    feed_partitions(root->feed, monitor->parts);
    for (int p = 0; p < root->identity.partitions; p++)
        if (monitor->parts[p].clock_ms > foremost_ms)
            foremost_ms = monitor->parts[p].clock_ms;
    for (int p = 0; p < root->identity.partitions; p++) {
        const struct feed_partition *part = &monitor->parts[p];
        int64_t end = monitor_end_of(root, p);
        double lag = end > part->position ? (double)(end - part->position) : 0.0;
        metrics_set(monitor->metrics, METRIC_KAFKA_MESSAGES, p, (double)part->messages);
        metrics_set(monitor->metrics, METRIC_KAFKA_LAG, p, end < 0 ? NAN : lag);
        metrics_set(monitor->metrics, METRIC_CLOCK_LAG, p,
                    1e-3 * ((double)foremost_ms - (double)part->clock_ms));
    }
}

int64_t monitor_count(const struct root *root, enum fate first, enum fate last)
{
    int64_t count = 0;
    for (int p = 0; p < root->identity.partitions; p++)
        for (int fate = (int)first; fate <= (int)last; fate++)
            count += root->ledgers[p].fates[fate];
    return count;
}

static void look_at_fates(const struct root *root, struct monitor *monitor)
{
    for (int fate = 0; fate < FATE_COUNT; fate++)
        metrics_set(monitor->metrics, METRIC_EVENTS, fate,
                    (double)monitor_count(root, (enum fate)fate, (enum fate)fate));
}

/* A run goes on without its metrics. */
static void write_file(struct monitor *monitor)
{
    struct error err;
    bool failed =
        monitor->file && metrics_write(monitor->metrics, monitor->file, &err) != STATUS_OK;
    if (failed && !monitor->warned)
        log_warn("%s; trying again, in silence", err.text);
    monitor->warned = failed;
}

static void show(struct run *run, double now_s, bool ends)
{
    struct monitor *monitor = run->root->monitor;
    monitor->shown_s = now_s;
    look_at_pace(monitor, now_s);
    look_at_progress(run, monitor);
    look_at_partitions(run->root, monitor);
    look_at_fates(run->root, monitor);
    metrics_publish(monitor->metrics);
    if (monitor->page)
        monitor_tell_page(run, ends);
    if (now_s - monitor->written_s < WRITE_EVERY_S)
        return;
    monitor->written_s = now_s;
    write_file(monitor);
}

void monitor_show(struct run *run)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor)
        return;
    double now_s = stop_clock_s();
    if (now_s - monitor->shown_s >= SHOW_EVERY_S)
        show(run, now_s, false);
}

void monitor_finish(struct run *run)
{
    struct monitor *monitor = run->root ? run->root->monitor : NULL;
    if (!monitor || !run->root->feed)
        return;
    monitor->written_s = -WRITE_EVERY_S;
    show(run, stop_clock_s(), true);
}

void monitor_close(struct root *root)
{
    struct monitor *monitor = root->monitor;
    root->monitor = NULL;
    if (!monitor)
        return;
    page_close(monitor->page);
    row_reader_destroy(monitor->reader);
    buffer_release(&monitor->token);
    metrics_destroy(monitor->metrics);
    free(monitor->parts);
    shown_regions_release(&monitor->regions);
    free(monitor->readings);
    free(monitor->alert_first);
    free(monitor->alert_level);
    free(monitor);
}
