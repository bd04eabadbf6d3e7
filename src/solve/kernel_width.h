/* The kernel for one vector width. kernel.c includes this once a width and defines LANES, SOUTH (the
 * lanes of a vector shifted by one row), ON_TARGET (the instruction set) and NAMED (a suffix). */

typedef double NAMED(vector) __attribute__((vector_size(LANES * sizeof(double))));
typedef double NAMED(loose)
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

/* `count` is a constant of the caller: every loop over the columns is unrolled. */
ON_TARGET static inline __attribute__((always_inline)) void NAMED(columns)(
    const struct stencil *stencil, const double *const *in, double *const *out, ptrdiff_t first,
    ptrdiff_t end, int count)
{
    typedef NAMED(vector) vector;
    typedef NAMED(loose) loose;
    const vector a = stencil->a - (vector){0}, cx = stencil->cx - (vector){0},
                 cy = stencil->cy - (vector){0};
    vector below[KERNEL_COLUMNS];
    for (int i = 0; i < count; i++)
        below[i] = *(const vector *)(in[i + 1] + first - LANES);
    for (ptrdiff_t j = first; j < end; j += LANES) {
        vector west = *(const vector *)(in[0] + j), here = *(const vector *)(in[1] + j);
        for (int i = 0; i < count; i++) {
            vector east = *(const vector *)(in[i + 2] + j);
            vector south = __builtin_shufflevector(below[i], here, SOUTH);
            vector north = *(const loose *)(in[i + 1] + j + 1);
            *(vector *)(out[i] + j) = (a * here + cx * (west + east)) + cy * (south + north);
            below[i] = here;
            west = here;
            here = east;
        }
    }
}

/* The pointers are copied, or every store might change them. */
ON_TARGET static void NAMED(bundle)(const struct stencil *stencil, double *const in[KERNEL_INPUTS],
                                    double *const out[KERNEL_COLUMNS], ptrdiff_t first,
                                    ptrdiff_t end)
{
    const double *from[KERNEL_INPUTS];
    double *to[KERNEL_COLUMNS];
    for (int i = 0; i < KERNEL_INPUTS; i++)
        from[i] = in[i];
    for (int i = 0; i < KERNEL_COLUMNS; i++)
        to[i] = out[i];
    NAMED(columns)(stencil, from, to, first, end, KERNEL_COLUMNS);
}

ON_TARGET static inline __attribute__((always_inline)) void NAMED(plane_part)(
    const struct stencil *stencil, const double *now, double *next, ptrdiff_t pitch, ptrdiff_t rows,
    int count)
{
    const double *from[KERNEL_INPUTS];
    double *to[KERNEL_COLUMNS];
    for (int i = 0; i < count + 2; i++)
        from[i] = now + (i - 1) * pitch;
    for (int i = 0; i < count; i++)
        to[i] = next + i * pitch;
    NAMED(columns)(stencil, from, to, 0, rows, count);
}

/* What is left over is covered by a bundle that overlaps the one before. */
ON_TARGET static void NAMED(plane)(const struct stencil *stencil, const double *now, double *next,
                                   ptrdiff_t pitch, int columns, ptrdiff_t rows)
{
    int i = 0;
    for (; i + KERNEL_COLUMNS <= columns; i += KERNEL_COLUMNS)
        NAMED(plane_part)(stencil, now + i * pitch, next + i * pitch, pitch, rows, KERNEL_COLUMNS);
    if (i < columns && columns >= KERNEL_COLUMNS) {
        i = columns - KERNEL_COLUMNS;
        NAMED(plane_part)(stencil, now + i * pitch, next + i * pitch, pitch, rows, KERNEL_COLUMNS);
        return;
    }
    for (; i < columns; i++)
        NAMED(plane_part)(stencil, now + i * pitch, next + i * pitch, pitch, rows, 1);
}

ON_TARGET static void NAMED(add)(double *restrict cells, const double *restrict gains,
                                 ptrdiff_t rows)
{
    typedef NAMED(loose) loose;
    ptrdiff_t j = 0;
    for (; j + LANES <= rows; j += LANES)
        *(loose *)(cells + j) += *(const loose *)(gains + j);
    for (; j < rows; j++)
        cells[j] += gains[j];
}

#undef LANES
#undef SOUTH
#undef ON_TARGET
#undef NAMED
