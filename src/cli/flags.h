/* The option table of the command line. Internal to cli/. */
#ifndef HEATSTREAM_CLI_FLAGS_H
#define HEATSTREAM_CLI_FLAGS_H

#include "cli/cli.h"

/* A parse under way. */
struct parse {
    struct cli_options *options;
    struct error *err;
};

struct flag {
    int letter;           /* 0: has none */
    const char *name;     /* of the long form; NULL: has none */
    const char *argument; /* NULL: takes none; "[=X]": may take one */
    unsigned commands;    /* bits 1 << enum cli_command */
    const char *help;
    enum status (*take)(struct parse *parse, const char *argument);
};

extern const struct flag cli_flags[];
extern const int cli_flag_count;

struct command_text {
    const char *name, *operand, *summary; /* operand "" when it takes none, "A B" when two,
                                              "A [B]" when one or two */
    const char *more;                     /* for its manual page */
};
extern const struct command_text cli_commands[CLI_COMMANDS];

/* Of all commands together. */
struct exit_code {
    int code;
    const char *meaning;
};
extern const struct exit_code cli_exit_codes[];
extern const int cli_exit_code_count;

/* STATUS_USAGE: the text, then where help is. */
enum status cli_usage(const struct parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds "key=value" to the overrides. */
void cli_override(struct parse *parse, const char *key, const char *value);

/* Adds a librdkafka property; the list of brokers goes to stream.brokers. */
void cli_property(struct parse *parse, const char *name, const char *value);

/* Replaces a string of the options by a copy. */
void cli_replace(char **text, const char *value);

/* Adds every property of a kcat configuration file. STATUS_NO_INPUT when it cannot be read. */
enum status cli_read_properties(struct parse *parse, const char *path) MUST_CHECK;

/* All arguments joined by spaces, values of secret options replaced. Owned by the caller. */
char *cli_join_redacted(int argc, char *const *argv);

/* Overwrites values of secret options in place, so that ps shows them no longer. Returns an
 * argument that had one, NULL when none has. */
const char *cli_hide_secrets(int argc, char **argv);

#endif
