/* The files of the frames as a run finds them when it starts. */
#ifndef HEATSTREAM_STORE_FRAMES_DIRECTORY_H
#define HEATSTREAM_STORE_FRAMES_DIRECTORY_H

#include "layout.h"

/* The run directory, and where files of it are made and opened (staging.h). */
struct frames_places {
    const char *directory, *staging;
};

/* Rank 0, as all: lets a segment be opened by its staged name; forgets that name. */
enum status frames_directory_borrow(const char *directory, const char *staging, int64_t number,
                                    struct error *err) MUST_CHECK;
void frames_directory_return(const char *staging, int64_t number);

/* Replaces a segment, if there is one, by a copy. */
enum status frames_directory_renew(const struct frames_places *places, int64_t number,
                                   struct error *err) MUST_CHECK;

/* Keeps the first `rows` rows: verifies their segments, gives them back their unwritten
 * rows, removes all others and half-written files, sets the epoch of the layout. */
enum status frames_directory_prepare(struct layout *layout, const struct frames_places *places,
                                     int64_t rows, struct error *err) MUST_CHECK;

/* Lowest and highest number of the segments that are there; false: none. */
bool frames_directory_numbers(const char *folder, int64_t *lowest, int64_t *highest);

#endif
