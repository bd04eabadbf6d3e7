/* heatstream verify: what a run directory holds against what is said of it. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/durable.h"
#include "base/log.h"
#include "cli/cli.h"
#include "deck/options.h"
#include "store/manifest.h"
#include "store/pack.h"
#include "store/repair.h"
#include "store/rundir.h"
#include "store/verify.h"
#include "verify_ledger.h"

static void tell(void *context, const char *text)
{
    (void)context;
    printf("differs: %s\n", text);
}

/* Once a second at most, with the time of the last line as context. */
static void tell_progress(void *context, int64_t rows, int64_t all)
{
    struct timespec now, *last = context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == last->tv_sec)
        return;
    *last = now;
    log_progress("verifying: row %" PRId64 " of %" PRId64 ", %.1f%%", rows, all,
                 100.0 * (double)rows / (double)(all > 0 ? all : 1));
}

static void print_counts(const struct verify *verify)
{
    const struct verify_counts *counts = &verify->counts;
    printf("%" PRId64 " rows", counts->rows);
    if (!verify->packed)
        printf(" in %" PRId64 " segments", counts->segments);
    if (counts->last_window >= 0)
        printf(", up to window %" PRId64, counts->last_window);
    if (verify->packed)
        printf(", of a packed run, are as they were written\n");
    else
        printf(", and %" PRId64 " checkpoints are as they were written%s\n", counts->checkpoints,
               verify->live ? "; a run is writing to this directory" : "");
    if (counts->rewriting > 0 && verify->packed)
        printf("left out: %" PRId64 " rows that were left out when it was packed\n",
               counts->rewriting);
    else if (counts->rewriting > 0)
        printf("left out: %" PRId64 " rows that are announced as being rewritten%s\n",
               counts->rewriting, verify->live ? "" : "; the run, gone on with, restores them");
    if (counts->unshown > 0)
        printf("frames.h5 does not show the newest %" PRId64 " rows yet%s\n", counts->unshown,
               verify->live ? "" : "; the run, gone on with, makes it anew");
    if (counts->unsaid > 0)
        printf("left out: %" PRId64 " rows that are not committed yet%s\n", counts->unsaid,
               verify->live ? "" : "; the run, gone on with, writes them again");
    if (counts->letters_removed > 0)
        printf("left out: %" PRId64 " dead letters whose files are no longer kept "
               "(stream.dead_letter_files)\n",
               counts->letters_removed);
}

/* With a manifest that cannot be read nothing else can be judged. */
static enum status check_all(struct verify *verify, const struct rundir *paths, struct error *err)
{
    struct manifest *manifest;
    struct error reason = {""};
    int partitions = 0;
    enum status status = manifest_open(paths->manifest, false, &manifest, &reason);
    if (status == STATUS_BAD_DATA) {
        verify_differs(verify, "%s", reason.text);
        return verify_journal(verify, 0, err);
    }
    if (status != STATUS_OK)
        return error_set(err, status, "%s", reason.text);
    status = verify_frames(verify, &manifest, err);
    if (status == STATUS_OK && !verify->packed)
        status = verify_master(verify, err);
    if (status == STATUS_OK && !verify->packed)
        status = verify_checkpoints(verify, manifest, err);
    if (status == STATUS_OK)
        status = verify_ledger(verify, manifest, &partitions, err);
    if (status == STATUS_OK)
        status = verify_journal(verify, partitions, err);
    manifest_close(manifest);
    return status;
}

static enum status conclude(const struct verify *verify, struct error *err)
{
    print_counts(verify);
    if (fflush(stdout) != 0)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    if (verify->counts.differences == 0)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s is not as it was written: %" PRId64 " difference%s",
                     verify->packed ? verify->packed : verify->directory,
                     verify->counts.differences, verify->counts.differences == 1 ? "" : "s");
}

static void tell_repair(void *context, const char *text)
{
    (void)context;
    printf("repair: %s\n", text);
}

/* The master is looked at as verify does, and made anew if that finds a difference. */
static enum status repair_master_if_wrong(struct repair *repair, const struct rundir *paths,
                                          struct error *err)
{
    struct manifest *manifest;
    struct verify quiet = {.directory = repair->directory};
    TRY(manifest_open(paths->manifest, false, &manifest, err));
    enum status status = verify_frames(&quiet, &manifest, err);
    quiet.counts.differences = 0;
    if (status == STATUS_OK)
        status = verify_master(&quiet, err);
    if (status == STATUS_OK && quiet.counts.differences + quiet.counts.unshown > 0)
        status = repair_master(repair, &quiet, err);
    manifest_close(manifest);
    verify_release(&quiet);
    return status;
}

/* As run.takeover_s is by default. */
static double patience_s(void)
{
    return strtod(deck_option_find("run.takeover_s")->fallback, NULL);
}

/* Under the claim, so that no run writes meanwhile and none begins. */
static enum status repair_all(const struct cli_options *options, struct rundir *paths,
                              struct error *err)
{
    struct repair repair = {.directory = options->path, .tell = tell_repair};
    TRY(rundir_open(paths, patience_s(), err));
    repair.staging = claim_staging(paths->claim);
    enum status status = repair_manifest(&repair, err);
    if (status == STATUS_OK)
        status = repair_groups(&repair, err);
    if (status == STATUS_OK)
        status = repair_master_if_wrong(&repair, paths, err);
    rundir_close(paths);
    return status;
}

/* What cannot be unpacked is a difference, too: the seal said so before. */
static enum status check_packed(struct verify *verify, struct error *err)
{
    struct rundir paths;
    struct pack_view view;
    struct error reason;
    enum status status = pack_prove(verify->packed, &reason);
    if (status == STATUS_BAD_DATA)
        verify_differs(verify, "%s", reason.text);
    else if (status != STATUS_OK)
        return error_set(err, status, "%s", reason.text);
    status = pack_open(verify->packed, &view, &reason);
    if (status == STATUS_BAD_DATA) {
        verify_differs(verify, "%s", reason.text);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return error_set(err, status, "%s", reason.text);
    verify->directory = view.directory;
    status = rundir_paths_of(view.directory, &paths, err);
    if (status == STATUS_OK && !durable_exists(paths.manifest))
        verify_differs(verify, "%s has no manifest in it", verify->packed);
    else if (status == STATUS_OK)
        status = check_all(verify, &paths, err);
    verify->directory = verify->packed;
    pack_close(&view);
    return status;
}

static enum status verify_packed(const struct cli_options *options, struct error *err)
{
    struct timespec last;
    clock_gettime(CLOCK_MONOTONIC, &last);
    struct verify verify = {.directory = options->path,
                            .packed = options->path,
                            .differs = tell,
                            .progress = tell_progress,
                            .context = &last};
    verify.counts.last_window = verify.counts.checkpoint_window = -1;
    if (options->repair)
        return error_set(err, STATUS_USAGE,
                         "--repair: %s is a packed file, of which nothing can be made anew; repair "
                         "the run directory and pack it again",
                         options->path);
    enum status status = check_packed(&verify, err);
    if (status == STATUS_OK)
        status = conclude(&verify, err);
    verify_release(&verify);
    return status;
}

enum status command_verify(const struct cli_options *options, struct error *err)
{
    if (pack_is(options->path))
        return verify_packed(options, err);
    struct rundir paths;
    struct timespec last;
    clock_gettime(CLOCK_MONOTONIC, &last);
    struct verify verify = {
        .directory = options->path, .differs = tell, .progress = tell_progress, .context = &last};
    verify.counts.last_window = -1;
    TRY(rundir_paths_of(options->path, &paths, err));
    bool repairable = options->repair && durable_exists(paths.frames);
    if (!durable_exists(paths.manifest) && !repairable)
        return error_set(err, STATUS_NO_INPUT, "%s is not a run directory: it has no manifest",
                         options->path);
    if (options->repair)
        TRY(repair_all(options, &paths, err));
    verify.live = rundir_is_held(&paths);
    enum status status = check_all(&verify, &paths, err);
    if (status == STATUS_OK)
        status = conclude(&verify, err);
    verify_release(&verify);
    return status;
}
