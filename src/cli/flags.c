#include "flags.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "deck/timestamp.h"
#include "durations.h"
#include "flags_replay.h"

enum {
    IN_RUN = 1 << CLI_RUN,
    IN_CHECK = 1 << CLI_CHECK,
    IN_GEN = 1 << CLI_GEN,
    IN_RECORD = 1 << CLI_RECORD,
    IN_INFO = 1 << CLI_INFO,
    IN_VERIFY = 1 << CLI_VERIFY,
    IN_PACK = 1 << CLI_PACK,
    IN_COMPARE = 1 << CLI_COMPARE,
    IN_REPLAY = 1 << CLI_REPLAY,
    IN_GENERATE = 1 << CLI_GENERATE,
    IN_DECK = IN_RUN | IN_CHECK | IN_GEN | IN_RECORD,
    IN_ALL = 1 << CLI_NONE | IN_DECK | IN_INFO | IN_VERIFY | IN_PACK | IN_COMPARE | IN_REPLAY |
             IN_GENERATE,
};

enum status cli_usage(const struct parse *parse, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = cli_commands[parse->options->command].name;
    return error_set(parse->err, STATUS_USAGE, "%s; see heatstream %s%s-h", text, name,
                     *name ? " " : "");
}

void cli_replace(char **text, const char *value)
{
    free(*text);
    *text = memory_text(value);
}

void cli_override(struct parse *parse, const char *key, const char *value)
{
    struct cli_options *options = parse->options;
    size_t size = strlen(key) + strlen(value) + 2;
    char *text = memory_block(size);
    size_t overrides = (size_t)(options->override_count + 1) * sizeof *options->overrides;
    options->overrides = memory_checked(realloc(options->overrides, overrides));
    snprintf(text, size, "%s%s%s", key, *key ? "=" : "", value);
    options->overrides[options->override_count++] = text;
}

void cli_property(struct parse *parse, const char *name, const char *value)
{
    char key[512];
    if (!strcmp(name, "bootstrap.servers") || !strcmp(name, "metadata.broker.list"))
        snprintf(key, sizeof key, "stream.brokers");
    else
        snprintf(key, sizeof key, "stream.rdkafka.%s", name);
    cli_override(parse, key, value);
}

static enum status take_override(struct parse *parse, const char *argument)
{
    const char *equals = strchr(argument, '=');
    if (!equals || equals == argument)
        return cli_usage(parse, "-D %.200s: must be key=value", argument);
    cli_override(parse, "", argument);
    return STATUS_OK;
}

static enum status take_property(struct parse *parse, const char *argument)
{
    char name[256];
    size_t length = strcspn(argument, "=");
    if (argument[length] != '=' || length == 0 || length >= sizeof name)
        return cli_usage(parse, "-X %.200s: must be property=value", argument);
    snprintf(name, sizeof name, "%.*s", (int)length, argument);
    cli_property(parse, name, argument + length + 1);
    return STATUS_OK;
}

static enum status take_brokers(struct parse *parse, const char *argument)
{
    cli_override(parse, "stream.brokers", argument);
    return STATUS_OK;
}

static enum status take_topic(struct parse *parse, const char *argument)
{
    cli_override(parse, "stream.topic", argument);
    return STATUS_OK;
}

static enum status take_out(struct parse *parse, const char *argument)
{
    if (*argument == '\0')
        return cli_usage(parse, "--out: must not be empty");
    if (parse->options->command == CLI_GEN)
        cli_replace(&parse->options->gen_out, argument);
    else if (parse->options->command == CLI_RECORD)
        cli_replace(&parse->options->record_out, argument);
    else
        cli_override(parse, "run.out", argument);
    return STATUS_OK;
}

static enum status take_restart(struct parse *parse, const char *argument)
{
    struct cli_options *options = parse->options;
    if (!argument || !strcmp(argument, "auto")) {
        options->restart = CLI_RESTART_AUTO;
    } else if (!strcmp(argument, "latest")) {
        options->restart = CLI_RESTART_LATEST;
    } else if (!strcmp(argument, "none")) {
        options->restart = CLI_RESTART_NONE;
    } else if (*argument) {
        options->restart = CLI_RESTART_FILE;
        cli_replace(&options->restart_file, argument);
    } else {
        return cli_usage(parse, "--restart=: must be auto, latest, none or a checkpoint file");
    }
    return STATUS_OK;
}

static enum status take_time_limit(struct parse *parse, const char *argument)
{
    if (!duration_parse(argument, &parse->options->time_limit_s))
        return cli_usage(parse, "--time-limit %.100s: must be HH:MM:SS, D-HH:MM:SS or MM:SS",
                         argument);
    return STATUS_OK;
}

static enum status take_until(struct parse *parse, const char *argument)
{
    struct cli_options *options = parse->options;
    if (!strcmp(argument, "end"))
        options->until = CLI_UNTIL_END;
    else if (timestamp_parse(argument, &options->until_value))
        options->until = CLI_UNTIL_TIME;
    else if (whole_parse(argument, &options->until_value) && options->until_value > 0)
        options->until = CLI_UNTIL_WINDOWS;
    else
        return cli_usage(parse,
                         "--until %.100s: must be `end`, a number of windows or a time such as "
                         "2026-01-01T00:00:00Z",
                         argument);
    return STATUS_OK;
}

static enum status take_until_end(struct parse *parse, const char *argument)
{
    if (strcmp(argument, "end"))
        return cli_usage(parse, "--until %.100s: must be `end`", argument);
    parse->options->until = CLI_UNTIL_END;
    return STATUS_OK;
}

static enum status take_from(struct parse *parse, const char *argument)
{
    if (!offset_is_valid(argument))
        return cli_usage(parse, "--from %.100s: must be beginning, end, N, -N or s@MS", argument);
    cli_replace(&parse->options->from, argument);
    return STATUS_OK;
}

static enum status take_log(struct parse *parse, const char *argument)
{
    if (strcmp(argument, "human") && strcmp(argument, "json"))
        return cli_usage(parse, "--log %.100s: must be human or json", argument);
    cli_override(parse, "log.format", argument);
    return STATUS_OK;
}

static enum status take_metrics_file(struct parse *parse, const char *argument)
{
    cli_override(parse, "watch.metrics_file", argument);
    return STATUS_OK;
}

static enum status take_quiet(struct parse *parse, const char *argument)
{
    (void)argument;
    cli_override(parse, "log.level", "warn");
    return STATUS_OK;
}

static enum status take_verbose(struct parse *parse, const char *argument)
{
    (void)argument;
    cli_override(parse, "log.level", "debug");
    return STATUS_OK;
}

static enum status take_accept_gap(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->accept_gap = true;
    return STATUS_OK;
}

static enum status take_dry_run(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->dry_run = true;
    return STATUS_OK;
}

static enum status take_print_config(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->print_config = true;
    return STATUS_OK;
}

static enum status take_pace(struct parse *parse, const char *argument)
{
    char *end;
    double pace = strtod(argument, &end);
    if (!strcmp(argument, "max"))
        pace = 0;
    else if (end == argument || *end || !isfinite(pace) || pace < 0)
        return cli_usage(parse, "--pace %.100s: must be a number, or max for as fast as possible",
                         argument);
    parse->options->pace = pace;
    return STATUS_OK;
}

static enum status take_ranks(struct parse *parse, const char *argument)
{
    int64_t ranks;
    if (!whole_parse(argument, &ranks) || ranks < 1 || ranks > INT_MAX)
        return cli_usage(parse, "--ranks %.100s: must be a number of ranks", argument);
    parse->options->ranks = (int)ranks;
    return STATUS_OK;
}

static enum status take_calibrate(struct parse *parse, const char *argument)
{
    if (argument && *argument == '\0')
        return cli_usage(parse, "--calibrate=: must be a directory");
    cli_replace(&parse->options->calibrate, argument ? argument : ".");
    return STATUS_OK;
}

static enum status take_machine(struct parse *parse, const char *argument)
{
    if (*argument == '\0')
        return cli_usage(parse, "--machine: must be a file");
    cli_replace(&parse->options->machine, argument);
    return STATUS_OK;
}

static enum status take_network(struct parse *parse, const char *argument)
{
    char *comma, *end;
    double latency_us = strtod(argument, &comma);
    double rate = *comma == ',' ? strtod(comma + 1, &end) : -1;
    if (!(latency_us > 0 && latency_us < 1e9) || !(rate > 0 && rate < 1e9) || end == comma + 1 ||
        *end)
        return cli_usage(parse,
                         "--network %.100s: must be latency in microseconds, a comma, and 10^9 "
                         "bytes a second: 1.5,12",
                         argument);
    parse->options->network =
        (struct machine_link){.latency_s = latency_us * 1e-6, .bytes_per_s = rate * 1e9};
    return STATUS_OK;
}

static enum status take_repair(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->repair = true;
    return STATUS_OK;
}

static enum status take_regions(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->regions = true;
    return STATUS_OK;
}

static enum status take_json(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->json = true;
    return STATUS_OK;
}

static enum status take_help(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->help = true;
    return STATUS_OK;
}

static enum status take_version(struct parse *parse, const char *argument)
{
    (void)argument;
    parse->options->version = true;
    return STATUS_OK;
}

const struct flag cli_flags[] = {
    {'D', NULL, "KEY=VALUE", IN_DECK, "set an option of the deck", take_override},
    {'D', NULL, "KEY=VALUE", IN_REPLAY,
     "judge by this: regions=[…], relations=[…] or alerts=[…] in place of what the deck says",
     take_override},
    {'b', NULL, "BROKERS", IN_DECK, "stream.brokers: host:port,… or `embedded`", take_brokers},
    {'t', NULL, "TOPIC", IN_DECK, "stream.topic", take_topic},
    {'X', NULL, "NAME=VALUE", IN_DECK, "a librdkafka property", take_property},
    {'F', NULL, "FILE", IN_DECK, "librdkafka properties, one NAME=VALUE a line, as kcat -F",
     cli_read_properties},
    {0, "restart", "[=auto|latest|none|FILE]", IN_RUN,
     "go on from a checkpoint: the newest good one if there is any (auto, the default), the newest "
     "or fail, none, or this one",
     take_restart},
    {0, "time-limit", "[D-]HH:MM:SS", IN_RUN, "stop in time for a last checkpoint, exit code 75",
     take_time_limit},
    {0, "until", "end|TIME|WINDOWS", IN_RUN,
     "end at the present end of the topic, at the window that holds a time, or after so many",
     take_until},
    {0, "from", "OFFSET", IN_RUN,
     "where a new run begins to read: beginning (default), end, N, -N or s@MS", take_from},
    {0, "time-limit", "[D-]HH:MM:SS", IN_RECORD, "stop after this time, exit code 75",
     take_time_limit},
    {0, "until", "end", IN_RECORD, "end at the present end of the topic; else it goes on",
     take_until_end},
    {0, "from", "OFFSET", IN_RECORD,
     "where a new file begins: beginning (default), end, N, -N or s@MS", take_from},
    {0, "accept-gap", NULL, IN_RUN,
     "go on without records that were deleted before they were read, and step through any gap in "
     "event time that sensors agree on, beyond stream.max_gap_windows too",
     take_accept_gap},
    {0, "out", "DIR", IN_RUN, "run.out: where the run directory is made", take_out},
    {0, "out", "PREFIX", IN_GEN,
     "write files PREFIX.0.ndjson, … or, with -, to standard output instead of the topic",
     take_out},
    {0, "out", "FILE", IN_RECORD, "the file, TOPIC.hsl by default; one that exists is gone on with",
     take_out},
    {0, "pace", "N", IN_GEN, "N times real time; 0 or max (default): as fast as possible",
     take_pace},
    {0, "listen", "HOST:PORT", IN_RUN, "watch.listen: serve the live page there", flag_listen},
    {0, "listen", "HOST:PORT", IN_REPLAY,
     "where the page is; any free port of 127.0.0.1 by default", flag_listen},
    {0, "token-file", "FILE", IN_REPLAY,
     "token of the page, which other hosts than the loopback interface's need", flag_token_file},
    {0, "deck", "FILE", IN_REPLAY,
     "judge by the regions, relations and alerts of this deck; what it does not say is the run's",
     flag_deck},
    {0, "alerts", NULL, IN_REPLAY,
     "write the alerts that the frames come to, as lines of alerts.ndjson, and leave", flag_alerts},
    {0, "terminal", NULL, IN_REPLAY,
     "a heat map in the terminal, for ssh; without a terminal, one frame as text", flag_terminal},
    {0, "window", "N", IN_REPLAY, "with --terminal: the frame of this window, which stands still",
     flag_window},
    {0, "metrics-file", "FILE", IN_RUN, "watch.metrics_file: metrics for Prometheus, as a file",
     take_metrics_file},
    {0, "dry-run", NULL, IN_RUN, "prepare everything, then leave before the first window",
     take_dry_run},
    {0, "print-config", NULL, IN_RUN, "print the effective deck and leave", take_print_config},
    {0, "ranks", "N", IN_CHECK,
     "say what N ranks need and take, and refuse a grid that is too narrow", take_ranks},
    {0, "network", "US,GB", IN_CHECK,
     "predict for nodes whose links have this latency in microseconds and carry so many 10^9 bytes "
     "a second, as 1.5,12",
     take_network},
    {0, "calibrate", "[=DIR]", IN_CHECK,
     "without a deck: measure this machine for predictions, with frames written below DIR "
     "(default: here); start it on one rank a core",
     take_calibrate},
    {0, "machine", "FILE", IN_CHECK,
     "where the constants of a machine are kept, in place of ~/.cache/heatstream/HOST.json",
     take_machine},
    {0, "repair", NULL, IN_VERIFY,
     "first make the manifest's tail and frames.h5 anew, from rows and checkpoints that prove "
     "themselves; refused while a run holds the directory",
     take_repair},
    {0, "regions", NULL, IN_COMPARE, "compare regions, relations and alerts, too, by their names",
     take_regions},
    {0, "json", NULL, IN_INFO, "for programs", take_json},
    {'q', NULL, NULL, IN_DECK, "warnings and errors only", take_quiet},
    {'v', NULL, NULL, IN_DECK, "more detail", take_verbose},
    {0, "log", "human|json", IN_DECK, "form of the log", take_log},
    {'h', "help", NULL, IN_ALL, "this text", take_help},
    {0, "version", NULL, 1 << CLI_NONE, "version and git id", take_version},
};
const int cli_flag_count = sizeof cli_flags / sizeof *cli_flags;
