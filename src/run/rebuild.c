/* A restart begins at the field that the oldest correction can need: what follows it up to the
 * checkpoint is stepped again. That fills the ring of snapshots, puts back the rows of the frames
 * that were corrected after the checkpoint, and proves that the input and the program are still
 * those the run began with. */
#include "run_internal.h"

#include "window/replay.h"

/* What rank 0 tells of a window to be stepped again. */
struct replay {
    bool frame; /* its row holds something else, or may */
    bool waits; /* for the next window, to be stepped with it */
};

static bool row_is_stale(const struct run *run, const struct closed_window *closed)
{
    int64_t reach = run->state.window + 1 - run->plan.horizon_windows;
    return closed->window >= reach && run_has_row(run, closed->window) &&
           !manifest_row_holds(run->root->manifest, closed->window, closed->revision);
}

static enum status replay_window(struct run *run, int64_t window, struct error *err)
{
    struct closed_window closed;
    struct replay replay = {0};
    if (run->root) {
        windows_replay(run->root->windows, window, &closed);
        run->root->closed = &closed;
        replay.frame = row_is_stale(run, &closed);
        replay.waits = !replay.frame && window < run->state.window && step_may_wait(run, &closed);
        (void)finite_in_doubt(run, &closed); /* it was looked at before the checkpoint */
    }
    agree_broadcast(run->domain, &replay, (int)sizeof replay);
    step_window(run, window, replay.waits);
    if (replay.frame)
        TRY(publish_frame(run, PUBLISH_RESTORED, err));
    else
        step_pass(run);
    step_keep(run);
    if (run->root)
        run->root->closed = NULL;
    return STATUS_OK;
}

static enum status compare(struct run *run, struct digest before, struct error *err)
{
    struct digest digest = digest_field(run->digester, solver_field(run->solver));
    if (digest_equal(digest, before))
        return STATUS_OK;
    char was[DIGEST_HEX], is[DIGEST_HEX];
    digest_hex(before, was);
    digest_hex(digest, is);
    return error_set(err, STATUS_BAD_DATA,
                     "the field after window %lld was %s at the checkpoint and, stepped again from "
                     "the one after window %lld in it, is %s: the program is not the one this run "
                     "began with",
                     (long long)run->window, was, (long long)run->state.past_window, is);
}

enum status rebuild_field(struct run *run, struct error *err)
{
    int64_t last = run->state.window;
    struct digest before = digest_field(run->digester, solver_field(run->solver));
    TRY(step_back(run, run->state.past_window, err));
    run->state.heat_in = run->state.past_heat_in;
    finite_begin(run);
    step_keep(run); /* with that heat: a correction may come back to here */
    for (int64_t window = run->state.past_window + 1; window <= last; window++)
        TRY(replay_window(run, window, err));
    if (run->unflushed_rows > 0)
        TRY(publish_flush(run, FLUSH_DURABLY, err));
    if (run->root)
        run->root->rewriting = false;
    TRY(root_share_failure(run, err));
    return compare(run, before, err);
}
