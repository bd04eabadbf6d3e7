/* Offsets that were deleted before they were read, and that the run goes on without. No topic
 * content tells that it was so: each gap is journaled first, {partition, from, to}, and from then
 * on its offsets are `lost`, whether a topic still has records there or not. So a replay with the
 * journal gives the same bits. */
#ifndef HEATSTREAM_WINDOW_GAP_H
#define HEATSTREAM_WINDOW_GAP_H

#include "window/windows.h"

/* Adds a journaled gap of the offsets from <= o < to. What of it is settled already, as after a
 * restart, stays as it is. */
void windows_add_gap(struct windows *windows, int partition, int64_t from, int64_t to);

/* Tells that the partition holds nothing more below `offset`, as windows_reach() does. A gap that
 * begins there or before is passed if the partition is wanted, so that next[p] at a close is the
 * same in every run: next[p] is its end then. To be called before windows_take(), also with next[p]
 * itself, and windows_wants() asked again after it. */
void windows_pass_gaps(struct windows *windows, int partition, int64_t offset);

/* True when neither a gap nor a move of advance.h is ahead in the partition: until one is added,
 * windows_pass_gaps() and windows_reach() change nothing. */
bool windows_is_undisturbed(const struct windows *windows, int partition);

/* Where the partition is to be read on: next[p], or the end of the gap that lies there. */
int64_t windows_resume_offset(const struct windows *windows, int partition);

#endif
