#include "run/replay.h"

#include "base/log.h"
#include "cli/cli.h"
#include "run/stop.h"
#include "store/pack.h"

static enum status refuse(struct error *err, const char *text)
{
    return error_set(err, STATUS_USAGE, "%s; see heatstream replay -h", text);
}

/* Options that would be without effect. */
static enum status check(const struct cli_options *options, struct error *err)
{
    bool page = !options->alerts && !options->terminal;
    bool rules = options->deck || options->override_count > 0;
    if (options->alerts && options->terminal)
        return refuse(err, "--alerts and --terminal: one of the two");
    if (options->other && !page)
        return refuse(err, "two runs are compared on the page: without --alerts and --terminal");
    if ((options->listen || options->token_file) && !page)
        return refuse(err, "--listen and --token-file are for the page: without --alerts and "
                           "--terminal");
    if (options->window >= 0 && !options->terminal)
        return refuse(err, "--window is for --terminal");
    if (rules && options->terminal)
        return refuse(err, "--deck and -D are for the page and for --alerts");
    return STATUS_OK;
}

static enum status replay_run(const struct cli_options *options, const struct replay *replay,
                              struct error *err)
{
    const char *listen = options->listen ? options->listen : "127.0.0.1:0";
    if (options->alerts)
        return replay_alerts(replay, err);
    stop_install();
    if (options->terminal)
        return replay_terminal(replay, options->window, err);
    return replay_serve(replay, listen, options->token_file, err);
}

/* One of the two runs, unfolded if it is packed. */
struct opened {
    const char *directory;
    struct pack_view view;
    bool packed;
};

static enum status open_run(const char *path, struct opened *run, struct error *err)
{
    const struct pack_watch nobody = {.stopped = NULL};
    run->directory = path;
    if (!path || !pack_is(path))
        return STATUS_OK;
    TRY(pack_prove(path, err));
    TRY(pack_open(path, &run->view, err));
    run->packed = true;
    run->directory = run->view.directory;
    log_info("unfolding %s in %s", path, run->view.directory);
    return pack_unfold(path, &run->view, &nobody, err);
}

enum status command_replay(const struct cli_options *options, struct error *err)
{
    struct opened one = {.directory = NULL}, other = {.directory = NULL};
    TRY(check(options, err));
    enum status status = open_run(options->path, &one, err);
    if (status == STATUS_OK)
        status = open_run(options->other, &other, err);
    const struct replay replay = {.directory = one.directory,
                                  .other = other.directory,
                                  .deck = options->deck,
                                  .overrides = options->overrides,
                                  .override_count = options->override_count};
    if (status == STATUS_OK)
        status = replay_run(options, &replay, err);
    if (other.packed)
        pack_close(&other.view);
    if (one.packed)
        pack_close(&one.view);
    return status;
}
