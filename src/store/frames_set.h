/* All frames of a run, or of one file, by the number of their row. Segments are opened one at a
 * time and by their own names: HDF5 itself, through the master, would hand out fill values for the
 * rows of a missing one. As frames_read.h: local, to be used in a process of its own. */
#ifndef HEATSTREAM_STORE_FRAMES_SET_H
#define HEATSTREAM_STORE_FRAMES_SET_H

#include "frames_read.h"

struct frames_set;

/* A run directory, its master, a segment or any other frames file. STATUS_NO_INPUT when there are
 * no frames; STATUS_BAD_DATA when they cannot be read or are not of one shape. */
enum status frames_set_open(const char *path, struct frames_set **set,
                            struct error *err) MUST_CHECK;
void frames_set_close(struct frames_set *set); /* accepts NULL */

/* The shape of all; `rows` are those of all, unwritten ones included. */
struct frames_shape frames_set_shape(const struct frames_set *set);

const char *frames_set_path(const struct frames_set *set); /* borrowed */

/* The number of the segment that frames_set_find() opened last; 0 where there is one file. */
int64_t frames_set_segment(const struct frames_set *set);

/* The reader that holds a row, which is its row *local. STATUS_NO_INPUT: its segment is missing. */
enum status frames_set_find(struct frames_set *set, int64_t row, struct frames_reader **reader,
                            int64_t *local, struct error *err) MUST_CHECK;

#endif
