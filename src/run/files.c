/* Files of rank 0 that grow for as long as a run does: the log, and the dead letters, which go on
 * in a new file when the present one is full. */
#include <string.h>

#include "base/log.h"
#include "run/deck_sources.h"
#include "run_internal.h"
#include "store/letter_files.h"
#include "store/log_files.h"

/* How far the dead letters had come at a checkpoint. */
struct letters_mark {
    int64_t window, bytes;
};

void files_mark_letters(struct run *run)
{
    struct letters_mark mark = {run->window, run->state.dead_letters_bytes};
    buffer_append(&run->root->letters_marks, &mark, sizeof mark);
}

static enum status next_letters_file(void *context, int64_t position, char path[PATH_MAX],
                                     struct error *err)
{
    struct root *root = context;
    const char *staging = claim_staging(root->rundir.claim);
    letter_files_return(staging, root->letters_start);
    TRY(letter_files_begin(root->rundir.root, staging, position, path, err));
    root->letters_start = position;
    return STATUS_OK;
}

static enum status open_letters_file(struct run *run, struct error *err)
{
    char path[PATH_MAX];
    struct root *root = run->root;
    int64_t size = run->state.dead_letters_bytes;
    TRY(letter_files_cut(root->rundir.root, claim_staging(root->rundir.claim), size,
                         &root->letters_start, path, err));
    TRY(dead_letters_open(path, size - root->letters_start, &root->letters, err));
    struct dead_letter_files files = {.start = root->letters_start,
                                      .most_bytes = root->deck->stream.dead_letter_file_bytes,
                                      .next = next_letters_file,
                                      .context = root};
    dead_letters_in_files(root->letters, &files);
    files_mark_letters(run);
    return STATUS_OK;
}

enum status files_open_letters(struct run *run, struct error *err)
{
    struct root *root = run->root;
    TRY(open_letters_file(run, err));
    if (!root->deck->stream.dead_letter_topic)
        return STATUS_OK;
    struct kafka_config config = kafka_of_deck(root->deck);
    config.topic = root->deck->stream.dead_letter_topic;
    return dead_letters_to_topic(root->letters, &config, root->identity.topic, err);
}

/* Whatever checkpoint a restart goes back to, the letters from there on must still be there to be
 * cut back. Of a checkpoint of before this start it is not known where that is. */
enum status files_drop_letters(struct root *root, struct error *err)
{
    const struct manifest_checkpoint *list;
    int64_t keep = root->deck->stream.dead_letter_files;
    if (manifest_checkpoints(root->manifest, &list) == 0)
        return STATUS_OK;
    struct letters_mark *marks = (void *)root->letters_marks.data;
    size_t count = root->letters_marks.size / sizeof *marks, gone = 0;
    while (gone < count && marks[gone].window < list[0].window)
        gone++;
    memmove(marks, marks + gone, (count - gone) * sizeof *marks);
    root->letters_marks.size = (count - gone) * sizeof *marks;
    if (keep == 0 || gone == count || marks[0].window != list[0].window)
        return STATUS_OK;
    return letter_files_remove_old(root->rundir.root, claim_staging(root->rundir.claim),
                                   marks[0].bytes, keep, err);
}

void files_close_letters(struct root *root)
{
    dead_letters_close(root->letters);
    if (root->letters && root->rundir.claim)
        letter_files_return(claim_staging(root->rundir.claim), root->letters_start);
    root->letters = NULL;
}

/* What cannot be done now is tried again when as much has been written once more: a log must not
 * stop the run. */
void files_tend_log(struct root *root)
{
    struct error err;
    int64_t most_bytes = root->deck->log.file_bytes;
    if (log_file_size() < most_bytes + root->log_excess_bytes)
        return;
    enum status status = log_files_turn(root->rundir.root, claim_staging(root->rundir.claim),
                                        root->deck->log.files, &err);
    if (status == STATUS_OK)
        status = log_open_file(root->rundir.log, &err);
    root->log_excess_bytes = status == STATUS_OK ? 0 : log_file_size();
    if (status != STATUS_OK)
        log_warn("the log goes on in one file: %s", err.text);
}
