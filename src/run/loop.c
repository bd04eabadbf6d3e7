#include <stdio.h>

#include "base/log.h"
#include "commit.h"
#include "run_internal.h"

enum { POLL_MS = 50 };

/* A row that has others behind it waits no longer to be committed with them. */
static const double ROW_WAITS_S = 2e-3;

static enum status write_letters(struct root *root, struct error *err)
{
    const struct parcel *parcel = root->parcel;
    if (parcel->letter_count == 0)
        return STATUS_OK;
    return dead_letters_write(root->letters, (const void *)parcel->letters.data,
                              parcel->letter_count, parcel->letter_bytes.data, err);
}

/* Rank 0: what a checkpoint costs has to be known before the time limit is near. */
static bool cost_wanted(const struct root *root)
{
    double limit_s = root->stop.time_limit_s;
    return root->checkpoint_s == 0 && limit_s >= 0 && stop_clock_s() >= limit_s / 10;
}

/* Rank 0: a checkpoint is due by the wall clock. */
static bool wall_clock_due(const struct run *run)
{
    const struct root *root = run->root;
    int64_t every_s = root->deck->checkpoint.every_wall_s;
    double since_s = stop_clock_s() - root->checkpoint_done_s;
    bool wanted = (every_s > 0 && since_s >= (double)every_s) || cost_wanted(root);
    return wanted && run->window >= 0 && !commit_is_under_way(root);
}

static struct order order_failed(const struct root *root)
{
    return (struct order){.kind = ORDER_END, .status = root->failure};
}

static struct order order_stop(struct run *run)
{
    struct error err;
    struct root *root = run->root;
    commit_wait(run);
    if (root->room.low)
        root_note(root,
                  error_set(&err, STATUS_IO,
                            "stopped while the disk of %s had room for a checkpoint; with more "
                            "room, the same command goes on from here",
                            root->rundir.root),
                  &err);
    if (root->failure != STATUS_OK)
        return order_failed(root);
    error_set(&root->failure_error, STATUS_STOPPED,
              "stopped early; the same command goes on from here");
    return (struct order){.kind = ORDER_END, .status = STATUS_STOPPED};
}

/* Rank 0: a stop without a new checkpoint. */
static struct order order_give_up(struct run *run, const char *why)
{
    struct root *root = run->root;
    const struct manifest_checkpoint *list;
    commit_wait(run);
    int count = (int)manifest_checkpoints(root->manifest, &list);
    struct error err;
    enum status status =
        count > 0
            ? error_set(&err, STATUS_STOPPED,
                        "%s: stopped without a new checkpoint; the same command goes on "
                        "after window %lld",
                        why, (long long)list[count - 1].window)
            : error_set(&err, STATUS_STOPPED,
                        "%s: stopped without a checkpoint; the same command begins anew", why);
    root_note(root, status, &err);
    return order_failed(root);
}

/* Rank 0: whoever asks for a stop has waited long enough for the temperatures to be taken. */
static struct order order_give_up_topic(struct run *run)
{
    char why[400];
    const struct root *root = run->root;
    snprintf(why, sizeof why, "topic %s does not take the temperatures", root->deck->temp.topic);
    return order_give_up(run, why);
}

/* Rank 0: amid a correction that is too long to wait for. What it has rewritten so far is announced
 * in the manifest, and restored by whoever goes on. */
static bool gives_up_correction(struct run *run, struct order *order)
{
    const struct parcel *parcel = run->root->parcel;
    char why[200];
    if (parcel->kind != PARCEL_WINDOW || parcel->closed.kind == CLOSE_NEW)
        return false;
    int64_t left = run->state.window - parcel->closed.window + 2;
    if (!wait_is_too_long(run->root, left))
        return false;
    snprintf(why, sizeof why,
             "late events have %lld windows up to window %lld stepped again, which takes about "
             "%.0f s",
             (long long)left, (long long)run->state.window + 1, (double)left * run->root->step_s);
    *order = order_give_up(run, why);
    return true;
}

/* Rank 0: another run has taken the directory over. */
static void note_loss(struct root *root)
{
    struct error err;
    if (claim_is_lost(root->rundir.claim))
        root_note(root, claim_check(root->rundir.claim, &err), &err);
}

/* Rank 0: how long the next parcel may take before something else is done. Rows that readers do
 * not see yet wait no longer than it takes to show them: what comes meanwhile is delayed by no more
 * than has been waited for it. */
static int patience_ms(const struct run *run)
{
    double flush_ms = 1e3 * frames_flush_s(run->frames);
    if (commit_is_under_way(run->root))
        return 1;
    return run->root->rows_pending && flush_ms < POLL_MS ? 1 + (int)flush_ms : POLL_MS;
}

/* Rank 0: waits for root->parcel, asking for a state when someone wants a checkpoint. False: *order
 * is what all do instead. */
static bool await_parcel(struct run *run, struct order *order)
{
    struct root *root = run->root;
    for (;;) {
        follow_pulse(root);
        commit_look(run);
        if (wait_request(root) == STOP_NOW) {
            *order = order_stop(run);
            return false;
        }
        if (wall_clock_due(run) && !root->state_wanted) {
            root->state_wanted = true;
            feed_want_state(root->feed);
        }
        bool ready = temperatures_ready(run, POLL_MS);
        root->parcel = ready ? wait_for_parcel(run, patience_ms(run)) : NULL;
        if (root->parcel)
            return true;
        if (!ready && wait_is_over(root)) {
            *order = order_give_up_topic(run);
            return false;
        }
        note_loss(root);
        files_tend_log(root);
        if (root->failure != STATUS_OK) {
            *order = order_failed(root);
            return false;
        }
        if (root->rows_pending) {
            *order = (struct order){.kind = ORDER_FLUSH};
            return false;
        }
        progress_waiting(run);
        monitor_show(run);
    }
}

/* Rank 0: the next window comes before anything that looks at the field. */
static bool waits_for_next(const struct run *run, const struct parcel *parcel,
                           const struct order *order)
{
    bool follows = parcel->next && parcel->next->window == order->window + 1;
    bool looked_at = order->frame || order->in_doubt || order->checkpoint || order->finished;
    return follows && !looked_at && step_may_wait(run, &parcel->closed);
}

static struct order order_step(struct run *run, const struct parcel *parcel)
{
    const struct closed_window *closed = &parcel->closed;
    struct order order = {.kind = ORDER_STEP, .window = closed->window, .close = (int)closed->kind};
    order.rolls_back = closed->window <= run->window;
    order.frame = closed->kind != CLOSE_REPLAY && run_has_row(run, closed->window);
    order.in_doubt = finite_in_doubt(run, closed) && !order.frame;
    order.checkpoint = parcel->has_state;
    if (closed->kind == CLOSE_NEW && closed->window == run->root->stop_after) {
        order.finished = true;
        order.checkpoint = run->root->deck->checkpoint.at_end;
    }
    order.waits = waits_for_next(run, parcel, &order);
    order.row_waits = parcel->next && !order.checkpoint && !order.finished &&
                      stop_clock_s() - run->root->committed_s < ROW_WAITS_S;
    return order;
}

/* Pictures must not keep rows from being seen while the stream pauses. */
static struct order order_early(const struct run *run)
{
    const struct root *root = run->root;
    bool pauses = stop_clock_s() - root->closed_s >= 1e-3 * POLL_MS;
    return (struct order){.kind = ORDER_EARLY, .flush = root->rows_pending && pauses};
}

/* The end of a bounded run. A run whose last close was not provisional is gone on from its end, so
 * that state must be kept. */
static struct order order_finish(const struct run *run)
{
    bool keep = run->root->deck->checkpoint.at_end || !run->state.provisional;
    return (struct order){.kind = ORDER_END, .checkpoint = keep, .finished = true};
}

static struct order order_of(struct run *run, const struct parcel *parcel)
{
    struct order order = {.kind = ORDER_CHECKPOINT, .checkpoint = true};
    switch (parcel->kind) {
    case PARCEL_WINDOW:
        order = order_step(run, parcel);
        break;
    case PARCEL_END:
        order = order_finish(run);
        break;
    case PARCEL_EARLY:
        return order_early(run);
    case PARCEL_FAILED:
        order = (struct order){.kind = ORDER_END, .status = parcel->status};
        break;
    case PARCEL_STATE:
    case PARCEL_KEEP:
        break;
    }
    if (run->window < 0 && order.kind != ORDER_STEP)
        order.checkpoint = false; /* no window yet: a restart begins at the beginning */
    return order;
}

static void accept_parcel(struct run *run)
{
    struct root *root = run->root;
    const struct parcel *parcel = root->parcel;
    if (parcel->kind == PARCEL_EARLY)
        return;
    root->closed = &parcel->closed;
    root->closed_s = stop_clock_s();
    for (int p = 0; p < root->identity.partitions; p++)
        root->ledgers[p] = parcel->ledgers[p];
    if (parcel->has_state) {
        root->leaving = root->stopping && feed_knows_gaps(root->feed, parcel);
        root->state_wanted = false;
    }
    if (parcel->kind == PARCEL_FAILED)
        commit_wait(run);
    if (parcel->kind == PARCEL_FAILED && root->failure == STATUS_OK)
        root->failure_error = parcel->error;
    struct error err;
    if (parcel->kind != PARCEL_END) /* those of the end are written after its checkpoint */
        root_note(root, write_letters(root, &err), &err);
}

/* Rank 0: takes the next parcel and decides what all do with it. */
static struct order next_order(struct run *run)
{
    struct root *root = run->root;
    commit_look(run);
    note_loss(root);
    files_tend_log(root);
    if (root->failure != STATUS_OK)
        return order_failed(root);
    if (root->leaving)
        return order_stop(run);
    struct order order;
    double began_s = monitor_begin(run);
    bool arrived = await_parcel(run, &order);
    monitor_end(run, METRICS_INGEST, began_s);
    if (!arrived || gives_up_correction(run, &order))
        return order;
    accept_parcel(run);
    return root->failure != STATUS_OK ? order_failed(root) : order_of(run, root->parcel);
}

static void finish_parcel(struct root *root)
{
    if (root->parcel)
        feed_done(root->feed, root->parcel);
    root->parcel = NULL;
}

/* A window as rank 0's parcel has it: stepped, and what follows from it. */
static enum status carry_out_step(struct run *run, const struct order *order, struct error *err)
{
    if (order->rolls_back)
        TRY(step_back(run, order->window - 1, err));
    step_window(run, order->window, order->waits);
    if (order->in_doubt)
        TRY(finite_prove(run, err));
    double began_s = monitor_begin(run);
    if (order->frame)
        TRY(publish_frame(run, order->close == CLOSE_NEW ? PUBLISH_NEW : PUBLISH_REVISED, err));
    else
        step_pass(run);
    monitor_end(run, METRICS_IO, began_s);
    step_keep(run);
    if (order->close != CLOSE_NEW)
        return STATUS_OK;
    run->state.window = order->window;
    picture_hide(run);
    if (run->root) {
        run->state.provisional = run->root->closed->provisional;
        run->root->rewriting = false;
    }
    bool row_waits = order->row_waits && frames_may_wait(run->frames);
    if (run->unflushed_rows < run->plan.flush_every || row_waits)
        return STATUS_OK;
    began_s = monitor_begin(run);
    TRY(publish_flush(run, FLUSH_WHEN_DUE, err));
    monitor_end(run, METRICS_IO, began_s);
    return STATUS_OK;
}

static enum status carry_out(struct run *run, const struct order *order, struct error *err)
{
    if (order->kind == ORDER_STEP)
        TRY(carry_out_step(run, order, err));
    if (order->kind == ORDER_FLUSH || order->flush)
        TRY(publish_flush(run, FLUSH_NOW, err));
    if (order->kind == ORDER_EARLY)
        picture_show(run);
    if (order->checkpoint)
        TRY(keep_checkpoint(run, err));
    if (run->root && order->kind == ORDER_STEP && order->close == CLOSE_NEW) {
        progress_stepping(run);
        monitor_window(run, order->waits);
    }
    monitor_show(run);
    return STATUS_OK;
}

/* Rank 0: what `info` tells of a finished run, then the line that makes it one. */
static enum status commit_finish(struct run *run, struct digest digest, struct error *err)
{
    struct root *root = run->root;
    struct manifest_finish finish = {
        .window = run->window, .digest = digest, .at_end = run->window < root->stop_after};
    if (root->parcel->kind == PARCEL_END)
        TRY(write_letters(root, err));
    root->parcel->letters_waiting = 0;
    TRY(dead_letters_sync(root->letters, &run->state.dead_letters_bytes, NULL, err));
    TRY(temperatures_sync(root, err));
    TRY(watching_sync(run, NULL, err));
    buffer_clear(&root->summary);
    summary_json(run, &root->summary);
    TRY(manifest_add_finished(root->manifest, &finish, (const char *)root->summary.data, err));
    return claim_check(root->rundir.claim, err);
}

/* Every rank: the run is complete; rank 0 says so in the manifest. */
static enum status finish_run(struct run *run, struct error *err)
{
    TRY(publish_flush(run, FLUSH_FINALLY, err));
    struct digest digest = digest_field(run->digester, solver_field(run->solver));
    follow_begin(run);
    if (run->root && run->root->failure == STATUS_OK)
        root_note(run->root, commit_finish(run, digest, err), err);
    follow_word(run);
    if (run->root)
        finish_parcel(run->root);
    TRY(root_share_failure(run, err));
    if (run->root)
        progress_summary(run, &digest);
    footprint_tell(run);
    monitor_finish(run);
    return STATUS_OK;
}

enum status loop_run(struct run *run, struct error *err)
{
    for (;;) {
        struct order order = {0};
        follow_begin(run);
        if (run->root)
            order = next_order(run);
        follow_order(run, &order);
        double began_s = stop_clock_s();
        enum status status = carry_out(run, &order, err);
        if (run->root)
            wait_note_cost(run->root, &order, stop_clock_s() - began_s);
        if (run->root && !order.finished)
            finish_parcel(run->root);
        TRY(status);
        if (order.finished)
            return finish_run(run, err);
        if (order.kind == ORDER_END) {
            monitor_finish(run);
            if (run->root)
                *err = run->root->failure_error;
            return run_share_status(order.status, err);
        }
    }
}
