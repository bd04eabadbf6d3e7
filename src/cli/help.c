#include <stdio.h>
#include <string.h>

#include "base/build_id.h"
#include "flags.h"

const struct exit_code cli_exit_codes[] = {
    {0, "finished"},
    {64, "the command line cannot be obeyed"},
    {65, "the input contradicts itself, or verification found a difference"},
    {66, "no input, topic or restart file"},
    {69, "broker unreachable past its time-out"},
    {70, "an internal contradiction: please report it"},
    {71, "not a number, or unstable"},
    {73, "an output cannot be created"},
    {74, "reading or writing failed, disk full"},
    {75, "stopped early, checkpoint written: run it again"},
    {76, "the ranks lost each other, a host or the network is gone: run it again"},
    {77, "the broker refused"},
    {78, "the deck does not validate"},
};
const int cli_exit_code_count = sizeof cli_exit_codes / sizeof *cli_exit_codes;

enum { INDENT = 28, WIDTH = 96 };

/* Breaks `words` into lines that begin at INDENT, where the first one already stands. */
static void print_wrapped(const char *words, struct buffer *text)
{
    int column = INDENT;
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (column > INDENT && column + 1 + length > WIDTH) {
            buffer_printf(text, "\n%*s", INDENT, "");
            column = INDENT;
        }
        buffer_printf(text, "%s%.*s", column > INDENT ? " " : "", length, words);
        column += length + (column > INDENT);
        words += length;
        words += strspn(words, " ");
    }
    buffer_printf(text, "\n");
}

static void print_flag(const struct flag *flag, struct buffer *text)
{
    char form[80];
    bool optional = flag->argument && !strncmp(flag->argument, "[=", 2);
    int used = 0;
    if (flag->letter)
        used = snprintf(form, sizeof form, "-%c%s", flag->letter, flag->name ? ", " : "");
    if (flag->name)
        used += snprintf(form + used, sizeof form - (size_t)used, "--%s", flag->name);
    if (flag->argument)
        snprintf(form + used, sizeof form - (size_t)used, "%s%s", optional ? "" : " ",
                 flag->argument);
    bool fits = (int)strlen(form) + 4 <= INDENT;
    if (fits)
        buffer_printf(text, "  %-*s", INDENT - 2, form);
    else
        buffer_printf(text, "  %s\n%*s", form, INDENT, "");
    print_wrapped(flag->help, text);
}

static void print_commands(struct buffer *text)
{
    buffer_printf(text, "\n");
    for (int i = CLI_RUN; i < CLI_GENERATE; i++)
        buffer_printf(text, "  %-8s%-6s %s\n", cli_commands[i].name, cli_commands[i].operand,
                      cli_commands[i].summary);
    buffer_printf(text, "\nheatstream COMMAND -h tells more about each.\n");
}

static void print_exit_codes(struct buffer *text)
{
    buffer_printf(text, "\nExit codes:\n");
    for (int i = 0; i < cli_exit_code_count; i++)
        buffer_printf(text, "  %2d  %s\n", cli_exit_codes[i].code, cli_exit_codes[i].meaning);
}

void cli_help(enum cli_command command, struct buffer *text)
{
    const struct command_text *about = &cli_commands[command];
    buffer_printf(text, "Usage: heatstream %s%s[OPTION]… %s\n%s\n", about->name,
                  *about->name ? " " : "", about->operand, about->summary);
    if (command == CLI_NONE)
        print_commands(text);
    buffer_printf(text, "\n");
    for (int i = 0; i < cli_flag_count; i++)
        if (cli_flags[i].commands & 1U << command)
            print_flag(&cli_flags[i], text);
    if (command == CLI_NONE || command == CLI_RUN || command == CLI_RECORD)
        print_exit_codes(text);
}

void cli_version(struct buffer *text)
{
    buffer_printf(text, "heatstream %s (%s)\n", build_version(), build_git_id());
}
