#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/log.h"
#include "run_internal.h"

/* What rank 0 proposes to read next; broadcast. */
struct proposal {
    bool exists;
    int64_t window;
    char path[PATH_MAX];
    struct checkpoint_seal seal;
};

/* Rank 0's walk over the checkpoints of the manifest, newest first. */
struct choice {
    const struct manifest_checkpoint *list;
    int next;   /* index of the next to try */
    int chosen; /* index of the one being tried */
    int tried;
    struct buffer failures; /* what was wrong with those tried, one line each */
};

/* The user's file: a checkpoint of this run by its bare name, or by a path to the very file. */
static bool is_the_one_named(const struct root *root, const struct manifest_checkpoint *entry)
{
    const char *file = root->options->restart_file;
    char name[32], path[PATH_MAX];
    struct stat theirs, ours;
    struct error unused;
    checkpoint_name(entry->window, name);
    if (!strchr(file, '/'))
        return !strcmp(file, name);
    return path_join(path, sizeof path, root->rundir.checkpoints, name, &unused) == STATUS_OK &&
           stat(file, &theirs) == 0 && stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

static bool eligible(const struct root *root, const struct manifest_checkpoint *entry)
{
    if (root->takes_back && entry->provisional)
        return false;
    return root->options->restart != RUN_RESTART_FILE || is_the_one_named(root, entry);
}

static void propose(const struct run *run, struct choice *choice, struct proposal *proposal)
{
    *proposal = (struct proposal){0};
    while (choice->next >= 0 && !eligible(run->root, &choice->list[choice->next]))
        choice->next--;
    if (choice->next < 0)
        return;
    choice->chosen = choice->next--;
    choice->tried++;
    char name[32];
    checkpoint_name(choice->list[choice->chosen].window, name);
    struct error unused;
    proposal->exists = path_join(proposal->path, sizeof proposal->path, run->plan.checkpoints, name,
                                 &unused) == STATUS_OK;
    proposal->window = choice->list[choice->chosen].window;
    proposal->seal = choice->list[choice->chosen].seal;
}

static void report_failure(struct choice *choice, const struct proposal *proposal,
                           const struct error *err)
{
    buffer_printf(&choice->failures, "\n  %s: %s", proposal->path, err->text);
    if (choice->next >= 0)
        log_warn("checkpoint %s cannot be used: %s; falling back to the one before", proposal->path,
                 err->text);
}

static enum status nothing_usable(const struct run *run, const struct choice *choice,
                                  struct error *err)
{
    const struct root *root = run->root;
    if (choice->tried > 0)
        return error_set(
            err, STATUS_NO_INPUT, "no checkpoint of %s can be used; --restart=none begins anew%.*s",
            root->rundir.root, (int)choice->failures.size, (const char *)choice->failures.data);
    if (root->options->restart == RUN_RESTART_FILE)
        return error_set(err, STATUS_NO_INPUT,
                         "--restart=%s is no checkpoint that the manifest of %s knows",
                         root->options->restart_file, root->rundir.root);
    if (root->options->restart == RUN_RESTART_LATEST)
        return error_set(err, STATUS_NO_INPUT,
                         "--restart=latest: %s holds no checkpoint to go on from",
                         root->rundir.root);
    return STATUS_OK;
}

/* A crash between the rename of a checkpoint that replaces one of the same window and its line in
 * the manifest leaves a good file under an older line: its own seal proves it. */
static enum status read_unannounced(struct run *run, const char *path,
                                    const struct checkpoint_target *target)
{
    struct error unused;
    buffer_clear(target->state);
    return checkpoint_read(run->domain, run->digester, path, NULL, target, &unused);
}

/* Reads what rank 0 proposes until one can be used; *found on every rank. */
static enum status read_newest(struct run *run, struct choice *choice, bool *found,
                               struct error *err)
{
    for (;;) {
        struct proposal proposal;
        if (run->root)
            propose(run, choice, &proposal);
        agree_broadcast(run->domain, &proposal, (int)sizeof proposal);
        *found = proposal.exists;
        if (!proposal.exists)
            return agree(run->domain, run->root ? nothing_usable(run, choice, err) : STATUS_OK,
                         err);
        buffer_clear(&run->saved_state);
        struct snapshot *past =
            snapshots_put(run->snapshots, snapshots_base(run->snapshots, proposal.window));
        struct checkpoint_target target = {.field = solver_field(run->solver),
                                           .outflow = solver_outflow(run->solver),
                                           .past = {.field = past->field, .outflow = past->outflow},
                                           .state = &run->saved_state};
        enum status status = checkpoint_read(run->domain, run->digester, proposal.path,
                                             &proposal.seal, &target, err);
        if (status == STATUS_NO_INPUT)
            status = read_unannounced(run, proposal.path, &target);
        if (status != STATUS_NO_INPUT)
            return status;
        if (run->root)
            report_failure(choice, &proposal, err);
    }
}

static void share_position(struct run *run)
{
    int64_t position[3] = {run->state.window, run->state.rows, run->state.past_window};
    agree_broadcast(run->domain, position, (int)sizeof position);
    run->window = run->state.window = position[0];
    run->state.rows = position[1];
    run->state.past_window = position[2];
}

enum status restart_choose(struct run *run, struct error *err)
{
    struct choice choice = {.next = -1};
    if (run->root)
        choice.next = manifest_checkpoints(run->root->manifest, &choice.list) - 1;
    bool found = false;
    enum status status = read_newest(run, &choice, &found, err);
    if (status == STATUS_OK) {
        enum status mine = STATUS_OK;
        if (run->root && found)
            mine = recall_checkpoint(run, err);
        else if (run->root)
            mine = recall_nothing(run, err);
        status = agree(run->domain, mine, err);
    }
    buffer_release(&choice.failures);
    if (status == STATUS_OK)
        share_position(run);
    return status;
}

/* Rank 0: rows after the checkpoint are about to be cut off. Newer checkpoints count on such rows,
 * which were passed over because an older one was named or they could not be read: a crash after
 * that must find none of them. */
static enum status announce_cut(struct root *root, int64_t window, struct error *err)
{
    const struct manifest_checkpoint *list;
    int checkpoints = manifest_checkpoints(root->manifest, &list);
    if (checkpoints > 0 && list[checkpoints - 1].window > window)
        TRY(manifest_add_back(root->manifest, window, err));
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(root->manifest, &frames), newest = window;
    for (int64_t i = 0; i < count; i++)
        if (manifest_row_holds(root->manifest, frames[i].window, frames[i].revision))
            newest = max_int64(newest, frames[i].window);
    return newest > window ? manifest_add_rewrite(root->manifest, window + 1, newest, err)
                           : STATUS_OK;
}

enum status restart_announce(struct run *run, struct error *err)
{
    return agree(run->domain, run->root ? announce_cut(run->root, run->window, err) : STATUS_OK,
                 err);
}

/* Rank 0: what was said after the window gone on from is cut without comparing, where it came from
 * a topic that ended too early, or from records that are gone. Cut first, then journaled: a gap
 * that the journal knows has no frames from before it. */
static enum status accept(struct run *run, struct error *err)
{
    struct root *root = run->root;
    int64_t window = run->window;
    bool goes_without = root->gaps_found.size > 0 || goes_back(root);
    if (goes_without)
        log_warn("frames after window %lld are computed anew from the records there are, without "
                 "comparing them with those of before",
                 (long long)window);
    if (root->takes_back || goes_back(root))
        TRY(begin_anew(root, err));
    if (root->takes_back || goes_without) {
        TRY(manifest_cut(root->manifest, window, err));
        TRY(rundir_publish_manifest(&root->rundir, err));
        TRY(checkpoint_remove_newer(run->plan.checkpoints, run->plan.staging, window, err));
    }
    TRY(gaps_enter(&root->gaps, &root->gaps_found, err));
    return begin_accepted(root, err);
}

/* The rows are put back while the manifest still tells which ones differ: were it cut first, a
 * crash in between would leave them as they are. */
enum status restart_accept(struct run *run, struct error *err)
{
    if (run->window >= 0)
        TRY(rebuild_field(run, err));
    else {
        finite_begin(run);
        step_keep(run);
    }
    return agree(run->domain, run->root ? accept(run, err) : STATUS_OK, err);
}
