/* The frames of a run directory, looked at again: finished, copied, or being written by another
 * process, of which the frames that were there at the start count. Without MPI; nothing in the
 * directory is changed. */
#ifndef HEATSTREAM_RUN_REPLAY_H
#define HEATSTREAM_RUN_REPLAY_H

#include <stdint.h>

#include "base/status.h"

/* What is looked at. Regions, relations and alerts are those of the run's config.yaml; of `deck`,
 * where it is not NULL, those that it has; and of `overrides`, key=value of these alone. */
struct replay {
    const char *directory;
    const char *other; /* another run, to be compared with; NULL: none */
    const char *deck;
    char *const *overrides;
    int override_count;
};

/* Serves the page at `listen` until a signal asks to stop, which is success. `token_file`: NULL on
 * the loopback interface. STATUS_NO_INPUT: no frames; STATUS_BAD_DATA: they cannot be read;
 * STATUS_BAD_DECK: rules were given that cannot be judged by; else as page_open(). Without rules
 * that were given, a run whose own are gone is shown without regions. */
enum status replay_serve(const struct replay *replay, const char *listen, const char *token_file,
                         struct error *err) MUST_CHECK;

/* Judges the frames and writes the alerts to standard output, as lines of alerts.ndjson: each frame
 * once, as it is now, so that none is withdrawn. Errors as above, STATUS_IO. */
enum status replay_alerts(const struct replay *replay, struct error *err) MUST_CHECK;

/* A heat map on the terminal, with keys, until it is quit or a signal asks to stop: it stands at
 * `window`, -1: plays from the first frame on. Without a terminal for both, the frame of the
 * window, -1: the last one, as text on standard output. STATUS_NO_INPUT: no such window. */
enum status replay_terminal(const struct replay *replay, int64_t window,
                            struct error *err) MUST_CHECK;

#endif
