/* One file frames/seg_NNNNNN.h5. While it is open it has all its rows (segments.h), unwritten
 * ones with window -1, and nothing but raw data in place ever changes; rank 0 makes it whole, and
 * trims it to the rows it really has when the run closes. */
#ifndef HEATSTREAM_STORE_SEGMENT_H
#define HEATSTREAM_STORE_SEGMENT_H

#include <limits.h>

#include "layout.h"
#include "panels.h"
#include "row_tiles.h"

/* Written by segment_open(). */
struct segment {
    int64_t number;
    char path[PATH_MAX];
    bool dirty;            /* written to since the last flush */
    struct h5_scope scope; /* owns what follows */
    hid_t file, temperature, field_space, series[SERIES_COLUMNS], series_space, one_row;
    hid_t next_offset, lost_offsets; /* negative when the file has none */
    struct frames_groups groups;     /* of the layout, set before segment_open() */
    struct panels_open panels;
    bool direct; /* ranks write whole tiles of cells themselves; set before segment_open() */
    int fd;      /* of the same file, for what needs no HDF5; -1 where it is not, and when closed */
    int64_t column_at[SERIES_COLUMNS]; /* rank 0: where the series begin */
    struct row_tiles tiles;            /* rank 0, or all */
};

/* The part of a frame that a rank hands over: rows of x, cells of the file's type. nx 0: nothing,
 * and nothing of the space is selected. Of a direct segment: tiles, of which each column of tiles
 * comes after the one to its left, [ny][cells across a tile], beginning with a whole tile. */
struct segment_slab {
    const void *cells;
    hid_t type, space; /* of the cells in memory */
    hid_t transfer;    /* transfer list */
    hsize_t x0, nx, ny;
};

/* Some rows of the cells of a slab, to be read: [ny][nx], cells of the file's type. */
struct segment_band {
    void *cells;
    hid_t type, space; /* of the cells in memory */
    hsize_t x0, nx, y0, ny;
};

/* "frames/seg_000012.h5", and within a staging directory "seg_000012.h5" */
void segment_name(int64_t number, char name[64]);
const char *segment_staged_name(const char *name);

/* Rank 0: creates the file, of `all` rows, as it is to begin with, not synced. */
enum status segment_lay_out(const struct layout *layout, const char *path, int64_t all,
                            struct error *err) MUST_CHECK;

/* Rank 0: verifies that the closed file fits the layout and holds its first `rows` rows, and
 * brings it to its full number of rows, `all`, again, those after `rows` unwritten.
 * STATUS_BAD_DATA when it does not. */
enum status segment_prepare(const struct layout *layout, const char *path, int64_t rows,
                            int64_t all, struct error *err) MUST_CHECK;

/* Rank 0: the time of the first row of a closed file. */
enum status segment_first_time(const char *path, int64_t *event_time_ms,
                               struct error *err) MUST_CHECK;

/* Rank 0: cuts a closed file to its first `rows` rows. */
enum status segment_trim(const struct layout *layout, const char *path, int64_t rows,
                         struct error *err) MUST_CHECK;

/* Collective, as are the next two; segment->path, for messages, number, groups and direct are set
 * before. */
enum status segment_open(const struct domain *domain, const char *path, struct segment *segment,
                         struct error *err) MUST_CHECK;
enum status segment_write_field(struct segment *segment, int64_t row,
                                const struct segment_slab *slab, struct error *err) MUST_CHECK;
/* Flushes, fsync included. */
enum status segment_flush(struct segment *segment, struct error *err) MUST_CHECK;
enum status segment_close(struct segment *segment, struct error *err) MUST_CHECK;

/* Local, in any thread: the same of a direct segment; who calls it has set `dirty`. */
enum status segment_write_tiles(const struct segment *segment, int64_t row,
                                const struct segment_slab *slab, struct error *err) MUST_CHECK;

/* Local. */
enum status segment_read_band(struct segment *segment, int64_t row, const struct segment_band *band,
                              struct error *err) MUST_CHECK;

/* Rows that lie one after the other. */
struct segment_rows {
    int64_t first, count;
};

/* Rank 0: all cells of rows that are a chunk each, as they lie in the file; the columns of the
 * series, [count] each; the panels of the groups in order, and digests where a group has them,
 * [count][of the group] each. */
enum status segment_write_cells(struct segment *segment, const struct segment_rows *rows,
                                const void *cells, struct error *err) MUST_CHECK;
enum status segment_write_series(struct segment *segment, const struct segment_rows *rows,
                                 const void *const *columns, struct error *err) MUST_CHECK;
enum status segment_write_panels(struct segment *segment, const struct segment_rows *rows,
                                 const void *const *values, const uint64_t *const *digests,
                                 struct error *err) MUST_CHECK;

/* Rank 0. */
enum status segment_read_change(struct segment *segment, int64_t row, double *change,
                                struct error *err) MUST_CHECK;
enum status segment_write_offsets(struct segment *segment, const struct layout_offsets *offsets,
                                  struct error *err) MUST_CHECK;

#endif
