/* Arguments that are times, limits and offsets. Internal to cli/. */
#ifndef HEATSTREAM_CLI_DURATIONS_H
#define HEATSTREAM_CLI_DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* [D-]HH:MM:SS or MM:SS, as squeue prints it; UNLIMITED is -1. False: anything else. */
bool duration_parse(const char *text, int64_t *seconds);

/* A decimal integer and nothing else. */
bool whole_parse(const char *text, int64_t *value);

/* beginning, end, N, -N, s@MS: kcat's offsets. */
bool offset_is_valid(const char *text);

#endif
