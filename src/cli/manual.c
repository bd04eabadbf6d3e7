#include "manual.h"

#include <stdio.h>
#include <string.h>

#include "base/build_id.h"
#include "base/mdoc.h"
#include "flags.h"

static void print_title(enum cli_command command, char title[32])
{
    const char *name = cli_commands[command].name;
    snprintf(title, 32, "heatstream%s%s", *name ? "-" : "", name);
}

void manual_name(enum cli_command command, struct buffer *text)
{
    char title[32];
    print_title(command, title);
    buffer_printf(text, "%s.1", title);
}

static void print_form(const struct flag *flag, struct buffer *text)
{
    bool optional = flag->argument && !strncmp(flag->argument, "[=", 2);
    if (flag->letter)
        buffer_printf(text, " Fl %c%s", flag->letter, flag->name ? " ," : "");
    if (flag->name) {
        char name[64];
        snprintf(name, sizeof name, "-%s%s", flag->name, optional ? flag->argument : "");
        buffer_printf(text, " Fl ");
        mdoc_argument(name, text);
    }
    if (flag->argument && !optional) {
        buffer_printf(text, " Ar ");
        mdoc_argument(flag->argument, text);
    }
}

static void print_synopsis(enum cli_command command, struct buffer *text)
{
    buffer_printf(text, ".Sh SYNOPSIS\n.Nm heatstream\n");
    if (*cli_commands[command].name)
        buffer_printf(text, ".Cm %s\n", cli_commands[command].name);
    buffer_printf(text, ".Op Ar option ...\n");
    if (*cli_commands[command].operand)
        buffer_printf(text, ".Ar %s\n", cli_commands[command].operand);
}

static void print_options(enum cli_command command, struct buffer *text)
{
    buffer_printf(text, ".Pp\nThe options are as follows:\n.Bl -tag -width Ds\n");
    for (int i = 0; i < cli_flag_count; i++) {
        if (!(cli_flags[i].commands & 1U << command))
            continue;
        buffer_printf(text, ".It");
        print_form(&cli_flags[i], text);
        buffer_printf(text, "\n");
        mdoc_text(cli_flags[i].help, text);
    }
    buffer_printf(text, ".El\n");
}

static void print_commands(struct buffer *text)
{
    buffer_printf(text, ".Pp\nThe commands are as follows, each with a page of its own:\n"
                        ".Bl -tag -width Ds\n");
    for (int i = CLI_RUN; i < CLI_GENERATE; i++) {
        buffer_printf(text, ".It Xr heatstream-%s 1\n", cli_commands[i].name);
        mdoc_text(cli_commands[i].summary, text);
    }
    buffer_printf(text, ".El\n");
}

static void print_exit_codes(struct buffer *text)
{
    buffer_printf(text, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (int i = 0; i < cli_exit_code_count; i++) {
        buffer_printf(text, ".It %d\n", cli_exit_codes[i].code);
        mdoc_text(cli_exit_codes[i].meaning, text);
    }
    buffer_printf(text, ".El\n");
}

static void print_signals(struct buffer *text)
{
    buffer_printf(text, ".Sh SIGNALS\n"
                        "All ranks obey together at the end of a window, also while they wait.\n"
                        ".Bl -tag -width Ds\n"
                        ".It Dv SIGUSR1\nWrite a checkpoint and go on.\n"
                        ".It Dv SIGUSR2\nWrite a checkpoint and stop with status 75.\n"
                        ".It Dv SIGINT , SIGTERM\nThe first one as SIGUSR2; the second one closes "
                        "the files and leaves.\n.El\n"
                        ".Pp\nA file named STOP in the run directory does what SIGUSR2 does.\n");
}

static void print_see_also(enum cli_command command, struct buffer *text)
{
    buffer_printf(text, ".Sh SEE ALSO\n");
    if (command != CLI_NONE)
        buffer_printf(text, ".Xr heatstream 1 ,\n");
    buffer_printf(text, ".Xr mpirun 1 ,\n.Xr heatstream-deck 5\n");
}

void manual_print(enum cli_command command, struct buffer *text)
{
    const struct command_text *about = &cli_commands[command];
    char title[32];
    print_title(command, title);
    buffer_printf(text, ".Dd %s\n.Dt ", build_date());
    for (const char *c = title; *c; c++)
        buffer_printf(text, "%c", *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    buffer_printf(text, " 1\n.Os heatstream %s\n.Sh NAME\n.Nm %s\n.Nd ", build_version(), title);
    mdoc_text(about->summary, text);
    print_synopsis(command, text);
    buffer_printf(text, ".Sh DESCRIPTION\n");
    mdoc_text(about->more, text);
    print_options(command, text);
    if (command == CLI_NONE)
        print_commands(text);
    if (command == CLI_RUN)
        print_signals(text);
    if (!strcmp(about->operand, "DECK"))
        buffer_printf(text, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev HEATSTREAM_SECTION_KEY\n"
                            "Sets an option of the deck, as HEATSTREAM_GRID_NX does for grid.nx; "
                            "the deck comes before it, the command line after.\n.El\n");
    print_exit_codes(text);
    print_see_also(command, text);
}
