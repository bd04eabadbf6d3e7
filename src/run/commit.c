#include "commit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "run_internal.h"

struct commit {
    bool under_way, has_thread;
    pthread_t thread;
    struct commit_job job;
    int64_t *next;  /* [partitions]: the offsets it counts on */
    double stood_s; /* how long the run stood still for it */
    double done_s;  /* when it was on the disk, by stop_clock_s() */
    enum status status;
    struct error error;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t told;
    bool done;
};

struct commit *commit_create(void)
{
    struct commit *commit = memory_zeroed(1, sizeof *commit);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&commit->lock, NULL);
    pthread_cond_init(&commit->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return commit;
}

static void join(struct commit *commit)
{
    if (commit->has_thread)
        pthread_join(commit->thread, NULL);
    commit->under_way = false;
}

void commit_destroy(struct commit *commit)
{
    if (!commit)
        return;
    if (commit->under_way)
        join(commit);
    pthread_cond_destroy(&commit->told);
    pthread_mutex_destroy(&commit->lock);
    unsynced_release(&commit->job.unsynced);
    free(commit->next);
    free(commit);
}

static enum status put_on_disk(struct commit_job *job, struct error *err)
{
    TRY(unsynced_sync(&job->unsynced, err));
    return checkpoint_publish(&job->config, job->entry.window, err);
}

static void *commit_main(void *context)
{
    struct commit *commit = context;
    commit->status = put_on_disk(&commit->job, &commit->error);
    commit->done_s = stop_clock_s();
    pthread_mutex_lock(&commit->lock);
    commit->done = true;
    pthread_cond_signal(&commit->told);
    pthread_mutex_unlock(&commit->lock);
    return NULL;
}

void commit_begin(struct root *root, const struct commit_job *job)
{
    struct commit *commit = root->commit;
    size_t bytes = (size_t)root->identity.partitions * sizeof *commit->next;
    assert(!commit->under_way && root->failure == STATUS_OK);
    if (!commit->next)
        commit->next = memory_block(bytes);
    memcpy(commit->next, root_next_offsets(root), bytes);
    unsynced_release(&commit->job.unsynced);
    commit->job = *job;
    commit->done = false;
    commit->under_way = true;
    commit->has_thread = thread_start(&commit->thread, commit_main, commit) == 0;
    if (!commit->has_thread)
        commit_main(commit);
    commit->stood_s = stop_clock_s() - job->began_s;
}

bool commit_is_under_way(const struct root *root)
{
    return root->commit->under_way;
}

/* What came between, while it was on the disk and nobody looked, is no cost of it. */
static void report(struct root *root, const struct commit *commit, double looked_s)
{
    char hex[DIGEST_HEX];
    double between_s = looked_s - commit->done_s;
    digest_hex(commit->job.entry.seal.field, hex);
    root->checkpoint_done_s = stop_clock_s();
    root->checkpoint_s = root->checkpoint_done_s - commit->job.began_s - between_s;
    log_info("checkpoint after window %lld, digest %s (%.4f s, the run stood still for %.4f s)",
             (long long)commit->job.entry.window, hex, root->checkpoint_s, commit->stood_s);
}

/* The checkpoint counts from here on. */
static enum status count_on_it(struct run *run, const struct commit *commit, struct error *err)
{
    struct root *root = run->root;
    double looked_s = stop_clock_s();
    TRY(manifest_add_checkpoint(root->manifest, &commit->job.entry, err));
    TRY(claim_check(root->rundir.claim, err));
    manifest_retire_checkpoints(root->manifest, (int)root->deck->checkpoint.keep);
    TRY(checkpoint_remove_old(run->plan.checkpoints, run->plan.staging, root->manifest, err));
    TRY(files_drop_letters(root, err));
    source_report(root->source, commit->next);
    room_note_checkpoint(run, commit->job.entry.window);
    report(root, commit, looked_s);
    monitor_checkpoint(run);
    return STATUS_OK;
}

static void finish(struct run *run)
{
    struct error err;
    struct root *root = run->root;
    struct commit *commit = root->commit;
    join(commit);
    root_note(root, commit->status, &commit->error);
    if (root->failure == STATUS_OK)
        root_note(root, count_on_it(run, commit, &err), &err);
}

static bool is_done(struct commit *commit)
{
    pthread_mutex_lock(&commit->lock);
    bool done = commit->done;
    pthread_mutex_unlock(&commit->lock);
    return done;
}

void commit_look(struct run *run)
{
    struct commit *commit = run->root->commit;
    if (commit->under_way && is_done(commit))
        finish(run);
}

static void wait_a_while(struct commit *commit)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&commit->lock);
    if (!commit->done)
        pthread_cond_timedwait(&commit->told, &commit->lock, &until);
    pthread_mutex_unlock(&commit->lock);
}

void commit_wait(struct run *run)
{
    struct commit *commit = run->root->commit;
    if (!commit->under_way)
        return;
    while (!is_done(commit)) {
        follow_pulse(run->root);
        wait_a_while(commit);
    }
    finish(run);
}
