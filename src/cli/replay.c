#include "run/replay.h"

#include "cli/cli.h"
#include "run/stop.h"

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

enum status command_replay(const struct cli_options *options, struct error *err)
{
    const char *listen = options->listen ? options->listen : "127.0.0.1:0";
    const struct replay replay = {.directory = options->path,
                                  .other = options->other,
                                  .deck = options->deck,
                                  .overrides = options->overrides,
                                  .override_count = options->override_count};
    TRY(check(options, err));
    if (options->alerts)
        return replay_alerts(&replay, err);
    stop_install();
    if (options->terminal)
        return replay_terminal(&replay, options->window, err);
    return replay_serve(&replay, listen, options->token_file, err);
}
