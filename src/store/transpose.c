#include "transpose.h"

enum { LANES = 4, BLOCK = 32 /* rows at a time, of f64 */ };

typedef float quad __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose_quad
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));

/* LANES columns by LANES rows. */
static void transpose_quads(float *to, ptrdiff_t to_pitch, const float *from, ptrdiff_t from_pitch)
{
    quad a = *(const quad *)from, b = *(const quad *)(from + from_pitch);
    quad c = *(const quad *)(from + 2 * from_pitch), d = *(const quad *)(from + 3 * from_pitch);
    quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
         cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(loose_quad *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(loose_quad *)(to + to_pitch) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(loose_quad *)(to + 2 * to_pitch) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(loose_quad *)(to + 3 * to_pitch) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

void transpose_f32(float *to, ptrdiff_t to_pitch, const struct transpose_columns_f32 *from)
{
    int ny = from->ny, columns = from->columns;
    int whole_y = ny / LANES * LANES, whole_x = columns / LANES * LANES;
    for (int j = 0; j < whole_y; j += LANES)
        for (int i = 0; i < whole_x; i += LANES)
            transpose_quads(to + j * to_pitch + i, to_pitch, from->cells + i * from->pitch + j,
                            from->pitch);
    for (int j = 0; j < ny; j++)
        for (int i = j < whole_y ? whole_x : 0; i < columns; i++)
            to[j * to_pitch + i] = from->cells[i * from->pitch + j];
}

void transpose_f64(double *to, ptrdiff_t to_pitch, const struct transpose_columns_f64 *from)
{
    for (int y = 0; y < from->ny; y += BLOCK) {
        int end = from->ny - y < BLOCK ? from->ny : y + BLOCK;
        for (int j = y; j < end; j++)
            for (int i = 0; i < from->columns; i++)
                to[j * to_pitch + i] = from->cells[i * from->pitch + j];
    }
}
