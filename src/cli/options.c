#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "flags.h"

enum { MAX_FLAGS = 64, FIRST_CODE = 256 };

/* What getopt_long() wants to know, for the flags of one command. Its code for the flag at position
 * i of the table is FIRST_CODE + i or the flag's letter. */
struct syntax {
    char letters[2 * MAX_FLAGS + 3];
    struct option names[MAX_FLAGS + 1];
};

static void build_syntax(enum cli_command command, struct syntax *syntax)
{
    assert(cli_flag_count <= MAX_FLAGS);
    *syntax = (struct syntax){.letters = ":"};
    size_t letters = 1, names = 0;
    for (int i = 0; i < cli_flag_count; i++) {
        const struct flag *flag = &cli_flags[i];
        if (!(flag->commands & 1U << command))
            continue;
        if (flag->letter)
            syntax->letters[letters++] = (char)flag->letter;
        if (flag->letter && flag->argument)
            syntax->letters[letters++] = ':';
        int argument = !flag->argument                                      ? no_argument
                       : *flag->argument == '[' && flag->argument[1] == '=' ? optional_argument
                                                                            : required_argument;
        if (flag->name)
            syntax->names[names++] = (struct option){flag->name, argument, NULL, FIRST_CODE + i};
    }
}

static const struct flag *find_flag(enum cli_command command, int code)
{
    if (code >= FIRST_CODE)
        return &cli_flags[code - FIRST_CODE];
    for (int i = 0; i < cli_flag_count; i++)
        if (cli_flags[i].letter == code && cli_flags[i].commands & 1U << command)
            return &cli_flags[i];
    return NULL;
}

static enum status fail_flag(const struct parse *parse, int code, char *const *argv)
{
    char letter[3] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt > 0 && optopt < FIRST_CODE;
    const char *text = is_letter ? letter : argv[optind - 1];
    if (code == ':')
        return cli_usage(parse, "%.100s needs a value", text);
    if (optopt >= FIRST_CODE)
        return cli_usage(parse, "%.100s takes no value", text);
    return cli_usage(parse, "unknown option %.100s", text);
}

static enum status take_operand(struct parse *parse, int argc, char *const *argv)
{
    const struct command_text *command = &cli_commands[parse->options->command];
    int most = *command->operand ? 1 + (strchr(command->operand, ' ') != NULL) : 0;
    int wanted = strchr(command->operand, '[') ? most - 1 : most;
    int given = argc - optind;
    if (parse->options->calibrate)
        wanted = most = 0;
    if (parse->options->help || parse->options->version)
        return STATUS_OK;
    if (given < wanted)
        return cli_usage(parse, "%s needs a %s", command->name, command->operand);
    if (given > most)
        return cli_usage(parse, "one argument too many: `%.100s`", argv[optind + most]);
    if (given > 0)
        cli_replace(&parse->options->path, argv[optind]);
    if (given > 1)
        cli_replace(&parse->options->other, argv[optind + 1]);
    return STATUS_OK;
}

/* argv[0] is the command, or the program where there is none. */
static enum status parse_flags(struct parse *parse, int argc, char **argv)
{
    struct syntax syntax;
    enum cli_command command = parse->options->command;
    build_syntax(command, &syntax);
    opterr = 0;
    optind = 0; /* makes glibc start anew */
    for (;;) {
        int code = getopt_long(argc, argv, syntax.letters, syntax.names, NULL);
        if (code == -1)
            return take_operand(parse, argc, argv);
        if (code == '?' || code == ':')
            return fail_flag(parse, code, argv);
        TRY(find_flag(command, code)->take(parse, optarg));
    }
}

static enum cli_command find_command(const char *name)
{
    for (int i = 1; i < CLI_COMMANDS; i++)
        if (!strcmp(cli_commands[i].name, name))
            return (enum cli_command)i;
    return CLI_NONE;
}

static enum status parse_all(struct parse *parse, int argc, char **argv)
{
    if (argc < 2)
        return cli_usage(parse, "no command");
    if (argv[1][0] == '-') {
        TRY(parse_flags(parse, argc, argv));
        bool enough = parse->options->help || parse->options->version;
        return enough ? STATUS_OK : cli_usage(parse, "no command");
    }
    parse->options->command = find_command(argv[1]);
    if (parse->options->command == CLI_NONE)
        return cli_usage(parse, "unknown command `%.100s`", argv[1]);
    return parse_flags(parse, argc - 1, argv + 1);
}

enum status cli_parse(int argc, char **argv, struct cli_options *options, struct error *err)
{
    *options = (struct cli_options){.time_limit_s = -1, .window = -1};
    struct parse parse = {options, err};
    cli_replace(&options->from, "beginning");
    options->command_line = cli_join_redacted(argc, argv);
    /* getopt_long() sorts its argument list */
    char **sorted = memory_block(((size_t)argc + 1) * sizeof *sorted);
    memcpy(sorted, argv, ((size_t)argc + 1) * sizeof *sorted);
    enum status status = parse_all(&parse, argc, sorted);
    free(sorted);
    const char *exposed = cli_hide_secrets(argc, argv);
    if (exposed)
        cli_replace(&options->exposed, exposed);
    return status;
}

void cli_release(struct cli_options *options)
{
    for (int i = 0; i < options->override_count; i++)
        free(options->overrides[i]);
    free(options->overrides);
    free(options->path);
    free(options->other);
    free(options->restart_file);
    free(options->from);
    free(options->gen_out);
    free(options->record_out);
    free(options->calibrate);
    free(options->machine);
    free(options->listen);
    free(options->token_file);
    free(options->deck);
    free(options->command_line);
    free(options->exposed);
    *options = (struct cli_options){0};
}
