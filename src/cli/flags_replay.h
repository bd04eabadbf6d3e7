/* What options of replay, and of the page, do. Internal to cli/. */
#ifndef HEATSTREAM_CLI_FLAGS_REPLAY_H
#define HEATSTREAM_CLI_FLAGS_REPLAY_H

#include "flags.h"

/* Each takes its argument, NULL without one; STATUS_USAGE. */
enum status flag_listen(struct parse *parse, const char *argument);
enum status flag_token_file(struct parse *parse, const char *argument);
enum status flag_deck(struct parse *parse, const char *argument);
enum status flag_alerts(struct parse *parse, const char *argument);
enum status flag_terminal(struct parse *parse, const char *argument);
enum status flag_window(struct parse *parse, const char *argument);

#endif
