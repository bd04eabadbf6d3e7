#include <string.h>

#include "deck/options.h"
#include "flags.h"
#include "manual.h"

static void print_commands(struct buffer *text)
{
    for (int i = CLI_RUN; i < CLI_GENERATE; i++)
        buffer_printf(text, "%s%s", i == CLI_RUN ? "" : " ", cli_commands[i].name);
}

static void print_flags(enum cli_command command, struct buffer *text)
{
    for (int i = 0; i < cli_flag_count; i++) {
        const struct flag *flag = &cli_flags[i];
        if (!(flag->commands & 1U << command))
            continue;
        if (flag->letter)
            buffer_printf(text, " -%c", flag->letter);
        if (flag->name)
            buffer_printf(text, " --%s", flag->name);
    }
}

/* Commands may share an option's name; its words are those of the first. */
static bool is_told(int at)
{
    for (int i = 0; i < at; i++)
        if (cli_flags[i].name && !strcmp(cli_flags[i].name, cli_flags[at].name))
            return true;
    return false;
}

/* The words of "human|json"; nothing of a form such as "HH:MM:SS". */
static void print_choices(const char *argument, struct buffer *text)
{
    for (const char *word = argument; *word;) {
        size_t length = strcspn(word, "|]");
        size_t lower = strspn(word, "abcdefghijklmnopqrstuvwxyz");
        if (lower > 0 && lower == length)
            buffer_printf(text, " %.*s", (int)length, word);
        word += length + (word[length] != '\0');
    }
}

static void print_values(struct buffer *text)
{
    for (int i = 0; i < cli_flag_count; i++) {
        const struct flag *flag = &cli_flags[i];
        struct buffer choices = {0};
        if (flag->name && flag->argument && !is_told(i))
            print_choices(flag->argument + 2 * !strncmp(flag->argument, "[=", 2), &choices);
        if (choices.size > 0)
            buffer_printf(text, "    --%s) words='%.*s' ;;\n", flag->name, (int)choices.size - 1,
                          (const char *)choices.data + 1);
        buffer_release(&choices);
    }
}

static void print_deck_keys(struct buffer *text)
{
    for (int i = 0; i < deck_option_count; i++)
        buffer_printf(text, "%s%s=", i ? " " : "", deck_options[i].key);
}

static void print_cases(struct buffer *text)
{
    buffer_printf(text, "    case $before in\n    -D)\n        words='");
    print_deck_keys(text);
    buffer_printf(text, "'\n        compopt -o nospace\n        ;;\n");
    print_values(text);
    buffer_printf(text, "    *)\n        case ${COMP_WORDS[1]} in\n");
    for (int i = CLI_RUN; i < CLI_GENERATE; i++) {
        buffer_printf(text, "        %s) words='", cli_commands[i].name);
        print_flags((enum cli_command)i, text);
        buffer_printf(text, "' ;;\n");
    }
    buffer_printf(text, "        *) words='");
    print_commands(text);
    print_flags(CLI_NONE, text);
    buffer_printf(text, "' ;;\n        esac\n"
                        "        [[ $word == -* || $COMP_CWORD == 1 ]] || words=\n"
                        "        ;;\n    esac\n");
}

void completion_print(struct buffer *text)
{
    buffer_printf(text, "# Completion of heatstream for bash; files where nothing else fits.\n"
                        "_heatstream() {\n"
                        "    local word=${COMP_WORDS[COMP_CWORD]} words\n"
                        "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                        "    if [[ $word == '=' ]]; then\n"
                        "        word=\n"
                        "    elif [[ $before == '=' ]]; then\n"
                        "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                        "    fi\n");
    print_cases(text);
    buffer_printf(text, "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                        "}\n"
                        "complete -o default -F _heatstream heatstream\n");
}
