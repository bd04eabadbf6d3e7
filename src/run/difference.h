/* Two stored runs of one grid, window by window. */
#ifndef HEATSTREAM_RUN_DIFFERENCE_H
#define HEATSTREAM_RUN_DIFFERENCE_H

#include "stored.h"

/* Written by difference_open(). */
struct difference {
    struct stored a, b; /* read by one thread at a time */
    struct watch_other other;
    double *bands[2];
    size_t band_cells;
};

/* `other` comes to tell of B and of A - B, by rows of A; it is valid while the difference stays
 * where it is. Where one side has f32 the other is rounded to it, as `heatstream compare` does.
 * STATUS_NO_INPUT, STATUS_BAD_DATA: one has no frames, or they have different grids. To be closed
 * in every case. */
enum status difference_open(const char *a, const char *b, struct difference *difference,
                            struct error *err) MUST_CHECK;
void difference_close(struct difference *difference);

#endif
