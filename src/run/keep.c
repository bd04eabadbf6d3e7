#include <assert.h>

#include "base/log.h"
#include "run_internal.h"

/* Rank 0: everything a restart needs beside the field. */
static enum status gather_state(struct run *run, struct error *err)
{
    struct root *root = run->root;
    const struct parcel *parcel = root->parcel;
    assert(parcel->has_state);
    TRY(dead_letters_sync(root->letters, &run->state.dead_letters_bytes, NULL, err));
    TRY(temperatures_sync(root, err));
    TRY(watching_sync(run, NULL, err));
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

/* Rank 0: the checkpoint counts from here on. */
static enum status commit(struct run *run, const struct checkpoint_seal *seal, struct error *err)
{
    struct root *root = run->root;
    struct manifest_checkpoint entry = {.window = run->window,
                                        .rows = run->state.rows,
                                        .provisional = run->state.provisional,
                                        .seal = *seal};
    TRY(manifest_add_checkpoint(root->manifest, &entry, err));
    TRY(claim_check(root->rundir.claim, err));
    manifest_retire_checkpoints(root->manifest, (int)root->deck->checkpoint.keep);
    TRY(checkpoint_remove_old(run->plan.checkpoints, run->plan.staging, root->manifest, err));
    TRY(files_drop_letters(run, err));
    source_report(root->source, root_next_offsets(root));
    return STATUS_OK;
}

static void report(struct run *run, const struct checkpoint_seal *seal, double began_s)
{
    struct root *root = run->root;
    char hex[DIGEST_HEX];
    digest_hex(seal->field, hex);
    root->checkpoint_done_s = stop_clock_s();
    root->checkpoint_s = root->checkpoint_done_s - began_s;
    log_info("checkpoint after window %lld, digest %s (%.3f s)", (long long)run->window, hex,
             root->checkpoint_s);
}

enum status keep_checkpoint(struct run *run, struct error *err)
{
    double began_s = stop_clock_s();
    const struct snapshot *past = snapshots_oldest_needed(run->snapshots, run->window);
    run->state.past_window = past->window;
    run->state.past_heat_in = past->heat_in;
    frames_begin_sync(run->frames);
    follow_begin(run);
    if (run->root && run->root->failure == STATUS_OK)
        root_note(run->root, gather_state(run, err), err);
    follow_word(run);
    TRY(root_share_failure(run, err));
    struct checkpoint_config config = {.directory = run->plan.checkpoints,
                                       .staging = run->plan.staging,
                                       .provenance = &run->plan.provenance};
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
    struct checkpoint_seal seal;
    enum status status =
        checkpoint_write(run->domain, run->digester, &config, &content, &seal, err);
    buffer_clear_large(&run->saved_state);
    TRY(status);
    TRY(publish_flush(run, FLUSH_DURABLY, err)); /* before the line; begun with above */
    if (!run->root)
        return STATUS_OK;
    if (run->root->failure == STATUS_OK)
        root_note(run->root, commit(run, &seal, err), err);
    room_note_checkpoint(run);
    if (run->root->failure != STATUS_OK)
        return STATUS_OK;
    report(run, &seal, began_s);
    monitor_end(run, METRICS_IO, began_s);
    monitor_checkpoint(run);
    return STATUS_OK;
}
