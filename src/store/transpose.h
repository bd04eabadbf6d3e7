/* Columns of cells in memory become rows. Internal to store/. */
#ifndef HEATSTREAM_STORE_TRANSPOSE_H
#define HEATSTREAM_STORE_TRANSPOSE_H

#include <stddef.h>

/* Columns of `ny` cells each, whose beginnings are `pitch` cells apart. */
struct transpose_columns_f32 {
    const float *cells; /* begins and has a pitch of whole vectors of four cells */
    ptrdiff_t pitch;
    int columns, ny;
};

struct transpose_columns_f64 {
    const double *cells;
    ptrdiff_t pitch;
    int columns, ny;
};

/* to[j * to_pitch + i] becomes cell j of column i. */
void transpose_f32(float *to, ptrdiff_t to_pitch, const struct transpose_columns_f32 *from);
void transpose_f64(double *to, ptrdiff_t to_pitch, const struct transpose_columns_f64 *from);

#endif
