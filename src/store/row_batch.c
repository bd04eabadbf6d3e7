#include "row_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "grid/columns.h"

/* What waits stays in the second-level cache, or is not much more on rank 0 of several. */
enum { MOST_ROWS = 64, MOST_BYTES = ROW_BATCH_BYTES / 3 };

/* Of large frames, whose cells do not wait here: some, so that whoever writes them waits for the
 * last one's cells now and then only. */
enum { MOST_LARGE_ROWS = 8 };

struct row_batch {
    const struct domain *domain;
    const struct layout *layout;
    int most, count;
    size_t row_bytes;               /* of a row's cells, all ranks; 0: cells do not wait */
    char *cells;                    /* [most][ny][nx] of this rank */
    struct columns *columns;        /* NULL: one rank has all cells */
    char *gathered, *joined;        /* rank 0 of several: [most] rows by rank, and as they are */
    char *series[SERIES_COLUMNS];   /* rank 0: [most] */
    char *panel[FRAMES_PANELS_MAX]; /* [most][count of its group] */
    uint64_t *digests[FRAMES_GROUPS_MAX]; /* the same; NULL: the group has none */
};

/* Of all ranks' cells of a row; 0: they are more than a chunk, or it would not be worth it. */
static size_t waiting_bytes(int64_t gnx, int64_t gny, bool f64, int64_t tile)
{
    size_t bytes = (size_t)gnx * (size_t)gny * (size_t)frame_cell_bytes(f64);
    return gnx <= tile && gny <= tile && 2 * bytes <= MOST_BYTES ? bytes : 0;
}

bool row_batch_suits(int64_t gnx, int64_t gny, bool f64, int64_t tile)
{
    return waiting_bytes(gnx, gny, f64, tile) > 0;
}

static size_t panel_bytes(const struct frames_group *group, const struct frames_panel *panel)
{
    return (size_t)group->count * (panel->f64 ? sizeof(double) : 1);
}

static size_t panels_bytes(const struct frames_groups *groups)
{
    size_t bytes = 0;
    for (int g = 0; g < groups->count; g++)
        for (int i = 0; i < groups->group[g].panel_count; i++)
            bytes += panel_bytes(&groups->group[g], &groups->group[g].panels[i]);
    return bytes;
}

static void make_room_for_cells(struct row_batch *batch)
{
    const struct domain *domain = batch->domain;
    size_t cell = (size_t)frame_cell_bytes(batch->layout->f64), line = (size_t)domain->ny * cell;
    batch->cells = memory_zeroed(batch->most, (size_t)domain->nx * line);
    if (domain->ranks == 1)
        return;
    batch->columns = columns_create(domain, line);
    if (domain->rank != 0)
        return;
    batch->gathered = memory_zeroed(batch->most, batch->row_bytes);
    batch->joined = memory_zeroed(batch->most, batch->row_bytes);
}

static void make_room_for_values(struct row_batch *batch)
{
    const struct frames_groups *groups = &batch->layout->groups;
    char **panel = batch->panel;
    for (int i = 0; i < SERIES_COLUMNS; i++)
        batch->series[i] = memory_zeroed(batch->most, series_size(series_column(i)->kind));
    for (int g = 0; g < groups->count; g++) {
        const struct frames_group *group = &groups->group[g];
        for (int i = 0; i < group->panel_count; i++)
            *panel++ = memory_zeroed(batch->most, panel_bytes(group, &group->panels[i]));
        if (group->digested)
            batch->digests[g] =
                memory_zeroed(batch->most, (size_t)group->count * sizeof *batch->digests[g]);
    }
}

struct row_batch *row_batch_create(const struct domain *domain, const struct layout *layout,
                                   bool behind)
{
    struct row_batch *batch = memory_zeroed(1, sizeof *batch);
    size_t bytes = waiting_bytes(layout->gnx, layout->gny, layout->f64, layout->tile);
    size_t all = bytes + panels_bytes(&layout->groups);
    int most = bytes > 0 ? (int)min_int64(MOST_ROWS, MOST_BYTES / (int64_t)all) : 0;
    *batch = (struct row_batch){.domain = domain, .layout = layout, .most = 1};
    if (most > 1) {
        batch->most = most;
        batch->row_bytes = bytes;
        make_room_for_cells(batch);
    } else if (behind) {
        batch->most = MOST_LARGE_ROWS;
    }
    if (domain->rank == 0)
        make_room_for_values(batch);
    return batch;
}

void row_batch_destroy(struct row_batch *batch)
{
    if (!batch)
        return;
    for (int i = 0; i < SERIES_COLUMNS; i++)
        free(batch->series[i]);
    for (int i = 0; i < FRAMES_PANELS_MAX; i++)
        free(batch->panel[i]);
    for (int i = 0; i < FRAMES_GROUPS_MAX; i++)
        free(batch->digests[i]);
    columns_destroy(batch->columns);
    free(batch->cells);
    free(batch->gathered);
    free(batch->joined);
    free(batch);
}

bool row_batch_takes_cells(const struct row_batch *batch)
{
    return batch->row_bytes > 0;
}

bool row_batch_takes_many(const struct row_batch *batch)
{
    return batch->most > 1;
}

int row_batch_count(const struct row_batch *batch)
{
    return batch->count;
}

bool row_batch_is_full(const struct row_batch *batch)
{
    return batch->count == batch->most;
}

void *row_batch_cells(struct row_batch *batch)
{
    const struct domain *domain = batch->domain;
    size_t cells = (size_t)domain->nx * (size_t)domain->ny;
    assert(batch->row_bytes > 0 && batch->count < batch->most);
    return batch->cells +
           (size_t)batch->count * cells * (size_t)frame_cell_bytes(batch->layout->f64);
}

static void add_panels(struct row_batch *batch, const struct panels_row *row)
{
    const struct frames_groups *groups = &batch->layout->groups;
    const void *const *values = row->values;
    char **panel = batch->panel;
    size_t at = (size_t)batch->count;
    for (int g = 0; g < groups->count; g++) {
        const struct frames_group *group = &groups->group[g];
        if (group->digested)
            panels_digest(group, row, values, batch->digests[g] + at * (size_t)group->count);
        for (int i = 0; i < group->panel_count; i++) {
            size_t bytes = panel_bytes(group, &group->panels[i]);
            memcpy(*panel++ + at * bytes, *values++, bytes);
        }
    }
}

void row_batch_add(struct row_batch *batch, const struct series_record *record,
                   const struct panels_row *panels)
{
    assert(batch->count < batch->most);
    for (int i = 0; record && i < SERIES_COLUMNS; i++) {
        const struct series_column *column = series_column(i);
        size_t size = series_size(column->kind);
        memcpy(batch->series[i] + (size_t)batch->count * size,
               (const char *)record + column->offset, size);
    }
    if (panels)
        add_panels(batch, panels);
    batch->count++;
}

/* Each rank's rows, one after the other, become whole rows. */
static void join(struct row_batch *batch)
{
    const struct domain *domain = batch->domain;
    size_t cell = (size_t)frame_cell_bytes(batch->layout->f64), whole = (size_t)domain->gnx * cell;
    size_t lines = (size_t)batch->count * (size_t)domain->ny;
    const char *from = batch->gathered;
    for (int rank = 0; rank < domain->ranks; rank++) {
        int64_t start = domain_edge(&domain->cut, rank), end = domain_edge(&domain->cut, rank + 1);
        size_t part = (size_t)(end - start) * cell;
        char *to = batch->joined + (size_t)start * cell;
        for (size_t line = 0; line < lines; line++, from += part, to += whole)
            memcpy(to, from, part);
    }
}

/* Rank 0 gets all cells of the rows as they are stored. */
static const void *gather_cells(struct row_batch *batch)
{
    if (!batch->columns)
        return batch->cells;
    columns_gather_many(batch->columns, batch->count, batch->cells, batch->gathered);
    if (batch->domain->rank == 0)
        join(batch);
    return batch->joined;
}

/* The series, which prove the rows, come last: whoever reads them finds the panels of a new row. */
enum status row_batch_write(struct row_batch *batch, struct segment *segment, int64_t row,
                            struct error *err)
{
    const struct segment_rows rows = {.first = row, .count = batch->count};
    const void *cells = batch->row_bytes > 0 ? gather_cells(batch) : NULL;
    segment->dirty = true;
    if (batch->domain->rank != 0)
        return STATUS_OK;
    if (cells)
        TRY(segment_write_cells(segment, &rows, cells, err));
    if (batch->layout->groups.count > 0)
        TRY(segment_write_panels(segment, &rows, (const void *const *)batch->panel,
                                 (const uint64_t *const *)batch->digests, err));
    return segment_write_series(segment, &rows, (const void *const *)batch->series, err);
}

void row_batch_clear(struct row_batch *batch)
{
    batch->count = 0;
}
