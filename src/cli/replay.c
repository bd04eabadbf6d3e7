#include "run/replay.h"

#include "cli/cli.h"
#include "run/stop.h"

enum status command_replay(const struct cli_options *options, struct error *err)
{
    const char *listen = options->listen ? options->listen : "127.0.0.1:0";
    stop_install();
    return replay_serve(options->path, listen, options->token_file, err);
}
