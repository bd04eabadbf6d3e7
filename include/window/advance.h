/* Partitions that fall silent: their clocks are moved by time-out, which no topic content tells.
 * Each move is journaled first, {partition, before, to}, and takes effect as soon as every record
 * of the partition below offset `before` is settled; so a replay with the journal moves the clock
 * at the same place between the same records. */
#ifndef HEATSTREAM_WINDOW_ADVANCE_H
#define HEATSTREAM_WINDOW_ADVANCE_H

#include "window/windows.h"

/* Adds a journaled move, in the order of the journal; one that has taken effect before a restart
 * may be added again without harm. Takes effect at once if the partition is far enough. */
void windows_add_advance(struct windows *windows, int partition, int64_t before, int64_t to_ms);

/* Tells that the partition holds nothing more below `offset`: the next message, or its end, is
 * there. To be called before windows_take() and windows_finish(), and windows_wants() asked again
 * after it. */
void windows_reach(struct windows *windows, int partition, int64_t offset);

#endif
