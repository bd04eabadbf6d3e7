#include "run/replay.h"

#include "cli/cli.h"
#include "run/stop.h"

enum status command_replay(const struct cli_options *options, struct error *err)
{
    const char *listen = options->listen ? options->listen : "127.0.0.1:0";
    const struct replay replay = {.directory = options->path,
                                  .deck = options->deck,
                                  .overrides = options->overrides,
                                  .override_count = options->override_count};
    if (options->alerts)
        return replay_alerts(&replay, err);
    stop_install();
    return replay_serve(&replay, listen, options->token_file, err);
}
