#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "run_internal.h"

static bool due(struct root *root)
{
    double now_s = stop_clock_s();
    if (now_s - root->progress.said_s < root->deck->log.every_s)
        return false;
    root->progress.said_s = now_s;
    return true;
}

static void format_duration(double seconds, char *text, size_t size)
{
    long whole = (long)seconds;
    snprintf(text, size, "%02ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
}

static int64_t count(const struct root *root, enum fate first, enum fate last)
{
    int64_t sum = 0;
    for (int p = 0; p < root->identity.partitions; p++)
        for (int fate = (int)first; fate <= (int)last; fate++)
            sum += root->ledgers[p].fates[fate];
    return sum;
}

static int64_t dead(const struct root *root)
{
    return count(root, FATE_FUTURE, FATE_NOT_FINITE);
}

/* "812/5400 15.0%", or the window alone when no end is known. */
static void format_position(const struct run *run, char *text, size_t size)
{
    int64_t last = run->root->stop_after;
    if (last == INT64_MAX)
        snprintf(text, size, "%lld", (long long)run->window + 1);
    else
        snprintf(text, size, "%lld/%lld %.1f%%", (long long)run->window + 1, (long long)last + 1,
                 100.0 * (double)(run->window + 1) / (double)(last + 1));
}

static void format_remaining(const struct run *run, double windows_per_s, char *text, size_t size)
{
    text[0] = '\0';
    if (run->root->stop_after == INT64_MAX || windows_per_s <= 0)
        return;
    char duration[32];
    format_duration((double)(run->root->stop_after - run->window) / windows_per_s, duration,
                    sizeof duration);
    snprintf(text, size, " | ETA %s", duration);
}

static void warn_of_doubt(const struct feed_view *view)
{
    if (view->doubt[0])
        log_warn("%s", view->doubt);
}

void progress_stepping(struct run *run)
{
    struct root *root = run->root;
    struct progress *progress = &root->progress;
    progress->windows++;
    double before_s = progress->said_s;
    if (!due(root))
        return;
    double windows_per_s =
        (double)(progress->windows - progress->last_windows) / (progress->said_s - before_s);
    progress->last_windows = progress->windows;
    double steps_per_s = windows_per_s * run->plan.solver.substeps;
    char position[96], remaining[64], since[32];
    format_position(run, position, sizeof position);
    format_remaining(run, windows_per_s, remaining, sizeof remaining);
    format_duration(progress->said_s - root->checkpoint_done_s, since, sizeof since);
    log_progress(
        "window %s t=%.1f s | %.2g cells/s | T %.2f..%.2f | late %lld dead %lld | ckpt %s ago%s",
        position, (double)(run->window + 1) * (double)run->plan.window_ms / 1000.0,
        steps_per_s * (double)run->plan.gnx * (double)run->plan.gny, root->measure.min,
        root->measure.max, (long long)count(root, FATE_LATE, FATE_LATE), (long long)dead(root),
        since, remaining);
    struct feed_view view = feed_view(root->feed);
    warn_of_doubt(&view);
}

/* " | early.h5: 3 of 5 clocks, 391 events", or nothing when there is no picture of the window. */
static void format_picture(const struct root *root, int64_t window, char *text, size_t size)
{
    const struct early_window *shown = &root->shown;
    text[0] = '\0';
    if (shown->clocks > 0 && shown->window == window)
        snprintf(text, size, " | early.h5: %d of %d clocks, %lld events", shown->clocks_passed,
                 shown->clocks, (long long)shown->events);
}

void progress_waiting(struct run *run)
{
    struct root *root = run->root;
    if (!due(root))
        return;
    struct feed_view view = feed_view(root->feed);
    root->progress.last_windows = root->progress.windows;
    char picture[96];
    format_picture(root, view.open_window, picture, sizeof picture);
    if (!temperatures_ready(run, 0))
        log_progress("window %lld waits for topic %s to take the temperatures before it",
                     (long long)run->window + 1, root->deck->temp.topic);
    else if (view.waits_for >= 0)
        log_progress("window %lld waits for p%d, clock %.1f s behind | %lld messages so far%s",
                     (long long)view.open_window, view.waits_for, (double)view.behind_ms / 1000.0,
                     (long long)view.messages, picture);
    else
        log_progress("window %lld fills | %lld messages so far%s", (long long)view.open_window,
                     (long long)view.messages, picture);
    warn_of_doubt(&view);
}

static void summarise_partition(const struct ledger *ledger, int partition)
{
    char text[512];
    size_t used = 0;
    for (int fate = 0; fate < FATE_COUNT; fate++)
        if (ledger->fates[fate] > 0)
            used += (size_t)snprintf(text + used, sizeof text - used, " %s %lld",
                                     fate_name((enum fate)fate), (long long)ledger->fates[fate]);
    log_info("  p%d offsets %lld..%lld:%s", partition, (long long)ledger->first_offset,
             (long long)ledger->next_offset, used ? text : " nothing");
}

void progress_summary(const struct run *run, const struct digest *digest)
{
    const struct root *root = run->root;
    char hex[DIGEST_HEX], duration[32];
    digest_hex(*digest, hex);
    format_duration(stop_clock_s(), duration, sizeof duration);
    log_info("finished: %lld windows, %lld frames in %s (%s)", (long long)run->window + 1,
             (long long)run->state.rows, root->rundir.root, duration);
    for (int p = 0; p < root->identity.partitions; p++)
        summarise_partition(&root->ledgers[p], p);
    log_info("events on time %lld, late %lld, dead letters %lld, skipped offsets %lld, lost %lld",
             (long long)count(root, FATE_ON_TIME, FATE_ON_TIME),
             (long long)count(root, FATE_LATE, FATE_LATE), (long long)dead(root),
             (long long)count(root, FATE_SKIPPED, FATE_SKIPPED),
             (long long)count(root, FATE_LOST, FATE_LOST));
    struct feed_view view = feed_view(root->feed);
    warn_of_doubt(&view);
    log_info("digest %s", hex);
}
