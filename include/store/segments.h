/* Which file frames/seg_NNNNNN.h5 holds which rows of a run, and what these take. Pure.
 *
 * The first 100 segments have `per_segment` rows each, the next 100 ten times as many, and so on,
 * while a segment has no more than a million rows and 64 GiB: a run of a year has some hundred
 * files, not a hundred thousand. For a program that reads the master opens all of them, may often
 * have no more than 1024 open (ulimit -n), and HDF5 hands out fill values for the rows of the
 * others without a word; and writing the master costs time and room for every segment. */
#ifndef HEATSTREAM_STORE_SEGMENTS_H
#define HEATSTREAM_STORE_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Of one cell of a frame. */
static inline int frame_cell_bytes(bool f64)
{
    return f64 ? 8 : 4;
}

/* Written by segments_of(). */
struct segments {
    int64_t per_segment; /* rows of the first ones */
    int64_t most;        /* rows of any */
};

/* `frame_bytes`: cells of one row. */
struct segments segments_of(int64_t per_segment, int64_t frame_bytes);

/* The number of the segment that holds a row. */
int64_t segments_find(const struct segments *segments, int64_t row);

/* First row of a segment, and number of its rows. */
int64_t segments_start(const struct segments *segments, int64_t number);
int64_t segments_rows(const struct segments *segments, int64_t number);

#endif
