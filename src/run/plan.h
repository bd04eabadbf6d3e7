/* The few values every rank needs, decided on rank 0 and broadcast: the other ranks never see the
 * deck. */
#ifndef HEATSTREAM_RUN_PLAN_H
#define HEATSTREAM_RUN_PLAN_H

#include <limits.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "grid/gather.h"
#include "run/launch.h"
#include "run/run.h"
#include "solve/solver.h"
#include "store/frames.h"
#include "store/provenance.h"

/* Plain data, the same on every rank after plan_share(); `provenance` points into `texts`. */
struct plan {
    struct solver_config solver;
    int64_t gnx, gny, tile, per_segment, frames_every, flush_every, horizon_windows, window_ms;
    double lost_after_s;  /* 0: ranks wait for each other for ever */
    int64_t early_ms;     /* 0: no pictures of open windows */
    int snapshot_spacing; /* windows from one snapshot to the next */
    bool f64;
    bool dry_run;
    bool to_topic; /* temperatures of temp_box, every temp_every-th frame */
    struct cell_box temp_box;
    int64_t temp_every;
    char directory[PATH_MAX], checkpoints[PATH_MAX], run_id[256], title[256];
    char staging[PATH_MAX]; /* known once the run directory is claimed */
    struct provenance provenance;
    struct buffer texts;
};

/* Collective over MPI_COMM_WORLD: fills the plan from rank 0's deck. Fails the same way
 * everywhere. */
enum status plan_share(const struct deck *deck, const struct run_options *options,
                       const struct launch *launch, struct plan *plan,
                       struct error *err) MUST_CHECK;
void plan_release(struct plan *plan);

/* What the frames files of the run are like; borrows from the plan. */
struct frames_config plan_frames(const struct plan *plan);

#endif
