/* Manual pages and shell completion, made from the tables of commands and options. Internal to
 * cli/. */
#ifndef HEATSTREAM_CLI_MANUAL_H
#define HEATSTREAM_CLI_MANUAL_H

#include "cli/cli.h"

/* Appends the file name of a command's page: "heatstream-run.1"; CLI_NONE: "heatstream.1". */
void manual_name(enum cli_command command, struct buffer *text);

/* The page itself, in mdoc (see mdoc(7)), UTF-8. */
void manual_print(enum cli_command command, struct buffer *text);

/* A completion script for bash: commands, their options, keys of the deck behind -D. */
void completion_print(struct buffer *text);

#endif
