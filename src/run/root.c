#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "commit.h"
#include "run_internal.h"
#include "wire/event_avro.h"

struct root *root_create(const struct deck *deck, const struct run_options *options)
{
    struct root *root = memory_zeroed(1, sizeof *root);
    root->commit = commit_create();
    root->deck = deck;
    root->options = options;
    deck_hash(deck, root->deck_hash);
    return root;
}

void root_destroy(struct root *root)
{
    if (!root)
        return;
    commit_destroy(root->commit);
    monitor_close(root);
    feed_stop(root->feed);
    idle_destroy(root->idle);
    drain_destroy(root->drain);
    windows_destroy(root->windows);
    temperature_topic_close(root->temperatures);
    files_close_letters(root);
    announcer_close(root->alerts);
    balance_destroy(root->balance);
    decoder_destroy(root->decoder);
    source_destroy(root->source);
    share_destroy(root->share);
    event_avro_destroy(root->event_avro);
    journal_close(root->journal);
    manifest_close(root->manifest);
    log_close_file();
    rundir_close(&root->rundir);
    buffer_release(&root->letters_marks);
    buffer_release(&root->gaps_found);
    buffer_release(&root->unflushed);
    buffer_release(&root->summary);
    free(root->offsets);
    free(root->lost);
    free(root->first);
    free(root->ends);
    free(root->fingerprints);
    free(root->ledgers);
    free(root);
}

const int64_t *root_next_offsets(struct root *root)
{
    for (int p = 0; p < root->identity.partitions; p++)
        root->offsets[p] = root->ledgers[p].next_offset;
    return root->offsets;
}

const int64_t *root_lost_offsets(struct root *root)
{
    for (int p = 0; p < root->identity.partitions; p++)
        root->lost[p] = root->ledgers[p].fates[FATE_LOST];
    return root->lost;
}

void root_note(struct root *root, enum status status, const struct error *err)
{
    if (status == STATUS_OK || root->failure != STATUS_OK)
        return;
    root->failure = status;
    root->failure_error = *err;
    if (status == STATUS_STOPPED) /* a broker was not waited for any longer */
        error_prefix(&root->failure_error, status,
                     "stopped early without a new checkpoint; the same command goes on from the "
                     "last one, and sends again what came after it");
}

enum status root_share_failure(struct run *run, struct error *err)
{
    if (run->root && run->root->failure != STATUS_OK)
        *err = run->root->failure_error;
    return agree(run->domain, run->root ? run->root->failure : STATUS_OK, err);
}
