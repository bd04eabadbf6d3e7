/* The frames of a run directory as they are found, finished or still growing. Without MPI. */
#ifndef HEATSTREAM_RUN_STORED_H
#define HEATSTREAM_RUN_STORED_H

#include "run/watched.h"

/* Written by stored_open(). Rows first_row .. rows - 1 are there. */
struct stored {
    char *directory, *name; /* the name: the last part of the path */
    struct row_reader *reader;
    struct watch_rows frames; /* through the reader: one thread at a time */
    struct row_place shape;   /* of the newest segment */
    int64_t first_row, rows;
    struct watch_row first;          /* of first_row */
    int64_t window_ms, frames_every; /* 0 where one frame cannot tell */
};

/* STATUS_NO_INPUT: no frames; STATUS_BAD_DATA: they cannot be read. To be closed in every case. */
enum status stored_open(const char *directory, struct stored *stored, struct error *err) MUST_CHECK;
void stored_close(struct stored *stored);

/* The row of a window, -1 where there is none. Reads; one thread at a time. */
int64_t stored_find(const struct stored *stored, int64_t window);

/* The record of a row, waiting a second for one that is just being rewritten. STATUS_IO where that
 * was not enough. */
enum status stored_row(const struct stored *stored, int64_t row, struct watch_row *record,
                       struct error *err) MUST_CHECK;

#endif
