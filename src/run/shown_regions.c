#include "shown_regions.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "deck/regions.h"

struct watch_box region_box(const struct deck *deck, int region)
{
    struct buffer cells = {0};
    deck_region_runs(deck, &deck_regions(deck)[region], &cells);
    const struct deck_run *runs = (const void *)cells.data;
    int64_t count = (int64_t)(cells.size / sizeof *runs);
    struct watch_box box = {INT64_MAX, INT64_MAX, 0, 0};
    for (int64_t i = 0; i < count; i++) {
        box.x0 = min_int64(box.x0, runs[i].x);
        box.x1 = max_int64(box.x1, runs[i].x + 1);
        box.y0 = min_int64(box.y0, runs[i].y0);
        box.y1 = max_int64(box.y1, runs[i].y1);
    }
    buffer_release(&cells);
    return box;
}

struct shown_regions shown_regions_create(const struct deck *deck)
{
    _Static_assert(sizeof(struct deck_run) == sizeof(int64_t[3]), "shown as they are");
    struct shown_regions shown = {.count = deck->regions.count};
    shown.list = memory_zeroed(shown.count, sizeof *shown.list);
    for (int i = 0; i < shown.count; i++) {
        const struct deck_region *region = &deck_regions(deck)[i];
        shown.list[i] = (struct page_region){.name = region->name,
                                             .box = region_box(deck, i),
                                             .run_count = region->mask ? region->run_count : 0};
        if (region->mask)
            deck_region_runs(deck, region, &shown.runs);
    }
    const int64_t(*next)[3] = (const void *)shown.runs.data;
    for (int i = 0; i < shown.count; next += shown.list[i++].run_count)
        if (shown.list[i].run_count > 0)
            shown.list[i].runs = next;
    return shown;
}

void shown_regions_release(struct shown_regions *shown)
{
    free(shown->list);
    buffer_release(&shown->runs);
}
