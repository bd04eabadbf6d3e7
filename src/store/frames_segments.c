#include "frames_segments.h"

#include <assert.h>
#include <string.h>

#include "base/durable.h"
#include "frames_directory.h"
#include "grid/agree.h"
#include "store/staging.h"

/* A segment that a coming correction can still reach. */
static bool is_reachable(const struct frames *frames, int64_t number)
{
    return frames->rows - segments_start(&frames->layout.segments, number + 1) <
           frames->horizon_rows;
}

enum status frames_close_segment(const struct frames *frames, struct segment *segment,
                                 struct error *err)
{
    enum status status = segment_close(segment, err);
    if (frames->domain->rank == 0)
        frames_directory_return(frames->staging, segment->number);
    return status;
}

/* By its staged name, which belongs to this run alone and is kept until it is closed. */
static enum status open_segment(struct frames *frames, int64_t number, struct error *err)
{
    assert(frames->open_count < frames->open_most);
    struct segment *segment = &frames->open[frames->open_count];
    char name[64], staged[PATH_MAX];
    segment_name(number, name);
    segment->number = number;
    segment->groups = frames->layout.groups;
    segment->direct = frames->way != STAGE_TOGETHER;
    TRY(path_join(segment->path, sizeof segment->path, frames->directory, name, err));
    TRY(staging_path(frames->staging, segment_staged_name(name), staged, err));
    enum status mine = segment_open(frames->domain, staged, segment, err);
    enum status all = agree(frames->domain, mine, err);
    if (all == STATUS_OK) {
        frames->open_count++;
        return STATUS_OK;
    }
    struct error ignored;
    if (mine == STATUS_OK)
        (void)!segment_close(segment, &ignored);
    return all;
}

static enum status open_kept_segment(struct frames *frames, int64_t number, struct error *err)
{
    enum status mine = STATUS_OK;
    if (frames->domain->rank == 0)
        mine = frames_directory_borrow(frames->directory, frames->staging, number, err);
    TRY(agree(frames->domain, mine, err));
    return open_segment(frames, number, err);
}

enum status frames_open_kept(struct frames *frames, struct error *err)
{
    const struct segments *segments = &frames->layout.segments;
    for (int64_t number = 0; segments_start(segments, number) < frames->rows; number++)
        if (is_reachable(frames, number))
            TRY(open_kept_segment(frames, number, err));
    return STATUS_OK;
}

/* Rank 0: a new segment under its staged name. */
static enum status lay_out_segment(struct frames *frames, int64_t number,
                                   const struct frame_row *row, struct error *err)
{
    char path[PATH_MAX], staged[PATH_MAX], name[64];
    segment_name(number, name);
    if (number == 0)
        frames->layout.epoch_ms = series_epoch(row->event_time_ms);
    TRY(staging_path(frames->staging, "seg_new", path, err));
    TRY(staging_path(frames->staging, segment_staged_name(name), staged, err));
    TRY(segment_lay_out(&frames->layout, path, segments_rows(&frames->layout.segments, number),
                        err));
    TRY(durable_sync(path, err));
    return staging_publish(frames->staging, "seg_new", staged, false, err);
}

/* Rank 0: it keeps its staged name until it is closed. */
static enum status show_segment(const struct frames *frames, const struct segment *segment,
                                struct error *err)
{
    char staged[PATH_MAX], name[64];
    segment_name(segment->number, name);
    TRY(staging_path(frames->staging, segment_staged_name(name), staged, err));
    TRY(staging_borrow(frames->staging, staged, "seg_shown", err));
    return staging_publish(frames->staging, "seg_shown", segment->path, true, err);
}

/* It gets its name when all ranks have it open: by that name a rank that was slow might open the
 * file of another run. */
enum status frames_add_segment(struct frames *frames, int64_t number, const struct frame_row *row,
                               struct error *err)
{
    enum status mine = STATUS_OK;
    bool first = frames->domain->rank == 0;
    if (first)
        mine = lay_out_segment(frames, number, row, err);
    TRY(agree(frames->domain, mine, err));
    TRY(open_segment(frames, number, err));
    const struct segment *segment = &frames->open[frames->open_count - 1];
    if (first)
        mine = show_segment(frames, segment, err);
    return agree(frames->domain, mine, err);
}

enum status frames_close_unreachable(struct frames *frames, struct error *err)
{
    while (frames->open_count > 0 && !is_reachable(frames, frames->open[0].number)) {
        enum status mine = frames_close_segment(frames, &frames->open[0], err);
        frames->open_count--;
        memmove(frames->open, frames->open + 1, (size_t)frames->open_count * sizeof *frames->open);
        TRY(agree(frames->domain, mine, err));
    }
    return STATUS_OK;
}

struct segment *frames_find_segment(struct frames *frames, int64_t index, int64_t *local)
{
    int64_t number = segments_find(&frames->layout.segments, index);
    *local = index - segments_start(&frames->layout.segments, number);
    for (int i = 0; i < frames->open_count; i++)
        if (frames->open[i].number == number)
            return &frames->open[i];
    return NULL;
}

/* Only the last segment can be short. */
enum status frames_trim_last(const struct frames *frames, struct error *err)
{
    char path[PATH_MAX], name[64];
    const struct segments *segments = &frames->layout.segments;
    int64_t number = segments_find(segments, frames->rows);
    int64_t rest = frames->rows - segments_start(segments, number);
    if (frames->domain->rank != 0 || rest == 0)
        return STATUS_OK;
    segment_name(number, name);
    TRY(staging_path(frames->staging, segment_staged_name(name), path, err));
    TRY(frames_directory_borrow(frames->directory, frames->staging, number, err));
    enum status status = segment_trim(&frames->layout, path, rest, err);
    frames_directory_return(frames->staging, number);
    return status;
}
