#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/log.h"
#include "deck/options.h"
#include "flags.h"

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    return text;
}

static enum status read_line(struct parse *parse, const char *path, int number, char *line)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return STATUS_OK;
    char *equals = strchr(line, '=');
    if (equals)
        *equals = '\0';
    char *name = trim(line);
    if (!equals || *name == '\0' || strlen(name) > 255)
        return cli_usage(parse, "-F %s:%d: must be property=value", path, number);
    cli_property(parse, name, trim(equals + 1));
    return STATUS_OK;
}

enum status cli_read_properties(struct parse *parse, const char *path)
{
    struct buffer contents = {0};
    enum status status = durable_read_file(path, &contents, parse->err);
    if (status != STATUS_OK)
        error_prefix(parse->err, status, "-F");
    buffer_append(&contents, "", 1);
    int number = 1;
    for (char *line = (char *)contents.data; line && status == STATUS_OK; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        status = read_line(parse, path, number, line);
        line = end ? end + 1 : NULL;
    }
    buffer_release(&contents);
    return status;
}

/* True where `name`, a property or a key, is secret, whatever option letters stand before it. */
static bool ends_secret(const char *name)
{
    static const char map[] = "stream.rdkafka";
    size_t length = strlen(name);
    bool whole = length >= sizeof map - 1 && !strcmp(name + length - (sizeof map - 1), map);
    for (; *name && !whole; name++) {
        const struct deck_option *option = deck_option_find(name);
        whole = deck_name_is_secret(name) || (option && option->flags & DECK_RUNS_PROGRAM);
    }
    return whole;
}

/* Length of the part of an argument that may be shown: all, or up to the value of a secret. */
static size_t shown_length(const char *argument)
{
    size_t length = strcspn(argument, "=");
    char name[512];
    if (argument[length] == '\0')
        return length;
    size_t begin = length < sizeof name ? 0 : length - (sizeof name - 1);
    snprintf(name, sizeof name, "%.*s", (int)(length - begin), argument + begin);
    bool hide = ends_secret(name) || deck_value_is_secret(argument + length + 1);
    return hide ? length + 1 : strlen(argument);
}

char *cli_join_redacted(int argc, char *const *argv)
{
    struct buffer text = {0};
    for (int i = 0; i < argc; i++) {
        size_t shown = shown_length(argv[i]);
        buffer_append(&text, " ", i ? 1 : 0);
        buffer_append(&text, argv[i], shown);
        if (argv[i][shown] != '\0')
            buffer_append(&text, "***", 3);
    }
    buffer_append(&text, "", 1);
    return (char *)text.data;
}

const char *cli_hide_secrets(int argc, char **argv)
{
    const char *exposed = NULL;
    for (int i = 0; i < argc; i++) {
        size_t shown = shown_length(argv[i]), length = strlen(argv[i]);
        if (shown == length)
            continue;
        memset(argv[i] + shown, '\0', length - shown);
        memset(argv[i] + shown, '*', length - shown < 3 ? length - shown : 3);
        exposed = argv[i];
    }
    return exposed;
}

void cli_warn_exposed(const struct cli_options *options)
{
    if (options->exposed)
        log_warn(
            "%s on a command line can be read by every user of this machine: give it in a file "
            "(-F FILE), or as ${file:PATH} or ${NAME} in the deck",
            options->exposed);
}
