/* Closed windows told again after a restart, so that the fields between the checkpoint and the
 * snapshot a correction goes back to can be made again. */
#ifndef HEATSTREAM_WINDOW_REPLAY_H
#define HEATSTREAM_WINDOW_REPLAY_H

#include "window/windows.h"

/* The first window that the close of the open one, k, may have to tell again: k - H rounded down to
 * a multiple of the snapshot spacing, at least 0. */
int64_t windows_first_replayable(const struct windows *windows);

/* A closed window from windows_first_replayable() on, as it is now: CLOSE_REPLAY, with the
 * revision, counts and flags it was last published with. Cheap in rising order. Not in the middle
 * of a close. */
void windows_replay(struct windows *windows, int64_t window, struct closed_window *closed);

#endif
