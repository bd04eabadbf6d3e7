/* The files of the frames as a run finds them when it starts. */
#ifndef HEATSTREAM_STORE_FRAMES_DIRECTORY_H
#define HEATSTREAM_STORE_FRAMES_DIRECTORY_H

#include "layout.h"

/* Rank 0: keeps the first `rows` rows: verifies their segments, gives them back their unwritten
 * rows, removes all others and half-written files, sets the epoch of the layout. */
enum status frames_directory_prepare(struct layout *layout, const char *directory, int64_t rows,
                                     struct error *err) MUST_CHECK;

/* Lowest and highest number of the segments that are there; false: none. */
bool frames_directory_numbers(const char *folder, int64_t *lowest, int64_t *highest);

#endif
