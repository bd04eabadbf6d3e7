/* The frames of a run directory as the page wants them: what store reads, handed to watch. */
#ifndef HEATSTREAM_RUN_WATCHED_H
#define HEATSTREAM_RUN_WATCHED_H

#include "store/row_reader.h"
#include "watch/rows.h"

/* Reads through `reader`, which is borrowed. */
struct watch_rows watched_rows(struct row_reader *reader);

#endif
