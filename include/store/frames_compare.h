/* How the frames of two runs, or of two frames files, differ, window by window. Local, without MPI;
 * the files are read by a process of its own, which HDF5 may crash on a damaged one. */
#ifndef HEATSTREAM_STORE_FRAMES_COMPARE_H
#define HEATSTREAM_STORE_FRAMES_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { COMPARE_COLUMNS = 32 };

/* One side. */
struct compare_side {
    int64_t rows, gnx, gny; /* unwritten rows are counted */
    double dx, dy;
    bool f64;
};

enum compare_where { COMPARE_BOTH, COMPARE_ONLY_A, COMPARE_ONLY_B };

/* A window that one of the sides has, or both. Differences are of the stored values, A - B; those
 * of f64 are rounded to f32 where the other side has f32. */
struct compare_frame {
    enum compare_where where;
    int64_t window, end_ms_a, end_ms_b; /* event times of its end; 0 on a side that lacks it */
    int64_t cells;                      /* whose bits differ */
    int64_t x, y;                       /* the first of them, by x, then y; where cells > 0 */
    double a, b;                        /* its values */
    double max;                         /* largest |A - B|; infinite where one is not a number */
    int64_t max_x, max_y;               /* the first cell that has it; where cells > 0 */
    double sum_of_squares;              /* of A - B over all cells */
    bool same_digest;                   /* of the field in f64, as /series says */
    uint32_t columns; /* bit i: column i of compare_column_name() differs, latency_ms aside */
};

/* A value of /regions, /relations or /alerts that differs in some window, or that only one side
 * has. */
struct compare_thing {
    enum compare_where where;
    char panel[96], name[64]; /* "/regions/stats/mean", "core" */
    int64_t windows, first_window;
    double a, b; /* in the first of them */
    double max;  /* largest |A - B|; infinite where one is not a number */
};

/* Things are looked at only where `thing` is not NULL. */
struct compare_visit {
    void (*sides)(void *context, const struct compare_side *a, const struct compare_side *b);
    void (*frame)(void *context, const struct compare_frame *frame);
    void (*thing)(void *context, const struct compare_thing *thing);
    void *context;
};

/* Calls `sides` once, then `frame` for each window, in order, and at the end `thing`; not for grids
 * that differ. STATUS_NO_INPUT: there are no frames; STATUS_BAD_DATA: they cannot be read. */
enum status frames_compare(const char *a, const char *b, const struct compare_visit *visit,
                           struct error *err) MUST_CHECK;

/* Of /series; NULL when there are not so many. */
const char *compare_column_name(int column);

/* One column, cell or grid unlike the other. */
bool compare_same_grid(const struct compare_side *a, const struct compare_side *b);

#endif
