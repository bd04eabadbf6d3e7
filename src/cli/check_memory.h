/* What a deck takes of memory, as `check` prints it. Internal to cli/. */
#ifndef HEATSTREAM_CLI_CHECK_MEMORY_H
#define HEATSTREAM_CLI_CHECK_MEMORY_H

#include "deck/deck.h"

/* "1.5 MiB"; `text` holds 32 bytes and is returned. */
const char *check_bytes(double bytes, char *text);

/* Of a frame in its file. */
double check_frame_bytes(const struct deck *deck);

/* A rank's fields, snapshots and heat, for 1, 2, 4, ... ranks and `asked`, if not 0. */
void check_print_memory(const struct deck *deck, int substeps, int asked);

/* What late events cost in memory and in windows stepped again. events_a_window: 0 if unknown. */
void check_print_correction(const struct deck *deck, double events_a_window);

#endif
