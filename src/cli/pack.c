/* heatstream pack: a run in one compressed file. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/durable.h"
#include "base/log.h"
#include "cli/cli.h"
#include "run/stop.h"
#include "store/inspect.h"
#include "store/manifest.h"
#include "store/pack.h"
#include "store/rundir.h"

struct progress {
    struct timespec last; /* when a line was written */
    struct stop_watch watch;
};

static void tell_progress(void *context, int64_t rows, int64_t all)
{
    struct timespec now;
    struct progress *progress = context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == progress->last.tv_sec)
        return;
    progress->last = now;
    log_progress("packing: row %" PRId64 " of %" PRId64 ", %.1f%%", rows, all,
                 100.0 * (double)rows / (double)all);
}

static bool is_stopped(void *context)
{
    struct progress *progress = context;
    return stop_poll(&progress->watch, 0) >= STOP_SOON;
}

/* What the newest good checkpoint says of the ledger, where the manifest does not say it. */
static enum status read_summary(const struct rundir *paths, struct buffer *summary,
                                struct error *err)
{
    struct manifest *manifest;
    struct manifest_finish finish;
    const struct manifest_checkpoint *list;
    TRY(manifest_open(paths->manifest, false, &manifest, err));
    int count = manifest_finished(manifest, &finish) ? 0 : manifest_checkpoints(manifest, &list);
    for (int i = count - 1; i >= 0 && summary->size == 0; i--) {
        char path[PATH_MAX], name[64];
        struct error ignored;
        struct inspection inspection;
        checkpoint_name(list[i].window, name);
        if (path_join(path, sizeof path, paths->checkpoints, name, &ignored) != STATUS_OK ||
            inspect_file(path, &inspection, &ignored) != STATUS_OK)
            continue;
        buffer_append(summary, inspection.summary.data, inspection.summary.size);
        inspection_release(&inspection);
    }
    manifest_close(manifest);
    return STATUS_OK;
}

static enum status conclude(const struct cli_options *options, const struct pack_outcome *outcome,
                            bool live, struct error *err)
{
    printf("%" PRId64 " frames of %s in %s, %" PRId64 " bytes\n", outcome->rows, options->path,
           options->other, outcome->bytes);
    if (outcome->left_out > 0)
        printf("left out: the newest %" PRId64 " rows, some of which are being rewritten%s\n",
               outcome->left_out, live ? "" : "; the run, gone on with, restores them");
    if (live)
        printf("a run is writing to %s: packed is what it had committed\n", options->path);
    if (fflush(stdout) != 0)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    return STATUS_OK;
}

static enum status check_run(const struct cli_options *options, const struct rundir *paths,
                             struct error *err)
{
    struct stat info;
    if (stat(options->path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s: %s", options->path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return error_set(err, STATUS_NO_INPUT, "%s is a file: pack takes a run directory",
                         options->path);
    if (!durable_exists(paths->manifest))
        return error_set(err, STATUS_NO_INPUT, "%s is not a run directory: it has no manifest",
                         options->path);
    return STATUS_OK;
}

enum status command_pack(const struct cli_options *options, struct error *err)
{
    struct rundir paths;
    struct buffer summary = {0};
    struct pack_outcome outcome = {0};
    struct progress progress = {
        .watch = {.stop_file = "", .task = "removing the unfinished file", .time_limit_s = -1}};
    struct pack_config config = {.directory = options->path,
                                 .path = options->other,
                                 .command_line = options->command_line,
                                 .watch = {tell_progress, is_stopped, &progress}};
    clock_gettime(CLOCK_MONOTONIC, &progress.last);
    TRY(rundir_paths_of(options->path, &paths, err));
    TRY(check_run(options, &paths, err));
    stop_install();
    bool live = rundir_is_held(&paths);
    enum status status = read_summary(&paths, &summary, err);
    config.summary = summary.size > 1 ? (const char *)summary.data : NULL;
    if (status == STATUS_OK)
        status = pack_write(&config, &outcome, err);
    buffer_release(&summary);
    return status == STATUS_OK ? conclude(options, &outcome, live, err) : status;
}
