/* The page over the frames of a run directory: finished, copied, or being written by another
 * process, of which the frames that were there at the start are shown. Without MPI. */
#ifndef HEATSTREAM_RUN_REPLAY_H
#define HEATSTREAM_RUN_REPLAY_H

#include "base/status.h"

/* Serves the page at `listen` until a signal asks to stop, which is success. `token_file`: NULL on
 * the loopback interface. STATUS_NO_INPUT: no frames; STATUS_BAD_DATA: they cannot be read;
 * else as page_open(). */
enum status replay_serve(const char *directory, const char *listen, const char *token_file,
                         struct error *err) MUST_CHECK;

#endif
