#include <assert.h>

#include "commit.h"
#include "run_internal.h"

/* Rank 0: everything a restart needs beside the field. */
static enum status gather_state(struct run *run, struct unsynced *later, struct error *err)
{
    struct root *root = run->root;
    const struct parcel *parcel = root->parcel;
    assert(parcel->has_state);
    TRY(dead_letters_sync(root->letters, &run->state.dead_letters_bytes, later, err));
    TRY(temperatures_sync(root, err));
    TRY(watching_sync(run, later, err));
    files_mark_letters(run);
    TRY(journal_mark_of(root->rundir.journal, INT64_MAX, &run->state.journal, err));
    struct state_origin origin = state_origin_of(root);
    buffer_clear(&run->saved_state);
    state_save(&run->state, &origin, parcel->fingerprints, &run->saved_state);
    balance_save(root->balance, &run->saved_state);
    watching_save(run->watching, &run->saved_state);
    buffer_append(&run->saved_state, parcel->windows_state.data, parcel->windows_state.size);
    buffer_clear(&root->summary);
    summary_json(run, &root->summary);
    return STATUS_OK;
}

/* Collective: the file, staged, and the seal that the manifest is to have of it; after the
 * checkpoint before. */
static enum status write_file(struct run *run, struct commit_job *job, struct error *err)
{
    const struct snapshot *past = snapshots_oldest_needed(run->snapshots, run->window);
    run->state.past_window = past->window;
    run->state.past_heat_in = past->heat_in;
    follow_begin(run);
    if (run->root)
        commit_wait(run);
    if (run->root && run->root->failure == STATUS_OK)
        root_note(run->root, gather_state(run, &job->unsynced, err), err);
    follow_word(run);
    TRY(root_share_failure(run, err));
    struct checkpoint_content content = {.window = run->window,
                                         .rows = run->state.rows,
                                         .provisional = run->state.provisional,
                                         .field = solver_field(run->solver),
                                         .outflow = solver_outflow(run->solver),
                                         .past = {.field = past->field, .outflow = past->outflow}};
    if (run->root) {
        content.state = &run->saved_state;
        content.summary = (const char *)run->root->summary.data;
    }
    enum status status =
        checkpoint_stage(run->domain, run->digester, &job->config, &content, &job->entry.seal, err);
    buffer_clear_large(&run->saved_state);
    return status;
}

/* Collective: what rank 0 cannot sync, for it is on other hosts, is synced. */
static enum status sync_hosts(struct run *run, const struct commit_job *job, struct error *err)
{
    TRY(frames_sync(run->frames, false, err));
    enum status mine =
        run->root ? STATUS_OK : checkpoint_sync(&job->config, job->entry.window, err);
    return agree(run->domain, mine, err);
}

static enum status prepare(struct run *run, struct commit_job *job, struct error *err)
{
    bool alone = run->launch.nodes == 1;
    TRY(publish_flush(run, FLUSH_ROWS, err));
    if (!alone)
        frames_begin_sync(run->frames);
    TRY(write_file(run, job, err));
    return alone ? frames_sync_later(run->frames, &job->unsynced, err) : sync_hosts(run, job, err);
}

enum status keep_checkpoint(struct run *run, struct error *err)
{
    struct root *root = run->root;
    struct commit_job job = {.began_s = stop_clock_s(),
                             .config = {.directory = run->plan.checkpoints,
                                        .staging = run->plan.staging,
                                        .provenance = &run->plan.provenance},
                             .entry = {.window = run->window,
                                       .rows = run->state.rows,
                                       .provisional = run->state.provisional}};
    enum status status = prepare(run, &job, err);
    if (root && root->failure == STATUS_OK && status == STATUS_OK)
        commit_begin(root, &job);
    else
        unsynced_release(&job.unsynced);
    monitor_end(run, METRICS_IO, job.began_s);
    return status;
}
