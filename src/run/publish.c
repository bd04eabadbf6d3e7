#include <time.h>

#include "run_internal.h"

static double wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static enum status check_finite(const struct measure *measure, int64_t window, struct error *err)
{
    if (measure->finite)
        return STATUS_OK;
    return error_set(
        err, STATUS_NUMERIC,
        "the field is not finite after window %lld, first at cell x = %lld, y = %lld; the "
        "last checkpoint is good",
        (long long)window, (long long)measure->bad_x, (long long)measure->bad_y);
}

static struct frame_row row_of(const struct run *run, const struct measure *measure,
                               double heat_out)
{
    const struct closed_window *closed = &run->root->parcel->closed;
    double area = run->plan.solver.dx * run->plan.solver.dy;
    double cells = (double)run->plan.gnx * (double)run->plan.gny;
    return (struct frame_row){
        .window = closed->window,
        .event_time_ms = closed->end_ms,
        .final = !closed->provisional,
        .complete = closed->complete,
        .t_min = measure->min,
        .t_max = measure->max,
        .t_mean = measure->sum / cells,
        .heat_content = measure->sum * area,
        .heat_in = run->state.heat_in,
        .heat_out = heat_out,
        .events = closed->events,
        .missing = closed->missing,
        .dead = closed->dead,
        .latency_ms = wall_clock_ms() - (double)closed->end_ms,
    };
}

/* Rank 0: a frame that an earlier, interrupted run committed already must come out the same. */
static enum status compare_with_manifest(struct run *run, const struct manifest_frame *frame,
                                         bool *known, struct error *err)
{
    const struct manifest_frame *before =
        manifest_find_frame(run->root->manifest, frame->window, frame->revision);
    *known = before != NULL;
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
                                  struct digest stored, struct error *err)
{
    struct manifest_frame frame = {.window = row->window,
                                   .revision = row->revision,
                                   .row = run->state.rows,
                                   .digest = row->digest,
                                   .stored = stored,
                                   .final = row->final,
                                   .change = row->change};
    bool known;
    TRY(compare_with_manifest(run, &frame, &known, err));
    if (!known)
        buffer_append(&run->root->unflushed, &frame, sizeof frame);
    run->state.heat_in = 0.0;
    run->root->rows_pending = true;
    return STATUS_OK;
}

static void hand_over_offsets(struct run *run)
{
    struct root *root = run->root;
    frames_set_offsets(run->frames, root->identity.topic, root->identity.partitions, root->first,
                       root_next_offsets(root));
}

enum status publish_frame(struct run *run, struct error *err)
{
    const struct field *field = solver_field(run->solver);
    struct measure measure = measure_field(run->measurer, field);
    TRY(check_finite(&measure, run->window, err));
    double heat_out = measure_columns(run->measurer, solver_outflow(run->solver));
    struct digest digest = digest_field(run->digester, field), stored;
    struct frame_row row = {0};
    if (run->root) {
        row = row_of(run, &measure, heat_out);
        row.digest = digest;
        hand_over_offsets(run);
        run->root->measure = measure;
    }
    TRY(frames_write(run->frames, run->state.rows, field, &row, &stored, err));
    if (run->root)
        root_note(run->root, remember_frame(run, &row, stored, err), err);
    TRY(temperatures_publish(run, &row, err));
    solver_reset_outflow(run->solver);
    run->state.rows++;
    if (run->state.rows % run->plan.flush_every == 0)
        return publish_flush(run, false, err);
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

enum status publish_flush(struct run *run, bool sync, struct error *err)
{
    TRY(sync ? frames_sync(run->frames, err) : frames_flush(run->frames, err));
    if (run->root && run->root->failure == STATUS_OK)
        root_note(run->root, commit_rows(run->root, err), err);
    if (run->root && sync)
        run->root->rows_pending = false;
    return STATUS_OK;
}
