#include "window/gap.h"

#include <string.h>

#include "base/arith.h"
#include "window/advance.h"
#include "windows_internal.h"

static struct gap *gaps_of(const struct partition *part, size_t *count)
{
    *count = part->gaps.size / sizeof(struct gap);
    return (void *)part->gaps.data;
}

static void drop_first(struct partition *part)
{
    struct buffer *gaps = &part->gaps;
    gaps->size -= sizeof(struct gap);
    memmove(gaps->data, gaps->data + sizeof(struct gap), gaps->size);
}

void windows_add_gap(struct windows *windows, int partition, int64_t from, int64_t to)
{
    struct partition *part = &windows->parts[partition];
    struct gap gap = {.from = from, .to = to};
    size_t count;
    buffer_append(&part->gaps, &gap, sizeof gap);
    struct gap *gaps = gaps_of(part, &count);
    for (size_t i = count - 1; i > 0 && gaps[i].from < gaps[i - 1].from; i--) {
        gaps[i] = gaps[i - 1];
        gaps[i - 1] = gap;
    }
}

/* A time-out of the silence before comes first: it may close windows that the gap is not part of.
 */
static bool pass(struct windows *windows, int partition, const struct gap *gap)
{
    struct partition *part = &windows->parts[partition];
    struct ledger *ledger = &part->ledger;
    windows_reach(windows, partition, gap->to - 1);
    if (!windows_wants(windows, partition))
        return false;
    int64_t from = max_int64(gap->from, ledger->next_offset);
    ledger->fates[FATE_SKIPPED] += from - ledger->next_offset;
    ledger->fates[FATE_LOST] += gap->to - from;
    ledger->next_offset = gap->to;
    drop_first(part);
    windows_reach(windows, partition, ledger->next_offset);
    return true;
}

void windows_pass_gaps(struct windows *windows, int partition, int64_t offset)
{
    struct partition *part = &windows->parts[partition];
    while (part->gaps.size > 0) {
        const struct gap gap = *(const struct gap *)(const void *)part->gaps.data;
        if (gap.from > max_int64(offset, part->ledger.next_offset))
            return;
        if (gap.to <= part->ledger.next_offset)
            drop_first(part);
        else if (!windows_wants(windows, partition) || !pass(windows, partition, &gap))
            return;
    }
}

bool windows_is_undisturbed(const struct windows *windows, int partition)
{
    const struct partition *part = &windows->parts[partition];
    return part->gaps.size == 0 && part->advances_done == part->advances.size;
}

int64_t windows_resume_offset(const struct windows *windows, int partition)
{
    const struct partition *part = &windows->parts[partition];
    int64_t offset = part->ledger.next_offset;
    size_t count;
    const struct gap *gaps = gaps_of(part, &count);
    for (size_t i = 0; i < count; i++)
        if (gaps[i].from <= offset && gaps[i].to > offset)
            offset = gaps[i].to;
    return offset;
}
