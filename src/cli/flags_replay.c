#include "flags_replay.h"

#include <string.h>

#include "durations.h"

enum status flag_listen(struct parse *parse, const char *argument)
{
    if (!strchr(argument, ':'))
        return cli_usage(parse, "--listen %.100s: must be HOST:PORT", argument);
    if (parse->options->command == CLI_REPLAY)
        cli_replace(&parse->options->listen, argument);
    else
        cli_override(parse, "watch.listen", argument);
    return STATUS_OK;
}

enum status flag_token_file(struct parse *parse, const char *argument)
{
    cli_replace(&parse->options->token_file, argument);
    return STATUS_OK;
}

enum status flag_deck(struct parse *parse, const char *argument)
{
    cli_replace(&parse->options->deck, argument);
    return STATUS_OK;
}

enum status flag_alerts(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->alerts = true;
    return STATUS_OK;
}

enum status flag_terminal(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->terminal = true;
    return STATUS_OK;
}

enum status flag_window(struct parse *parse, const char *argument)
{
    if (!whole_parse(argument, &parse->options->window) || parse->options->window < 0)
        return cli_usage(parse, "--window %.100s: must be the number of a window", argument);
    return STATUS_OK;
}
