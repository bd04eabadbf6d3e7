#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "deck/reference.h"
#include "manual.h"

/* A document that is made from the tables of the program. */
struct document {
    const char *name;
    void (*print)(struct buffer *text);
};

static const struct document documents[] = {
    {"deck.md", deck_reference_markdown},
    {"deck.schema.json", deck_reference_schema},
    {"heatstream-deck.5", deck_reference_manual},
    {"heatstream.bash", completion_print},
};
enum { DOCUMENTS = sizeof documents / sizeof *documents };

static void list(struct buffer *text)
{
    for (int i = 0; i < DOCUMENTS; i++)
        buffer_printf(text, "%s\n", documents[i].name);
    for (int command = CLI_NONE; command < CLI_GENERATE; command++) {
        manual_name((enum cli_command)command, text);
        buffer_printf(text, "\n");
    }
}

static bool is_manual(enum cli_command command, const char *name)
{
    struct buffer own = {0};
    manual_name(command, &own);
    bool same = own.size == strlen(name) && !memcmp(own.data, name, own.size);
    buffer_release(&own);
    return same;
}

static bool print(const char *name, struct buffer *text)
{
    if (!strcmp(name, "list")) {
        list(text);
        return true;
    }
    for (int i = 0; i < DOCUMENTS; i++) {
        if (!strcmp(documents[i].name, name)) {
            documents[i].print(text);
            return true;
        }
    }
    for (int command = CLI_NONE; command < CLI_GENERATE; command++) {
        if (is_manual((enum cli_command)command, name)) {
            manual_print((enum cli_command)command, text);
            return true;
        }
    }
    return false;
}

enum status command_generate(const struct cli_options *options, struct error *err)
{
    struct buffer text = {0};
    if (!print(options->path, &text))
        return error_set(err, STATUS_USAGE, "no document is named %.100s; `list` names them all",
                         options->path);
    bool good = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    buffer_release(&text);
    return good ? STATUS_OK : error_set(err, STATUS_IO, "writing to standard output failed");
}
