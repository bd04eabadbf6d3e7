#include <stdio.h>
#include <string.h>

#include "base/build_id.h"
#include "flags.h"

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
    for (int i = CLI_RUN; i < CLI_REFERENCE; i++)
        buffer_printf(text, "  %-7s%-6s %s\n", cli_commands[i].name, cli_commands[i].operand,
                      cli_commands[i].summary);
    buffer_printf(text, "\nheatstream COMMAND -h tells more about each.\n");
}

static void print_exit_codes(struct buffer *text)
{
    buffer_printf(text,
                  "\nExit codes: 0 finished, 64 usage, 65 data contradicts itself, 66 no input, 69 "
                  "broker unreachable,\n70 bug, 71 numeric failure, 73 cannot create output, 74 "
                  "I/O error, 75 stopped early with a\ncheckpoint (run me again), 77 refused by "
                  "the broker, 78 deck error.\n");
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
