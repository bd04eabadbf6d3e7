/* The files of the log of a run: `log`, to which lines are appended, and the full ones before it,
 * log.<number, 6 digits>, the newest with the highest number. Rank 0 only. */
#ifndef HEATSTREAM_STORE_LOG_FILES_H
#define HEATSTREAM_STORE_LOG_FILES_H

#include <stdint.h>

#include "base/status.h"

/* Gives `log` the next number and makes an empty one in its place, which is to be opened; removes
 * the oldest beyond `keep` files in all. `root` is the run directory, `staging` as in staging.h: a
 * run that was replaced moves nobody's log. STATUS_IO, STATUS_CANNOT_CREATE; then the file that is
 * open may be gone on with. */
enum status log_files_turn(const char *root, const char *staging, int64_t keep,
                           struct error *err) MUST_CHECK;

#endif
