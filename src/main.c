#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>

#include "base/log.h"

static enum status print_text(const struct cli_options *options)
{
    struct buffer text = {0};
    if (options->version)
        cli_version(&text);
    else
        cli_help(options->command, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_release(&text);
    return STATUS_OK;
}

static enum status dispatch(const struct cli_options *options, struct error *err)
{
    static enum status (*const command[CLI_COMMANDS])(const struct cli_options *,
                                                      struct error *) = {
        [CLI_RUN] = command_run,       [CLI_CHECK] = command_check,
        [CLI_GEN] = command_gen,       [CLI_RECORD] = command_record,
        [CLI_INFO] = command_info,     [CLI_VERIFY] = command_verify,
        [CLI_PACK] = command_pack,     [CLI_COMPARE] = command_compare,
        [CLI_REPLAY] = command_replay, [CLI_GENERATE] = command_generate,
    };
    if (options->help || options->version)
        return print_text(options);
    return command[options->command](options, err);
}

int main(int argc, char **argv)
{
    struct cli_options options;
    struct error err = {""};
    bool first = cli_is_first_rank();
    signal(SIGCHLD, SIG_DFL); /* children are waited for, whatever the parent ignored */
    enum status status = cli_parse(argc, argv, &options, &err);
    bool parallel =
        status == STATUS_OK && !options.help && (options.command == CLI_RUN || options.calibrate);
    /* One rank tells of a failure, and it leaves with the exit code: were the others to leave with
     * it too, mpirun might end the one that is still talking. */
    if (!first && !parallel) {
        cli_release(&options);
        return 0;
    }
    if (status == STATUS_OK)
        status = dispatch(&options, &err);
    if (status != STATUS_OK && first && err.text[0])
        log_error("%s", err.text);
    cli_release(&options);
    return status_exit_code(status);
}
