#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "monitor_internal.h"
#include "run/watched.h"
#include "store/segments.h"

/* Segments that corrections can reach are open, the others are not. */
static enum status add_place(struct run *run, int64_t row, int64_t number, struct error *err)
{
    struct row_place place;
    char path[PATH_MAX], name[64];
    enum status status = frames_place(run->frames, row, &place, err);
    if (status == STATUS_NO_INPUT) {
        snprintf(name, sizeof name, "seg_%06lld.h5", (long long)number);
        TRY(path_join(path, sizeof path, run->root->rundir.frames, name, err));
        TRY(row_place_of_file(path, &place, err));
        place.number = number;
        place.first = row;
        status = STATUS_OK;
    }
    TRY(status);
    row_reader_add(run->root->monitor->reader, &place);
    return STATUS_OK;
}

/* Frames of earlier starts. */
static enum status add_places(struct run *run, struct error *err)
{
    const struct segments segments = segments_of(
        run->plan.per_segment, run->plan.gnx * run->plan.gny * frame_cell_bytes(run->plan.f64));
    for (int64_t row = 0; row < run->state.rows;) {
        int64_t number = segments_find(&segments, row);
        TRY(add_place(run, row, number, err));
        row += segments_rows(&segments, number);
    }
    return STATUS_OK;
}

enum status monitor_open_page(struct run *run, struct error *err)
{
    struct monitor *monitor = run->root->monitor;
    const struct deck *deck = run->root->deck;
    if (deck->watch.token_file)
        TRY(secret_file_read(deck->watch.token_file, &monitor->token, err));
    monitor->reader = row_reader_create(run->plan.directory);
    monitor->rows = watched_rows(monitor->reader);
    TRY(add_places(run, err));
    TRY(page_open(&(struct page_config){.listen = deck->watch.listen,
                                        .token = (const char *)monitor->token.data,
                                        .run_id = run->plan.run_id,
                                        .title = run->plan.title,
                                        .gnx = run->plan.gnx,
                                        .gny = run->plan.gny,
                                        .window_ms = run->plan.window_ms,
                                        .frames_every = run->plan.frames_every,
                                        .dx = run->plan.solver.dx,
                                        .dy = run->plan.solver.dy,
                                        .live = true,
                                        .regions = monitor->regions.list,
                                        .region_count = monitor->regions.count,
                                        .rows = &monitor->rows,
                                        .metrics = monitor->metrics},
                  &monitor->page, err));
    log_info("live page: %s", page_url(monitor->page));
    return STATUS_OK;
}

/* The page goes on without the frames of a segment that is not found. */
void monitor_follow(struct run *run, int64_t row)
{
    struct monitor *monitor = run->root->monitor;
    struct error err;
    struct row_place place;
    if (row_reader_knows(monitor->reader, row))
        return;
    if (frames_place(run->frames, row, &place, &err) == STATUS_OK)
        row_reader_add(monitor->reader, &place);
    else if (!monitor->warned)
        log_warn("the page cannot show frame %lld: %s", (long long)row, err.text);
}

static int clocks_passed(const struct root *root, const struct monitor *monitor, int64_t window)
{
    int passed = 0;
    __int128 end = (__int128)root->t0_ms + root->deck->stream.disorder_ms +
                   ((__int128)window + 1) * root->deck->time.window_ms;
    for (int p = 0; p < root->identity.partitions; p++)
        passed += monitor->parts[p].clock_ms >= end;
    return passed;
}

/* -1 where one partition's is not known. */
static int64_t whole_lag(const struct root *root, const struct monitor *monitor)
{
    int64_t lag = 0;
    for (int p = 0; p < root->identity.partitions; p++) {
        int64_t end = monitor_end_of(root, p), position = monitor->parts[p].position;
        if (end < 0)
            return -1;
        lag += end > position ? end - position : 0;
    }
    return lag;
}

void monitor_tell_page(const struct run *run, bool ends)
{
    struct monitor *monitor = run->root->monitor;
    const struct root *root = run->root;
    struct feed_view view = feed_view(root->feed);
    double left = (double)root->stop_after - (double)run->window;
    bool known = root->stop_after != INT64_MAX && monitor->windows_per_s > 0;
    page_tell(monitor->page, &(struct page_state){
                                 .phase = ends                 ? PAGE_STOPPING
                                          : view.waits_for < 0 ? PAGE_RUNNING
                                                               : PAGE_WAITING,
                                 .rows = run->state.rows - frames_waiting(run->frames),
                                 .open_window = view.open_window,
                                 .corrections = run->state.revisions,
                                 .waits_for = view.waits_for,
                                 .behind_s = 1e-3 * (double)view.behind_ms,
                                 .clocks = root->identity.partitions,
                                 .clocks_passed = clocks_passed(root, monitor, view.open_window),
                                 .messages = view.messages,
                                 .late = monitor_count(root, FATE_LATE, FATE_LATE),
                                 .dead = monitor_count(root, FATE_FUTURE, FATE_NOT_FINITE),
                                 .lag = whole_lag(root, monitor),
                                 .readings = monitor->readings,
                                 .remaining_s = known ? left / monitor->windows_per_s : NAN,
                             });
}
