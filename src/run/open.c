#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/build_id.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/memory.h"
#include "run_internal.h"
#include "window/advance.h"
#include "window/windows_state.h"

/* True when provisional rows have to be taken back before going on: of a finished run, or of one to
 * an end that is to go on without one. */
static bool must_take_back(const struct root *root)
{
    struct manifest_finish finish;
    if (manifest_finished(root->manifest, &finish) || manifest_undone(root->manifest))
        return true;
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(root->manifest, &frames);
    for (int64_t i = 0; i < count && !root->bounded; i++)
        if (!frames[i].final)
            return true;
    return false;
}

static void say_what_begins(const struct run *run)
{
    const struct plan *plan = &run->plan;
    const struct source_identity *from = &run->root->identity;
    struct buffer ranks = {0};
    launch_describe(&run->launch, &ranks);
    log_info("run %s: %lld x %lld cells on %.*s; %d step%s of %.6g s a window of %lld ms, from %s "
             "(%d partition%s)",
             plan->run_id, (long long)plan->gnx, (long long)plan->gny, (int)ranks.size,
             (const char *)ranks.data, plan->solver.substeps, plan->solver.substeps == 1 ? "" : "s",
             plan->solver.tau_s, (long long)plan->window_ms, from->topic, from->partitions,
             from->partitions == 1 ? "" : "s");
    buffer_release(&ranks);
}

static enum status renew_segments(const struct run *run, struct error *err)
{
    struct frames_config frames = plan_frames(&run->plan);
    frames.staging = claim_staging(run->root->rundir.claim);
    return claim_is_sole(run->root->rundir.claim) ? STATUS_OK
                                                  : frames_renew(run->domain, &frames, err);
}

static enum status open_directory(struct run *run, struct error *err)
{
    struct root *root = run->root;
    TRY(rundir_paths(root->deck->run.out, root->deck->run.id, &root->rundir, err));
    TRY(rundir_open(&root->rundir, root->deck->run.takeover_s, err));
    if (root->options->restart == RUN_RESTART_NONE)
        TRY(rundir_clear(&root->rundir, err));
    TRY(renew_segments(run, err));
    TRY(rundir_enter(&root->rundir, err));
    TRY(log_open_file(root->rundir.log, err));
    TRY(manifest_open(root->rundir.manifest, true, &root->manifest, err));
    TRY(manifest_add_epoch(root->manifest, claim_epoch(root->rundir.claim),
                           claim_owner(root->rundir.claim), err));
    TRY(journal_open(root->rundir.journal, root->identity.partitions, &root->journal, err));
    root->takes_back = must_take_back(root);
    root->stop = (struct stop_watch){.stop_file = root->rundir.stop,
                                     .time_limit_s = root->options->time_limit_s};
    say_what_begins(run);
    return begin_run(root, err);
}

/* What a dry run is for: the deck holds, the input is there, nothing is written. */
static enum status describe_inputs(struct root *root, struct error *err)
{
    log_info("dry run: %s has %d partition%s", root->identity.topic, root->identity.partitions,
             root->identity.partitions == 1 ? "" : "s");
    for (int p = 0; p < root->identity.partitions; p++) {
        int64_t first, end;
        TRY(source_bounds(root->source, p, &first, &end, err));
        if (end == INT64_MAX)
            log_info("  p%d offsets %lld.. without end", p, (long long)first);
        else
            log_info("  p%d offsets %lld..%lld", p, (long long)first, (long long)end);
    }
    return STATUS_OK;
}

/* Rank 0: everything up to the choice of a checkpoint. */
static enum status open_root(struct run *run, struct error *err)
{
    TRY(launch_check_size(run->domain->ranks, err));
    TRY(readers_check(run, err));
    TRY(inputs_open(run->root, err));
    run->root->offsets = memory_zeroed(run->root->identity.partitions, sizeof(int64_t));
    run->root->lost = memory_zeroed(run->root->identity.partitions, sizeof(int64_t));
    if (run->plan.dry_run)
        return describe_inputs(run->root, err);
    return open_directory(run, err);
}

static enum status write_config(struct run *run, struct error *err)
{
    return rundir_write_config(&run->root->rundir, run->plan.provenance.config, err);
}

static struct idle *create_idle(struct root *root)
{
    return idle_create(&(struct idle_config){
        .source = root->source,
        .drain = root->drain,
        .windows = root->windows,
        .journal = root->journal,
        .claim = root->rundir.claim,
        .partitions = root->identity.partitions,
        .idle_ms = root->deck->stream.idle_ms,
        .window_ms = root->deck->time.window_ms,
        .t0_ms = root->t0_ms,
        .disorder_ms = root->deck->stream.disorder_ms,
    });
}

/* Time-outs of silent partitions that were journaled before take effect where they did. */
static void replay_timeouts(struct root *root)
{
    const struct journal_idle *idles;
    int64_t count = journal_idles(root->journal, &idles);
    for (int64_t i = 0; i < count; i++)
        windows_add_advance(root->windows, idles[i].partition, idles[i].before, idles[i].to_ms);
}

/* Rank 0: the source at the windows' cursors, the ingest thread. */
static enum status start_feed(struct run *run, struct error *err)
{
    struct root *root = run->root;
    TRY(claim_check(root->rundir.claim, err)); /* what was journaled so far is in the journal */
    replay_timeouts(root);
    root->drain = drain_create(&root->gaps, root->decoder, (int)root->deck->stream.batch);
    TRY(drain_start(root->drain, root->bounded ? root->ends : NULL, root->fingerprints, err));
    if (root->deck->stream.idle == DECK_IDLE_TIMEOUT && !root->bounded)
        root->idle = create_idle(root);
    root->checkpoint_done_s = root->progress.said_s = stop_clock_s();
    room_init(run);
    return feed_start(&(struct feed_config){.source = root->source,
                                            .drain = root->drain,
                                            .windows = root->windows,
                                            .idle = root->idle,
                                            .partitions = root->identity.partitions,
                                            .early_ms = root->deck->stream.early_ms,
                                            .state_every = root->deck->checkpoint.every_windows,
                                            .stop_after = root->stop_after,
                                            .together = solver_chosen(run->solver).windows},
                      &root->feed, err);
}

static enum status open_outputs(struct run *run, struct error *err)
{
    if (!run->root)
        return STATUS_OK;
    TRY(write_config(run, err));
    TRY(watching_open_log(run, err)); /* refuses before anything is cut back */
    TRY(files_open_letters(run, err));
    TRY(temperatures_open(run, err));
    TRY(watching_begin_log(run, err));
    wait_init(run->root);
    TRY(start_feed(run, err));
    return monitor_open(run, err);
}

static enum status create_solver(struct run *run, struct error *err)
{
    const struct plan *plan = &run->plan;
    TRY(domain_create(MPI_COMM_WORLD, plan->gnx, plan->gny, plan->tile, &run->domain, err));
    run->solver = solver_create(run->domain, &plan->solver);
    if (!run->solver)
        return error_set(err, STATUS_IO, "not enough memory for %lld x %lld cells on %d ranks",
                         (long long)plan->gnx, (long long)plan->gny, run->domain->ranks);
    run->snapshots = snapshots_create(
        run->domain, &(struct snapshots_config){.horizon_windows = (int)plan->horizon_windows,
                                                .spacing = plan->snapshot_spacing,
                                                .ghosts = solver_field(run->solver)->ghosts});
    if (!run->snapshots)
        return error_set(err, STATUS_IO,
                         "not enough memory for the fields that late corrections go back to; a "
                         "smaller solve.snapshot_memory or stream.horizon_windows would do");
    run->scatter = scatter_create(run->domain, SCATTER_MOST);
    run->measurer = measurer_create(run->domain);
    run->digester = digester_create(run->domain);
    return STATUS_OK;
}

/* What comes before waits for brokers, other runs and the first events, each for its own time. */
static enum status begin_watching(struct run *run, struct error *err)
{
    enum status mine = STATUS_OK;
    if (run->domain->ranks > 1 && run->plan.lost_after_s > 0)
        mine = watchdog_start(run->domain->pulse, run->domain->rank, run->plan.lost_after_s,
                              &run->watchdog, err);
    return agree(run->domain, mine, err);
}

static bool share_idleness(struct run *run)
{
    bool idle = run->plan.dry_run || (run->root && run->root->nothing_to_do);
    agree_broadcast(run->domain, &idle, (int)sizeof idle);
    return idle;
}

/* Where the files of this run are made; "" without a run directory. */
static void share_staging(struct run *run)
{
    const struct claim *claim = run->root ? run->root->rundir.claim : NULL;
    if (claim) {
        strcpy(run->plan.staging, claim_staging(claim));
        run->plan.provenance.epoch = claim_epoch(claim);
    }
    agree_broadcast(run->domain, run->plan.staging, (int)sizeof run->plan.staging);
}

/* Manifest, journal, dead letters and frames are open, the last on all hosts. */
static enum status settle(struct run *run, struct error *err)
{
    bool spread = run->launch.nodes > 1;
    enum status mine = run->root ? claim_settle(run->root->rundir.claim, spread, err) : STATUS_OK;
    return agree(run->domain, mine, err);
}

static void say_nothing_to_do(const struct run *run)
{
    struct manifest_finish finish;
    char hex[DIGEST_HEX];
    if (!run->root || run->plan.dry_run || !manifest_finished(run->root->manifest, &finish))
        return;
    digest_hex(finish.digest, hex);
    log_info("already finished after window %lld, and nothing more to read; digest %s",
             (long long)finish.window, hex);
}

/* The program, and the MPI library that it found on its node. */
static enum status check_build(struct error *err)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING], build[LAUNCH_BUILD_BYTES];
    int length;
    MPI_Get_library_version(library, &length);
    snprintf(build, sizeof build, "%s with %.*s", build_git_id(), (int)strcspn(library, ","),
             library);
    return launch_check_build(MPI_COMM_WORLD, build, err);
}

enum status run_open(struct run *run, const struct deck *deck, const struct run_options *options,
                     struct error *err)
{
    launch_look(MPI_COMM_WORLD, &run->launch);
    TRY(check_build(err));
    TRY(plan_share(deck, options, &run->launch, &run->plan, err));
    if (deck)
        run->root = root_create(deck, options);
    TRY(create_solver(run, err));
    TRY(agree(run->domain, run->root ? open_root(run, err) : STATUS_OK, err));
    share_staging(run);
    run->idle = share_idleness(run);
    if (run->idle) {
        say_nothing_to_do(run);
        return STATUS_OK;
    }
    TRY(launch_check_shared(MPI_COMM_WORLD, run->plan.directory, err));
    TRY(begin_watching(run, err));
    run->watching = watching_create(run);
    TRY(restart_choose(run, err));
    struct frames_config frames = plan_frames(&run->plan);
    frames.groups = watching_groups(run->watching);
    TRY(restart_announce(run, err));
    TRY(frames_open(run->domain, &frames, run->state.rows, &run->frames, err));
    TRY(settle(run, err));
    TRY(restart_accept(run, err));
    TRY(picture_open(run, err));
    TRY(readers_open(run, err));
    TRY(agree(run->domain, open_outputs(run, err), err));
    temperatures_prepare(run); /* rows that were put back before now are on the topic already */
    return STATUS_OK;
}

/* A run that was replaced fails in many ways, of which this is the reason. */
static enum status name_replacement(const struct run *run, enum status status, struct error *err)
{
    struct error reason;
    bool failed = status != STATUS_OK && status != STATUS_STOPPED;
    if (run->root && failed && claim_check(run->root->rundir.claim, &reason) != STATUS_OK) {
        *err = reason;
        status = STATUS_CANNOT_CREATE;
    }
    return run_share_status(status, err);
}

enum status run_close(struct run *run, enum status status, struct error *err)
{
    struct error closing;
    enum status closed = frames_close(run->frames, &closing);
    if (closed != STATUS_OK && (status == STATUS_OK || status == STATUS_STOPPED)) {
        status = closed;
        *err = closing;
    }
    picture_close(run); /* while the run directory is still this run's */
    status = name_replacement(run, status, err);
    relay_close(run->relay);
    watchdog_stop(run->watchdog);
    root_destroy(run->root);
    buffer_release(&run->saved_state);
    gather_destroy(run->gather);
    digester_destroy(run->digester);
    measurer_destroy(run->measurer);
    watching_destroy(run->watching);
    scatter_destroy(run->scatter);
    snapshots_destroy(run->snapshots);
    solver_destroy(run->solver);
    domain_destroy(run->domain);
    plan_release(&run->plan);
    return status;
}
