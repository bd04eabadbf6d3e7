/* The segments of the frames that are open: which they are, how they come and go. */
#ifndef HEATSTREAM_STORE_FRAMES_SEGMENTS_H
#define HEATSTREAM_STORE_FRAMES_SEGMENTS_H

#include <limits.h>

#include "layout.h"
#include "row_batch.h"
#include "segment.h"
#include "stage.h"

struct frames {
    const struct domain *domain;
    char directory[PATH_MAX], staging[PATH_MAX], master[PATH_MAX];
    char *run_id, *title;
    struct layout layout;
    struct digester *digester;
    struct stage *stage;
    struct row_batch *batch; /* the last rows, or the only one that is being overwritten */
    int64_t batch_first;     /* index of its first row */
    int64_t rows, horizon_rows;
    struct segment *open; /* [open_count], oldest first */
    int open_count, open_most;
    enum stage_way way;
    bool dirty;       /* rows were written since the last flush */
    double flushed_s; /* rank 0: when the last flush ended, and what it cost */
    double flush_cost_s;
};

/* Collective: opens those that corrections can reach. */
enum status frames_open_kept(struct frames *frames, struct error *err) MUST_CHECK;

/* Collective: adds the segment that begins with `row`, read on rank 0; closes those that
 * corrections cannot reach any more. */
enum status frames_add_segment(struct frames *frames, int64_t number, const struct frame_row *row,
                               struct error *err) MUST_CHECK;
enum status frames_close_unreachable(struct frames *frames, struct error *err) MUST_CHECK;

/* Collective: segment_close(). */
enum status frames_close_segment(const struct frames *frames, struct segment *segment,
                                 struct error *err) MUST_CHECK;

/* The open segment of a row, which is row *local in it; or NULL. Local. */
struct segment *frames_find_segment(struct frames *frames, int64_t index, int64_t *local);

/* Collective: frames_put() of a batch that has rows, or, after a failure on this rank, what the
 * others wait for. */
enum status frames_put_after(struct frames *frames, enum status mine, struct error *err) MUST_CHECK;

/* frames.h5 of the rows so far. Rank 0. */
enum status frames_write_master(const struct frames *frames, bool sync,
                                struct error *err) MUST_CHECK;

/* Cuts the last segment, which is closed, to its rows. Rank 0; does nothing elsewhere. */
enum status frames_trim_last(const struct frames *frames, struct error *err) MUST_CHECK;

#endif
