/* Frames read with pread(2) alone: by any thread, while HDF5, which knows one thread only, is at
 * work in another one, and while a run goes on writing. It works because the rows of a segment lie
 * at fixed places (frames.h); HDF5 is asked once a segment where, and not again. */
#ifndef HEATSTREAM_STORE_ROW_READER_H
#define HEATSTREAM_STORE_ROW_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/frames.h"

enum { ROW_COLUMNS = 22, ROW_PANEL_PATH = 32 };

/* Where a panel of frames_groups.h begins: "regions/stats/mean". */
struct row_panel {
    char path[ROW_PANEL_PATH];
    int64_t width, at; /* values a row */
    bool f64;          /* else bytes */
};

/* One segment: which rows it can hold, and where in the file. Plain data, written by the functions
 * below. */
struct row_place {
    int64_t number;         /* of the segment */
    int64_t first, rows;    /* rows of the run that it has room for */
    int64_t gnx, gny;       /* cells */
    int64_t tile_x, tile_y; /* of a chunk */
    double dx, dy;
    bool f64;
    int64_t cells_at;               /* of the first chunk of /temperature */
    int64_t column_at[ROW_COLUMNS]; /* of each column of /series */
    struct row_panel panel[FRAMES_PANELS_MAX];
    int panels;
};

/* Of the open segment that holds row `index`. Rank 0, on the thread of HDF5. STATUS_NO_INPUT when
 * none does; STATUS_BAD_DATA when HDF5 has put it in another form. */
enum status frames_place(struct frames *frames, int64_t index, struct row_place *place,
                         struct error *err) MUST_CHECK;

/* Of a segment that nobody has open in this process, likewise. `first` comes out as 0: the caller
 * knows better. */
enum status row_place_of_file(const char *path, struct row_place *place,
                              struct error *err) MUST_CHECK;

/* Of all segments of a run directory, in rising order, by a process of its own: a damaged file does
 * no harm. Calls `take` for each. STATUS_NO_INPUT when there are none. */
enum status row_places_of_run(const char *directory,
                              void (*take)(void *context, const struct row_place *place),
                              void *context, struct error *err) MUST_CHECK;

struct row_reader;

/* The run directory is that of the segments; copied. */
struct row_reader *row_reader_create(const char *directory);
void row_reader_destroy(struct row_reader *reader); /* accepts NULL */

/* Any thread. A place of a segment that is known already replaces the old one. */
void row_reader_add(struct row_reader *reader, const struct row_place *place);
bool row_reader_knows(struct row_reader *reader, int64_t row);

/* One thread at a time. The record of a row, its digests included, which must prove itself:
 * STATUS_NO_INPUT when the row is not there or was never written, STATUS_RETRY (without text) when
 * it is just being written. */
enum status row_reader_row(struct row_reader *reader, int64_t row, struct frame_row *out,
                           struct error *err) MUST_CHECK;

/* One thread at a time. Cells of columns x0 .. x1 - 1 and rows y0 .. y1 - 1, which lie in the grid,
 * as f32: cells[y1 - y0][x1 - x0]. Those of a row that is being rewritten may be of two
 * revisions. */
enum status row_reader_cells(struct row_reader *reader, int64_t row, const int64_t box[4],
                             float *cells, struct error *err) MUST_CHECK;

/* The same, as they are stored. */
enum status row_reader_exact_cells(struct row_reader *reader, int64_t row, const int64_t box[4],
                                   double *cells, struct error *err) MUST_CHECK;

/* One thread at a time. A row of a panel of `width` values a row; bytes come as doubles.
 * STATUS_NO_INPUT when the row's segment has no such panel. Those of a row that is being rewritten
 * may be of the revision before or after its record. */
enum status row_reader_panel(struct row_reader *reader, int64_t row, const char *path,
                             int64_t width, double *values, struct error *err) MUST_CHECK;

#endif
