/* The regions of a deck as the page draws them. */
#ifndef HEATSTREAM_RUN_SHOWN_REGIONS_H
#define HEATSTREAM_RUN_SHOWN_REGIONS_H

#include "base/buffer.h"
#include "deck/deck.h"
#include "watch/page.h"

/* The smallest box that holds all cells of a region. */
struct watch_box region_box(const struct deck *deck, int region);

/* Owned; names are the deck's. */
struct shown_regions {
    struct page_region *list;
    int count;
    struct buffer runs; /* of those that are masks */
};

struct shown_regions shown_regions_create(const struct deck *deck);
void shown_regions_release(struct shown_regions *shown);

#endif
