#include <string.h>

#include "base/log.h"
#include "run_internal.h"
#include "window/windows_state.h"

static enum estimate estimate_of(int estimate)
{
    static const enum estimate same[] = {
        [DECK_MEAN] = ESTIMATE_MEAN,     [DECK_SUM] = ESTIMATE_SUM,     [DECK_LAST] = ESTIMATE_LAST,
        [DECK_LINEAR] = ESTIMATE_LINEAR, [DECK_CUBIC] = ESTIMATE_CUBIC,
    };
    return same[estimate];
}

static struct windows *windows_of(const struct run *run)
{
    const struct root *root = run->root;
    const struct deck *deck = root->deck;
    int64_t jump_ms = (deck->stream.horizon_windows - 1) * deck->time.window_ms;
    struct windows_config config = {
        .partitions = root->identity.partitions,
        .gnx = deck->grid.nx,
        .gny = deck->grid.ny,
        .t0_ms = root->t0_ms,
        .window_ms = deck->time.window_ms,
        .disorder_ms = deck->stream.disorder_ms,
        .horizon_windows = (int)deck->stream.horizon_windows,
        .clock_sensors = (int)deck->stream.jump_cells,
        .clock_expiry = deck->stream.jump_expiry,
        .jump_ms = deck->stream.jump_ms > 0 ? deck->stream.jump_ms : jump_ms,
        .max_gap_windows = root->options->accept_gap ? 0 : deck->stream.max_gap_windows,
        .max_open_events = deck->stream.max_open_events,
        .estimate = estimate_of(deck->stream.estimate),
        .span = (int)deck->stream.span,
        .hold = deck->stream.hold,
        .snapshot_spacing = run->plan.snapshot_spacing,
        .dedup = deck->stream.dedup,
        .gen_scale = deck->physics.gen_scale,
    };
    return windows_create(&config, root->first);
}

/* Of the rows that a late event, or a restart, writes again. */
static struct balance *balance_of(const struct run *run)
{
    const struct plan *plan = &run->plan;
    int64_t kept = plan->horizon_windows / plan->frames_every + 2;
    double initial = balance_uniform(plan->gnx, plan->gny, plan->solver.initial,
                                     plan->solver.dx * plan->solver.dy);
    return balance_create(kept, initial);
}

static void copy_ledgers(struct root *root)
{
    for (int p = 0; p < root->identity.partitions; p++)
        root->ledgers[p] = *windows_ledger(root->windows, p);
}

/* The cursors must lie within what the source has. */
static enum status check_cursors(struct root *root, struct error *err)
{
    gaps_replay(root->journal, root->windows);
    root->gaps = (struct gaps){.source = root->source,
                               .claim = root->rundir.claim,
                               .windows = root->windows,
                               .journal = root->journal,
                               .ends = root->bounded ? root->ends : NULL,
                               .accept = root->options->accept_gap};
    return gaps_find(&root->gaps, GAPS_ALL, &root->gaps_found, err);
}

enum status recall_nothing(struct run *run, struct error *err)
{
    run->state = (struct run_state){.window = -1, .past_window = -1};
    run->root->balance = balance_of(run);
    run->root->windows = windows_of(run);
    copy_ledgers(run->root);
    return check_cursors(run->root, err);
}

/* The journal may have grown, but what it said at the checkpoint it must say still. */
static enum status check_journal(const struct run *run, struct error *err)
{
    struct journal_mark found;
    const struct journal_mark *expected = &run->state.journal;
    TRY(journal_mark_of(run->root->rundir.journal, expected->lines, &found, err));
    if (found.lines == expected->lines && found.crc == expected->crc)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s does not begin with the %lld lines that the checkpoint after window %lld "
                     "counts on: some were lost; put it back, or begin anew with --restart=none",
                     run->root->rundir.journal, (long long)expected->lines,
                     (long long)run->state.window);
}

enum status recall_checkpoint(struct run *run, struct error *err)
{
    struct root *root = run->root;
    struct buffer_reader reader = {.data = run->saved_state.data, .size = run->saved_state.size};
    struct state_origin origin = state_origin_of(root);
    TRY(state_load(&reader, &origin, &run->state, root->fingerprints, err));
    if (run->state.past_window != snapshots_base(run->snapshots, run->state.window))
        return error_set(err, STATUS_BAD_DATA,
                         "the checkpoint after window %lld carries the field after window %lld, "
                         "which is not the one that corrections go back to",
                         (long long)run->state.window, (long long)run->state.past_window);
    TRY(check_journal(run, err));
    root->balance = balance_of(run);
    TRY(balance_load(root->balance, &reader, err));
    TRY(watching_load(run->watching, &reader, err));
    root->windows = windows_of(run);
    TRY(windows_load(root->windows, &reader, err));
    copy_ledgers(root);
    TRY(check_cursors(root, err));
    log_info("going on after window %lld of %s", (long long)run->state.window, root->rundir.root);
    return STATUS_OK;
}

struct state_origin state_origin_of(const struct root *root)
{
    return (struct state_origin){.deck_hash = root->deck_hash,
                                 .topic = root->identity.topic,
                                 .cluster_id = root->identity.cluster_id,
                                 .partitions = root->identity.partitions};
}
