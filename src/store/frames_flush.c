#include "store/frames_flush.h"

#include <assert.h>

#include "base/monotonic.h"
#include "base/writeback.h"
#include "frames_segments.h"
#include "grid/agree.h"
#include "master.h"

/* Flushing every frame would cost more than writing it: at most this part of the time is spent. */
enum { FLUSH_SHARE = 20 };

enum status frames_put_after(struct frames *frames, enum status mine, struct error *err)
{
    if (mine == STATUS_OK) {
        int64_t local;
        struct segment *segment = frames_find_segment(frames, frames->batch_first, &local);
        assert(segment);
        mine = row_batch_write(frames->batch, segment, local, err);
    }
    TRY(agree(frames->domain, mine, err));
    row_batch_clear(frames->batch);
    return STATUS_OK;
}

/* Rows whose cells a thread was to write and could not are no rows. */
static enum status settle(struct frames *frames, struct error *err)
{
    enum status status = agree(frames->domain, stage_settle(frames->stage, err), err);
    if (status != STATUS_OK) {
        frames->rows = frames->batch_first;
        row_batch_clear(frames->batch);
    }
    return status;
}

enum status frames_put(struct frames *frames, struct error *err)
{
    if (row_batch_count(frames->batch) == 0)
        return STATUS_OK;
    if (frames->way == STAGE_BEHIND)
        TRY(settle(frames, err));
    return frames_put_after(frames, STATUS_OK, err);
}

bool frames_may_wait(const struct frames *frames)
{
    return row_batch_takes_many(frames->batch) && !row_batch_is_full(frames->batch);
}

int64_t frames_waiting(const struct frames *frames)
{
    return row_batch_count(frames->batch);
}

enum status frames_write_master(const struct frames *frames, bool sync, struct error *err)
{
    const struct master_place place = {.staging = frames->staging, .path = frames->master};
    return master_write(&frames->layout, &place, frames->rows, sync, err);
}

static enum status flush_segments(struct frames *frames, struct error *err)
{
    enum status first = STATUS_OK;
    struct error later;
    for (int i = 0; i < frames->open_count; i++) {
        struct segment *segment = &frames->open[i];
        struct error *text = first == STATUS_OK ? err : &later;
        enum status status = STATUS_OK;
        if (frames->domain->rank == 0 && i == frames->open_count - 1)
            status = segment_write_offsets(segment, &frames->layout.offsets, text);
        if (segment->dirty) {
            enum status flushed = segment_flush(segment, status == STATUS_OK ? text : &later);
            status = status == STATUS_OK ? flushed : status;
        }
        first = first == STATUS_OK ? status : first;
    }
    return agree(frames->domain, first, err);
}

enum status frames_sync_later(struct frames *frames, struct unsynced *later, struct error *err)
{
    enum status mine = STATUS_OK;
    bool first = frames->domain->rank == 0;
    assert(row_batch_count(frames->batch) == 0);
    if (first && frames->open_count > 0)
        mine = segment_write_offsets(&frames->open[frames->open_count - 1], &frames->layout.offsets,
                                     err);
    for (int i = 0; i < frames->open_count; i++) {
        struct segment *segment = &frames->open[i];
        if (first && segment->dirty && mine == STATUS_OK)
            mine = unsynced_add(later, segment->fd, segment->path, err);
        segment->dirty = false;
    }
    return agree(frames->domain, mine, err);
}

/* The master must not name rows before they are there, hence the order. */
static enum status flush_now(struct frames *frames, bool sync, struct error *err)
{
    double start = monotonic_s();
    TRY(flush_segments(frames, err));
    enum status mine = STATUS_OK;
    if (frames->domain->rank == 0)
        mine = frames_write_master(frames, sync, err);
    TRY(agree(frames->domain, mine, err));
    frames->dirty = false;
    frames->flushed_s = monotonic_s();
    frames->flush_cost_s = frames->flushed_s - start;
    return STATUS_OK;
}

enum status frames_flush(struct frames *frames, bool at_once, struct error *err)
{
    if (!frames->dirty)
        return STATUS_OK;
    TRY(frames_put(frames, err));
    int due = monotonic_s() - frames->flushed_s >= FLUSH_SHARE * frames->flush_cost_s;
    if (!at_once)
        MPI_Bcast(&due, 1, MPI_INT, 0, frames->domain->comm);
    return at_once || due ? flush_now(frames, false, err) : STATUS_OK;
}

double frames_flush_s(const struct frames *frames)
{
    return frames->flush_cost_s;
}

void frames_begin_sync(const struct frames *frames)
{
    for (int i = 0; i < frames->open_count; i++)
        if (frames->open[i].dirty)
            writeback_begin_of(frames->open[i].path);
}

enum status frames_sync(struct frames *frames, bool shown, struct error *err)
{
    TRY(frames_put(frames, err));
    return shown ? flush_now(frames, true, err) : flush_segments(frames, err);
}
