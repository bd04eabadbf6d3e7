/* A frames file that is only read: a segment or a master, of which nothing is believed before it
 * has been looked at. Local, without MPI. HDF5 may crash on what a damaged file holds: called in a
 * process of its own (base/isolated.h). */
#ifndef HEATSTREAM_STORE_FRAMES_READ_H
#define HEATSTREAM_STORE_FRAMES_READ_H

#include "h5.h"
#include "series.h"

/* Written by frames_reader_open(). */
struct frames_shape {
    int64_t rows, most_rows; /* present rows, and how many the file may come to hold */
    int64_t gnx, gny;
    int64_t tile_x; /* columns of a chunk, gnx where there are no chunks */
    int64_t tile;   /* that chunks were cut by: the longer side of one, or the longer of the grid */
    double dx, dy;  /* 1 where there is one column, or row */
    bool f64;
};

struct frames_reader;

/* STATUS_BAD_DATA with the reason when the file is no frames file of schema frames/1, whole and of
 * one shape, its coordinates evenly spaced; STATUS_NO_INPUT when there is none. */
enum status frames_reader_open(const char *path, struct frames_reader **reader,
                               struct error *err) MUST_CHECK;
void frames_reader_close(struct frames_reader *reader); /* accepts NULL */

struct frames_shape frames_reader_shape(const struct frames_reader *reader);
hid_t frames_reader_file(const struct frames_reader *reader); /* borrowed */

/* A row of /time and /series; strings get their final 0. */
enum status frames_reader_series(struct frames_reader *reader, int64_t row,
                                 struct series_record *record, struct error *err) MUST_CHECK;

/* Columns [x0, x0 + nx) of a row, f32 or f64 as in the file: cells [nx][ny]. Valid until the next
 * call. */
enum status frames_reader_columns(struct frames_reader *reader, int64_t row, int64_t x0, int64_t nx,
                                  const void **cells, struct error *err) MUST_CHECK;

/* Where a row is copied to: row `row` of `set`, a dataset of the same shape and type in another
 * file. go_on() is asked after each piece of at most some 32 MiB; what it refuses ends the copy. */
struct frames_target {
    hid_t set;
    int64_t row;
    enum status (*go_on)(void *context, struct error *err);
    void *context;
};

/* Copies the cells of a row and takes their digest on the way. */
enum status frames_reader_copy(struct frames_reader *reader, int64_t row,
                               const struct frames_target *to, struct digest *digest,
                               struct error *err) MUST_CHECK;

/* The list to open datasets of a file with that are read, or written, row by row: chunks that are
 * compressed are not unpacked again for each. Of others nothing is kept: a run may be writing. */
hid_t frames_rows_access(struct h5_scope *scope, hid_t file);

/* How many columns are best read at once. */
int64_t frames_reader_width(const struct frames_reader *reader);

/* The digest of a row's cells as stored. */
enum status frames_reader_digest(struct frames_reader *reader, int64_t row, struct digest *digest,
                                 struct error *err) MUST_CHECK;

#endif
