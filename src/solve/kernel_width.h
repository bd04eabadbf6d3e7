/* The kernel for one vector width. kernel.c includes this once a width and defines LANES, SOUTH
 * (the lanes of a vector shifted by one row), ON_TARGET (the instruction set), NAMED (a suffix),
 * and STORE_PAST_CACHE and FENCE, which orders such stores. */

typedef double NAMED(vector) __attribute__((vector_size(LANES * sizeof(double))));
typedef double NAMED(loose)
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

/* The step of one vector, in the order of operations of the whole columns below. */
ON_TARGET static inline __attribute__((always_inline)) NAMED(vector)
    NAMED(stepped)(const struct stencil *stencil, double *const in[3], ptrdiff_t j)
{
    typedef NAMED(vector) vector;
    typedef NAMED(loose) loose;
    const vector a = stencil->a - (vector){0}, cx = stencil->cx - (vector){0},
                 cy = stencil->cy - (vector){0};
    vector west = *(const vector *)(in[0] + j), east = *(const vector *)(in[2] + j);
    vector south = *(const loose *)(in[1] + j - 1), north = *(const loose *)(in[1] + j + 1);
    return (a * *(const vector *)(in[1] + j) + cx * (west + east)) + cy * (south + north);
}

/* `count` and `past_cache` are constants of the caller: every loop over the columns is unrolled. */
ON_TARGET static inline __attribute__((always_inline)) void NAMED(columns)(
    const struct stencil *stencil, const double *const *in, double *const *out,
    const struct kernel_rows *rows, int count, bool past_cache)
{
    typedef NAMED(vector) vector;
    typedef NAMED(loose) loose;
    const vector a = stencil->a - (vector){0}, cx = stencil->cx - (vector){0},
                 cy = stencil->cy - (vector){0};
    const ptrdiff_t first = rows->first, end = rows->end;
    vector below[KERNEL_COLUMNS];
    for (int i = 0; i < count; i++)
        below[i] = *(const vector *)(in[i + 1] + first - LANES);
    for (ptrdiff_t j = first; j < end; j += LANES) {
        vector west = *(const vector *)(in[0] + j), here = *(const vector *)(in[1] + j);
        for (int i = 0; i < count; i++) {
            vector east = *(const vector *)(in[i + 2] + j);
            vector south = __builtin_shufflevector(below[i], here, SOUTH);
            vector north = *(const loose *)(in[i + 1] + j + 1);
            vector stepped = (a * here + cx * (west + east)) + cy * (south + north);
            if (past_cache)
                STORE_PAST_CACHE(out[i] + j, stepped);
            else
                *(vector *)(out[i] + j) = stepped;
            below[i] = here;
            west = here;
            here = east;
        }
    }
    if (past_cache) {
        FENCE();
    }
}

/* The pointers are copied, or every store might change them. */
ON_TARGET static void NAMED(bundle)(const struct stencil *stencil, double *const in[KERNEL_INPUTS],
                                    double *const out[KERNEL_COLUMNS],
                                    const struct kernel_rows *rows)
{
    const double *from[KERNEL_INPUTS];
    double *to[KERNEL_COLUMNS];
    for (int i = 0; i < KERNEL_INPUTS; i++)
        from[i] = in[i];
    for (int i = 0; i < KERNEL_COLUMNS; i++)
        to[i] = out[i];
    if (rows->past_cache)
        NAMED(columns)(stencil, from, to, rows, KERNEL_COLUMNS, true);
    else
        NAMED(columns)(stencil, from, to, rows, KERNEL_COLUMNS, false);
}

/* -0.0 adds nothing to any number. */
ON_TARGET static void NAMED(heat_again)(const struct stencil *stencil, double *const in[],
                                        double *const out[], const struct kernel_heated *heated)
{
    typedef NAMED(vector) vector;
    const struct kernel_heat *heat = heated->begin, *const end = heated->end;
    const int first = heated->first, low = heated->low, high = heated->high;
    while (heat < end) {
        const int column = heat->column, line = heat->row / KERNEL_ROWS * KERNEL_ROWS;
        _Alignas(vector) double gains[KERNEL_ROWS];
        for (int i = 0; i < KERNEL_ROWS; i++)
            gains[i] = -0.0;
        for (; heat < end && heat->column == column && heat->row - line < KERNEL_ROWS; heat++)
            gains[heat->row - line] = heat->gain;
        if (line < low || line >= high)
            continue;
        double *const *from = in + (column - first), *to = out[column - first] + (line - low);
        for (int i = 0; i < KERNEL_ROWS; i += LANES)
            STORE_PAST_CACHE(to + i, NAMED(stepped)(stencil, from, line - low + i) +
                                         *(vector *)(gains + i));
    }
    FENCE();
}

/* Columns at .. at+count-1. */
ON_TARGET static inline __attribute__((always_inline)) void NAMED(plane_part)(
    const struct stencil *stencil, const struct kernel_plane *plane, int at, int count,
    bool past_cache)
{
    const double *from[KERNEL_INPUTS];
    double *to[KERNEL_COLUMNS];
    for (int i = 0; i < count + 2; i++)
        from[i] = plane->now + (at + i - 1) * plane->pitch;
    for (int i = 0; i < count; i++)
        to[i] = plane->next + (at + i) * plane->pitch;
    const struct kernel_rows rows = {.first = 0, .end = plane->rows};
    NAMED(columns)(stencil, from, to, &rows, count, past_cache);
}

/* What is left over is covered by a bundle that overlaps the one before. */
ON_TARGET static inline __attribute__((always_inline)) void NAMED(plane_parts)(
    const struct stencil *stencil, const struct kernel_plane *plane, bool past_cache)
{
    int columns = plane->columns, whole = columns / KERNEL_COLUMNS * KERNEL_COLUMNS;
    for (int i = 0; i < whole; i += KERNEL_COLUMNS)
        NAMED(plane_part)(stencil, plane, i, KERNEL_COLUMNS, past_cache);
    if (whole == columns)
        return;
    if (whole > 0)
        NAMED(plane_part)(stencil, plane, columns - KERNEL_COLUMNS, KERNEL_COLUMNS, past_cache);
    for (int i = 0; whole == 0 && i < columns; i++)
        NAMED(plane_part)(stencil, plane, i, 1, past_cache);
}

ON_TARGET static void NAMED(plane)(const struct stencil *stencil, const struct kernel_plane *plane)
{
    if (plane->past_cache)
        NAMED(plane_parts)(stencil, plane, true);
    else
        NAMED(plane_parts)(stencil, plane, false);
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

#undef STORE_PAST_CACHE
#undef FENCE
#undef LANES
#undef SOUTH
#undef ON_TARGET
#undef NAMED
