#include "store/frames.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "frames_directory.h"
#include "frames_segments.h"
#include "grid/agree.h"
#include "grid/processors.h"
#include "store/frames_flush.h"
#include "store/staging.h"

static void frames_free(struct frames *frames)
{
    free(frames->run_id);
    free(frames->title);
    free(frames->layout.offsets.topic);
    free(frames->layout.offsets.first);
    free(frames->layout.offsets.next);
    free(frames->layout.offsets.lost);
    digester_destroy(frames->digester);
    stage_destroy(frames->stage);
    row_batch_destroy(frames->batch);
    free(frames->open);
    free(frames);
}

static struct segments segments_in(const struct domain *domain, const struct frames_config *config)
{
    return segments_of(config->per_segment,
                       domain->gnx * domain->gny * frame_cell_bytes(config->f64));
}

static struct layout layout_of(const struct domain *domain, const struct frames_config *config)
{
    return (struct layout){
        .provenance = config->provenance,
        .gnx = domain->gnx,
        .gny = domain->gny,
        .tile = config->tile,
        .segments = segments_in(domain, config),
        .dx = config->dx,
        .dy = config->dy,
        .f64 = config->f64,
        .groups = config->groups,
    };
}

static enum status frames_allocate(const struct domain *domain, const struct frames_config *config,
                                   enum stage_way way, struct frames **out, struct error *err)
{
    struct frames *frames = calloc(1, sizeof *frames);
    if (!frames)
        return error_set(err, STATUS_IO, "opening the frames: out of memory");
    frames->domain = domain;
    frames->horizon_rows = config->horizon_rows;
    frames->layout = layout_of(domain, config);
    frames->layout.run_id = frames->run_id = strdup(config->run_id);
    frames->layout.title = frames->title = strdup(config->title);
    frames->open_most = narrow_to_int(config->horizon_rows / config->per_segment + 3);
    frames->open = calloc((size_t)frames->open_most, sizeof *frames->open);
    frames->digester = digester_create(domain);
    frames->way = way;
    frames->stage = stage_create(domain, config->f64, config->tile, way);
    frames->batch = row_batch_create(domain, &frames->layout, way == STAGE_BEHIND);
    enum status status =
        path_join(frames->directory, sizeof frames->directory, config->directory, "", err);
    if (status == STATUS_OK)
        status =
            path_join(frames->master, sizeof frames->master, config->directory, "frames.h5", err);
    if (status == STATUS_OK)
        status = path_join(frames->staging, sizeof frames->staging,
                           config->staging ? config->staging : config->directory, "", err);
    if (status == STATUS_OK &&
        (!frames->run_id || !frames->title || !frames->open || !frames->digester || !frames->stage))
        status = error_set(err, STATUS_IO, "opening the frames: out of memory");
    if (status != STATUS_OK)
        frames_free(frames);
    else
        *out = frames;
    return status;
}

enum status frames_renew(const struct domain *domain, const struct frames_config *config,
                         struct error *err)
{
    char folder[PATH_MAX];
    struct segments segments = segments_in(domain, config);
    struct frames_places places = {.directory = config->directory, .staging = config->staging};
    int64_t lowest, highest;
    TRY(path_join(folder, sizeof folder, config->directory, "frames", err));
    if (!frames_directory_numbers(folder, &lowest, &highest))
        return STATUS_OK;
    /* it was made when there were as many rows as it begins after */
    int64_t reach = max_int64(segments_start(&segments, highest) - config->horizon_rows, 0);
    for (int64_t number = segments_find(&segments, reach); number <= highest; number++)
        TRY(frames_directory_renew(&places, number, err));
    return STATUS_OK;
}

/* All see at once what one of them writes, whatever the file system. */
static bool share_a_host(const struct domain *domain)
{
    MPI_Comm host;
    int ranks = 0;
    MPI_Comm_split_type(domain->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &ranks);
    MPI_Comm_free(&host);
    return ranks == domain->ranks;
}

/* Small frames wait in the batch and need no thread. */
static enum stage_way way_of(const struct domain *domain, const struct frames_config *config)
{
    if (!share_a_host(domain) || !row_tiles_fit(domain, config->f64, config->tile))
        return STAGE_TOGETHER;
    bool small = row_batch_suits(domain->gnx, domain->gny, config->f64, config->tile);
    bool behind = !small && (config->behind || processors_to_spare(domain->comm));
    return behind ? STAGE_BEHIND : STAGE_TILES;
}

enum status frames_open(const struct domain *domain, const struct frames_config *config,
                        int64_t rows, struct frames **out, struct error *err)
{
    struct frames *frames = NULL;
    enum status mine = frames_allocate(domain, config, way_of(domain, config), &frames, err);
    TRY(agree(domain, mine, err)); /* out of memory somewhere: the process ends, nothing to save */
    frames->rows = rows;
    struct frames_places places = {.directory = frames->directory, .staging = frames->staging};
    if (domain->rank == 0)
        mine = frames_directory_prepare(&frames->layout, &places, rows, err);
    enum status status = agree(domain, mine, err);
    if (status == STATUS_OK)
        status = frames_open_kept(frames, err);
    if (status == STATUS_OK && rows > 0 && domain->rank == 0)
        mine = frames_write_master(frames, false, err);
    if (status == STATUS_OK)
        status = agree(domain, mine, err);
    if (status == STATUS_OK) {
        *out = frames;
        return STATUS_OK;
    }
    struct error ignored;
    for (int i = 0; i < frames->open_count; i++)
        (void)!frames_close_segment(frames, &frames->open[i], &ignored);
    frames_free(frames);
    return status;
}

static enum status make_room(struct frames *frames, int64_t index, const struct frame_row *row,
                             struct error *err)
{
    const struct segments *segments = &frames->layout.segments;
    int64_t number = segments_find(segments, index);
    if (index != frames->rows || index != segments_start(segments, number))
        return STATUS_OK;
    TRY(frames_put(frames, err));
    TRY(frames_close_unreachable(frames, err));
    return frames_add_segment(frames, number, row, err);
}

static enum status out_of_reach(int64_t index, struct error *err)
{
    return error_set(err, STATUS_BUG, "row %lld of the frames is out of reach of corrections",
                     (long long)index);
}

/* Rank 0: what is stored of the row but for its cells. */
static void add_values(struct frames *frames, int64_t local, const struct frame_row *row,
                       struct digest stored)
{
    struct series_record record = series_record(row, stored, frames->layout.epoch_ms);
    const struct panels_row panels = {local, row->window, row->revision, row->panels};
    row_batch_add(frames->batch, &record, row->panels ? &panels : NULL);
}

/* Into the batch, which has room; cells that do not wait there into the file. */
static enum status take_row(struct frames *frames, int64_t index, const struct field *field,
                            const struct frame_row *row, struct digest *stored, struct error *err)
{
    int64_t local;
    struct segment *segment = frames_find_segment(frames, index, &local);
    if (!segment)
        return out_of_reach(index, err);
    frames->dirty = true;
    if (row_batch_takes_cells(frames->batch))
        *stored =
            stage_take(frames->stage, frames->digester, field, row_batch_cells(frames->batch));
    else
        TRY(stage_write(frames->stage, frames->digester, field, segment, local, stored, err));
    if (row_batch_count(frames->batch) == 0)
        frames->batch_first = index;
    if (frames->domain->rank == 0)
        add_values(frames, local, row, *stored);
    else
        row_batch_add(frames->batch, NULL, NULL);
    return STATUS_OK;
}

/* A row that is not the next one of the batch is the only one of it, and never waits. */
static enum status write_row(struct frames *frames, int64_t index, const struct field *field,
                             const struct frame_row *row, struct digest *stored, struct error *err)
{
    bool waits = index == frames->rows && row_batch_takes_many(frames->batch);
    if (!waits || row_batch_is_full(frames->batch))
        TRY(frames_put(frames, err));
    enum status status = take_row(frames, index, field, row, stored, err);
    if (waits || status == STATUS_BUG)
        return status;
    if (status == STATUS_OK)
        status = stage_settle(frames->stage, err);
    status = frames_put_after(frames, status, err);
    row_batch_clear(frames->batch);
    return status;
}

enum status frames_write(struct frames *frames, int64_t index, const struct field *field,
                         const struct frame_row *row, struct digest *stored, struct error *err)
{
    assert(index >= 0 && index <= frames->rows);
    TRY(make_room(frames, index, row, err));
    struct digest digest;
    TRY(write_row(frames, index, field, row, &digest, err));
    frames->rows = max_int64(frames->rows, index + 1);
    *stored = digest;
    return STATUS_OK;
}

/* *change becomes the largest of it, of what the row says and of what the field will change. */
static enum status measure_change(struct frames *frames, struct segment *segment, int64_t local,
                                  const struct field *field, double *change, struct error *err)
{
    double found = 0.0, before = 0.0;
    enum status mine = stage_compare(frames->stage, field, segment, local, &found, err);
    if (mine == STATUS_OK && frames->domain->rank == 0)
        mine = segment_read_change(segment, local, &before, err);
    TRY(agree(frames->domain, mine, err));
    found = before > found ? before : found;
    found = *change > found ? *change : found;
    MPI_Allreduce(&found, change, 1, MPI_DOUBLE, MPI_MAX, frames->domain->comm);
    return STATUS_OK;
}

enum status frames_revise(struct frames *frames, int64_t index, const struct field *field,
                          struct frame_row *row, struct digest *stored, struct error *err)
{
    assert(index >= 0 && index < frames->rows);
    int64_t local;
    struct segment *segment = frames_find_segment(frames, index, &local);
    if (!segment)
        return out_of_reach(index, err);
    struct digest digest;
    struct frame_row revised = *row;
    TRY(frames_put(frames, err));
    TRY(measure_change(frames, segment, local, field, &revised.change, err));
    TRY(write_row(frames, index, field, &revised, &digest, err));
    *row = revised;
    *stored = digest;
    return STATUS_OK;
}

static int64_t *copy_offsets(int64_t *old, const int64_t *values, int count)
{
    int64_t *copy = old ? old : calloc((size_t)count, sizeof *copy);
    if (copy)
        memcpy(copy, values, (size_t)count * sizeof *copy);
    return copy;
}

void frames_set_offsets(struct frames *frames, const struct frames_offsets *given)
{
    int partitions = given->partitions;
    struct layout_offsets *offsets = &frames->layout.offsets;
    if (frames->domain->rank != 0)
        return;
    assert(!offsets->topic || offsets->partitions == partitions);
    offsets->partitions = partitions;
    offsets->first = copy_offsets(offsets->first, given->first, partitions);
    offsets->next = copy_offsets(offsets->next, given->next, partitions);
    offsets->lost = copy_offsets(offsets->lost, given->lost, partitions);
    if (!offsets->topic && offsets->first && offsets->next && offsets->lost)
        offsets->topic = strdup(given->topic);
}

enum status frames_close(struct frames *frames, struct error *err)
{
    if (!frames)
        return STATUS_OK;
    struct error later;
    const struct domain *domain = frames->domain;
    enum status status = frames_sync(frames, true, err);
    enum status mine = STATUS_OK;
    for (int i = 0; i < frames->open_count; i++) {
        enum status closed =
            frames_close_segment(frames, &frames->open[i], mine == STATUS_OK ? &later : err);
        mine = mine == STATUS_OK ? closed : mine;
    }
    mine = agree(domain, mine, &later);
    if (mine == STATUS_OK && status == STATUS_OK)
        mine = agree(domain, frames_trim_last(frames, &later), &later);
    frames_free(frames);
    if (status != STATUS_OK || mine == STATUS_OK)
        return status;
    *err = later;
    return mine;
}
