#include <time.h>

#include "base/arith.h"
#include "commit.h"
#include "run_internal.h"

static double wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static struct frame_row row_of(const struct run *run, const struct measure *measure,
                               double heat_out)
{
    const struct closed_window *closed = run->root->closed;
    double area = run->plan.solver.dx * run->plan.solver.dy;
    double cells = (double)run->plan.gnx * (double)run->plan.gny;
    const struct balance_row heat = {.row = run_row(run, closed->window),
                                     .content = measure->sum * area,
                                     .in = run->state.heat_in,
                                     .out = heat_out};
    struct balance_error error = balance_take(run->root->balance, &heat);
    run->root->balance_ratio = error.ratio;
    return (struct frame_row){
        .window = closed->window,
        .event_time_ms = closed->end_ms,
        .revision = closed->revision,
        .final = !closed->provisional,
        .complete = closed->complete,
        .t_min = measure->min,
        .t_max = measure->max,
        .t_mean = measure->sum / cells,
        .heat_content = heat.content,
        .heat_in = heat.in,
        .heat_out = heat.out,
        .heat_residual = error.residual,
        .events = closed->events,
        .late = closed->late,
        .missing = closed->missing,
        .dead = closed->dead,
        .latency_ms = wall_clock_ms() - (double)closed->end_ms,
    };
}

/* Rank 0: a frame that an earlier, interrupted run committed already must come out the same. */
static enum status compare_with_manifest(const struct run *run, const struct manifest_frame *frame,
                                         struct error *err)
{
    const struct manifest_frame *before =
        manifest_find_frame(run->root->manifest, frame->window, frame->revision);
    if (!before || (digest_equal(before->digest, frame->digest) &&
                    digest_equal(before->stored, frame->stored)))
        return STATUS_OK;
    char was[DIGEST_HEX], is[DIGEST_HEX];
    digest_hex(before->digest, was);
    digest_hex(frame->digest, is);
    return error_set(
        err, STATUS_BAD_DATA,
        "window %lld revision %lld was committed with digest %s and is now %s: the input or "
        "the program is not the one this run began with",
        (long long)frame->window, (long long)frame->revision, was, is);
}

static enum status remember_frame(struct run *run, const struct frame_row *row,
                                  struct digest stored, enum publish_kind kind, struct error *err)
{
    struct manifest_frame frame = {.window = row->window,
                                   .revision = row->revision,
                                   .row = run_row(run, row->window),
                                   .digest = row->digest,
                                   .stored = stored,
                                   .final = row->final,
                                   .change = row->change};
    TRY(compare_with_manifest(run, &frame, err));
    if (!manifest_row_holds(run->root->manifest, frame.window, frame.revision))
        buffer_append(&run->root->unflushed, &frame, sizeof frame);
    run->state.revisions += kind == PUBLISH_REVISED;
    run->state.heat_in = 0.0;
    run->root->rows_pending = true;
    room_take_row(run->root);
    return STATUS_OK;
}

static void hand_over_offsets(struct run *run)
{
    struct root *root = run->root;
    frames_set_offsets(run->frames,
                       &(struct frames_offsets){.topic = root->identity.topic,
                                                .partitions = root->identity.partitions,
                                                .first = root->first,
                                                .next = root_next_offsets(root),
                                                .lost = root_lost_offsets(root)});
}

/* How much the corrections before the checkpoint had changed the row that is put back. */
static enum status recall_change(const struct run *run, struct frame_row *row, struct error *err)
{
    const struct manifest_frame *before =
        manifest_find_frame(run->root->manifest, row->window, row->revision);
    if (!before)
        return error_set(err, STATUS_BAD_DATA,
                         "the manifest has no line for revision %lld of window %lld, which the "
                         "checkpoint after window %lld counts on",
                         (long long)row->revision, (long long)row->window,
                         (long long)run->state.window);
    row->change = before->change;
    return STATUS_OK;
}

/* Rank 0: rows that are in the file now may be relied on. */
static enum status commit_rows(struct root *root, struct error *err)
{
    size_t count = root->unflushed.size / sizeof(struct manifest_frame);
    const struct manifest_frame *frames = (const void *)root->unflushed.data;
    for (size_t i = 0; i < count; i++)
        TRY(manifest_add_frame(root->manifest, &frames[i], err));
    buffer_clear(&root->unflushed);
    return STATUS_OK;
}

/* Rank 0: until the lines that follow are there, nobody may rely on what these rows hold. What was
 * to be said of them before is said before. */
static enum status say_rewrite(struct run *run, struct error *err)
{
    commit_wait(run); /* rows that it holds are about to change */
    if (run->root->failure != STATUS_OK)
        return STATUS_OK; /* it is noted */
    run->root->rewriting = true;
    TRY(commit_rows(run->root, err));
    return manifest_add_rewrite(run->root->manifest, run->window, run->state.window, err);
}

/* Before the first row of a correction changes. */
static enum status announce(struct run *run, struct error *err)
{
    TRY(frames_put(run->frames, err));
    if (run->root && (!run->root->rewriting || commit_is_under_way(run->root)))
        root_note(run->root, say_rewrite(run, err), err);
    return root_share_failure(run, err);
}

static enum status write_row(struct run *run, enum publish_kind kind, struct frame_row *row,
                             struct digest *stored, struct error *err)
{
    const struct field *field = solver_field(run->solver);
    int64_t index = run_row(run, run->window);
    if (kind == PUBLISH_REVISED)
        TRY(frames_revise(run->frames, index, field, row, stored, err));
    else
        TRY(frames_write(run->frames, index, field, row, stored, err));
    run->state.rows = max_int64(run->state.rows, index + 1);
    run->unflushed_rows++;
    return STATUS_OK;
}

enum status publish_frame(struct run *run, enum publish_kind kind, struct error *err)
{
    const struct field *field = solver_field(run->solver);
    struct measure measure;
    struct digest stored, digest = digest_measure(run->digester, run->measurer, field, &measure);
    TRY(finite_check(run, &measure, err));
    if (kind != PUBLISH_NEW)
        TRY(announce(run, err));
    double heat_out = measure_columns(run->measurer, solver_outflow(run->solver));
    struct frame_row row = {0};
    if (run->root) {
        row = row_of(run, &measure, heat_out);
        row.digest = digest;
        hand_over_offsets(run);
        run->root->measure = measure;
        if (kind == PUBLISH_RESTORED)
            root_note(run->root, recall_change(run, &row, err), err);
    }
    if (kind == PUBLISH_RESTORED)
        TRY(root_share_failure(run, err));
    watching_look(run, kind == PUBLISH_RESTORED, &row);
    TRY(write_row(run, kind, &row, &stored, err));
    if (run->root)
        root_note(run->root, remember_frame(run, &row, stored, kind, err), err);
    monitor_frame(run, &row);
    TRY(temperatures_publish(run, &row, err));
    solver_reset_outflow(run->solver);
    return STATUS_OK;
}

enum status publish_flush(struct run *run, enum publish_flush how, struct error *err)
{
    bool durably = how == FLUSH_DURABLY || how == FLUSH_FINALLY;
    if (run->root && how == FLUSH_FINALLY)
        commit_wait(run);
    if (durably)
        TRY(frames_sync(run->frames, how == FLUSH_FINALLY, err));
    else
        TRY(frames_put(run->frames, err));
    if (run->root && run->root->failure == STATUS_OK)
        root_note(run->root, commit_rows(run->root, err), err);
    if (how == FLUSH_WHEN_DUE || how == FLUSH_NOW)
        TRY(frames_flush(run->frames, how == FLUSH_NOW, err));
    if (run->root && (how == FLUSH_NOW || how == FLUSH_FINALLY))
        run->root->rows_pending = false;
    if (run->root)
        run->root->committed_s = stop_clock_s();
    run->unflushed_rows = 0;
    return STATUS_OK;
}
