/* What a windows object knows about itself: for checkpoints, progress lines and the ledger. */
#ifndef HEATSTREAM_WINDOW_WINDOWS_STATE_H
#define HEATSTREAM_WINDOW_WINDOWS_STATE_H

#include "window/windows.h"

/* The ledger of one partition: first_offset + sum of fates == next_offset, always. */
struct ledger {
    int64_t first_offset, next_offset;
    int64_t fates[FATE_COUNT];
    int64_t redelivered; /* beside the sum */
};

int64_t windows_open_window(const struct windows *windows); /* k */
const struct ledger *windows_ledger(const struct windows *windows, int partition);

/* How far event time has come in a partition. */
int64_t windows_clock_ms(const struct windows *windows, int partition);

/* The partition that holds the open window back most (the lowest clock of those that have not
 * finished), or -1; *behind_ms is how far its clock is from closing the window. */
int windows_waits_for(const struct windows *windows, int64_t *behind_ms);

/* Records held back as too far ahead since the partition's clock last moved. */
int64_t windows_in_doubt(const struct windows *windows, int partition);

/* The partition that has most records in doubt, in words: those held back since its clock last
 * moved, if they are as many as would end a doubt (E); at_end: any that are still held. False:
 * there is none. */
bool windows_doubt(const struct windows *windows, bool at_end, char *text, size_t size);

/* Serialises everything: cursors, clocks with their sensors, candidates, open windows, late events
 * that wait, closed windows that can still change, ledger, dead letters not yet handed out. Equal
 * states give equal bytes. Not in the middle of a close. Of the object only the order of what has
 * none is changed. */
void windows_save(struct windows *windows, struct buffer *state);

/* The inverse, on a freshly created object of the same configuration. A finished partition is open
 * again after it: ends are captured anew or taken from the journal by the caller.
 * STATUS_BAD_DATA when the bytes are not such a state. */
enum status windows_load(struct windows *windows, struct buffer_reader *state,
                         struct error *err) MUST_CHECK;

#endif
