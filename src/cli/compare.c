/* heatstream compare: how the frames of two runs differ. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "store/frames_compare.h"
#include "store/pack.h"

struct tally {
    const struct cli_options *options;
    struct compare_side a, b;
    int64_t frames, differing, only_a, only_b, shifted, digests;
    int64_t first_only_a, first_only_b, first_shifted;
    struct compare_frame first; /* that differs */
    double max;
    int64_t max_window, max_x, max_y;
    int64_t things;        /* of regions, relations and alerts that differ, or only one side has */
    double sum_of_squares; /* over all frames */
    int64_t columns[COMPARE_COLUMNS], first_column[COMPARE_COLUMNS];
};

static void print_side(const char *name, const char *path, const struct compare_side *side)
{
    printf("%s: %s: %" PRId64 " rows of %" PRId64 " x %" PRId64 " cells of %g x %g, %s\n", name,
           path, side->rows, side->gnx, side->gny, side->dx, side->dy, side->f64 ? "f64" : "f32");
}

static void take_sides(void *context, const struct compare_side *a, const struct compare_side *b)
{
    struct tally *tally = context;
    tally->a = *a;
    tally->b = *b;
    print_side("A", tally->options->path, a);
    print_side("B", tally->options->other, b);
    if (compare_same_grid(a, b) && a->f64 != b->f64)
        printf("f64 is compared as f32, the solution in f64 by its digests\n");
}

static double cells_of(const struct tally *tally)
{
    return (double)tally->a.gnx * (double)tally->a.gny;
}

static void count(int64_t *counter, int64_t *first, int64_t window)
{
    if ((*counter)++ == 0)
        *first = window;
}

static void note_columns(struct tally *tally, const struct compare_frame *frame)
{
    for (int i = 0; compare_column_name(i); i++)
        if (frame->columns & 1U << i)
            count(&tally->columns[i], &tally->first_column[i], frame->window);
}

static void note_difference(struct tally *tally, const struct compare_frame *frame)
{
    if (tally->differing++ == 0) {
        tally->first = *frame;
        printf("%12s %12s %12s %10s  first differing cell\n", "window", "max |A-B|", "L2", "cells");
    }
    if (frame->max > tally->max) {
        tally->max = frame->max;
        tally->max_window = frame->window;
        tally->max_x = frame->max_x;
        tally->max_y = frame->max_y;
    }
    printf("%12" PRId64 " %12.5g %12.5g %10" PRId64, frame->window, frame->max,
           sqrt(frame->sum_of_squares / cells_of(tally)), frame->cells);
    if (frame->cells > 0)
        printf("  x %" PRId64 ", y %" PRId64 ": %.17g, %.17g\n", frame->x, frame->y, frame->a,
               frame->b);
    else
        printf("  none as stored, but the digests of the solution differ\n");
}

static void take_frame(void *context, const struct compare_frame *frame)
{
    struct tally *tally = context;
    if (frame->where == COMPARE_ONLY_A)
        count(&tally->only_a, &tally->first_only_a, frame->window);
    else if (frame->where == COMPARE_ONLY_B)
        count(&tally->only_b, &tally->first_only_b, frame->window);
    if (frame->where != COMPARE_BOTH)
        return;
    tally->frames++;
    tally->sum_of_squares += frame->sum_of_squares;
    if (frame->end_ms_a != frame->end_ms_b)
        count(&tally->shifted, &tally->first_shifted, frame->window);
    note_columns(tally, frame);
    if (frame->cells > 0 || !frame->same_digest)
        note_difference(tally, frame);
}

static void print_columns(const struct tally *tally)
{
    for (int i = 0; compare_column_name(i); i++)
        if (tally->columns[i] > 0)
            printf("%s differs in %" PRId64 " windows, first in window %" PRId64 "\n",
                   compare_column_name(i), tally->columns[i], tally->first_column[i]);
}

static void print_windows(const struct tally *tally)
{
    if (tally->only_a > 0)
        printf("%" PRId64 " windows are in A only, first window %" PRId64 "\n", tally->only_a,
               tally->first_only_a);
    if (tally->only_b > 0)
        printf("%" PRId64 " windows are in B only, first window %" PRId64 "\n", tally->only_b,
               tally->first_only_b);
    if (tally->shifted > 0)
        printf("%" PRId64 " windows of one number end at different times, first window %" PRId64
               ": another t0 or window_ms\n",
               tally->shifted, tally->first_shifted);
}

static void print_norms(const struct tally *tally)
{
    if (tally->differing == 0) {
        printf("%" PRId64 " frames have equal bits\n", tally->frames);
        return;
    }
    printf("over all %" PRId64 " frames: max %.5g in window %" PRId64 ", L2 %.5g", tally->frames,
           tally->max, tally->max_window,
           sqrt(tally->sum_of_squares / ((double)tally->frames * cells_of(tally))));
    if (tally->max > 0)
        printf(" (max at x %" PRId64 ", y %" PRId64 ")", tally->max_x, tally->max_y);
    printf("\n");
}

static void take_thing(void *context, const struct compare_thing *thing)
{
    struct tally *tally = context;
    tally->things++;
    if (thing->where != COMPARE_BOTH)
        printf("%s of '%s' is in %c only\n", thing->panel, thing->name,
               thing->where == COMPARE_ONLY_A ? 'A' : 'B');
    else
        printf("%s of '%s' differs in %" PRId64 " windows, first in window %" PRId64
               ": %.17g, %.17g; max %.5g\n",
               thing->panel, thing->name, thing->windows, thing->first_window, thing->a, thing->b,
               thing->max);
}

static enum status conclude(const struct tally *tally, struct error *err)
{
    const char *a = tally->options->path, *b = tally->options->other;
    if (!compare_same_grid(&tally->a, &tally->b))
        return error_set(err, STATUS_BAD_DATA,
                         "%s and %s have different grids: %" PRId64 " x %" PRId64
                         " cells of %g x %g, %" PRId64 " x %" PRId64 " of %g x %g",
                         a, b, tally->a.gnx, tally->a.gny, tally->a.dx, tally->a.dy, tally->b.gnx,
                         tally->b.gny, tally->b.dx, tally->b.dy);
    print_norms(tally);
    print_windows(tally);
    print_columns(tally);
    if (tally->differing > 0)
        return error_set(err, STATUS_BAD_DATA,
                         "%" PRId64 " of %" PRId64 " frames differ, from window %" PRId64 " on",
                         tally->differing, tally->frames, tally->first.window);
    if (tally->frames == 0)
        return error_set(err, STATUS_BAD_DATA, "%s and %s have no window in common", a, b);
    if (tally->only_a + tally->only_b + tally->shifted > 0)
        return error_set(err, STATUS_BAD_DATA, "%s and %s do not have the same windows", a, b);
    if (tally->things > 0)
        return error_set(err, STATUS_BAD_DATA,
                         "%" PRId64 " values of regions, relations and alerts are not in both of "
                         "%s and %s, or differ",
                         tally->things, a, b);
    return STATUS_OK;
}

/* HDF5 believes some bytes of a file without a checksum, so a packed one is proven first. */
static enum status prove_packed(const char *path, struct error *err)
{
    return pack_is(path) ? pack_prove(path, err) : STATUS_OK;
}

enum status command_compare(const struct cli_options *options, struct error *err)
{
    struct tally tally = {.options = options};
    struct compare_visit visit = {.sides = take_sides,
                                  .frame = take_frame,
                                  .thing = options->regions ? take_thing : NULL,
                                  .context = &tally};
    TRY(prove_packed(options->path, err));
    TRY(prove_packed(options->other, err));
    TRY(frames_compare(options->path, options->other, &visit, err));
    enum status status = conclude(&tally, err);
    if (fflush(stdout) != 0)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    return status;
}
