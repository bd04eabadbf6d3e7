#include "window/advance.h"

#include "windows_internal.h"

void windows_add_advance(struct windows *windows, int partition, int64_t before, int64_t to_ms)
{
    struct partition *part = &windows->parts[partition];
    struct advance advance = {.before = before, .to_ms = to_ms};
    buffer_append(&part->advances, &advance, sizeof advance);
    windows_reach(windows, partition, part->ledger.next_offset);
}

void windows_reach(struct windows *windows, int partition, int64_t offset)
{
    struct partition *part = &windows->parts[partition];
    while (part->advances_done < part->advances.size) {
        const struct advance *next = (const void *)(part->advances.data + part->advances_done);
        if (next->before > offset)
            return;
        if (clock_jump(part->clock, next->to_ms)) {
            windows_follow_clock(windows, part);
            candidates_clock_moved(part->candidates);
        }
        part->advances_done += sizeof *next;
    }
    buffer_clear(&part->advances); /* a silence may last weeks */
    part->advances_done = 0;
}
