/* The colours of the page (page/colours.js), for terminals. Internal to watch/. */
#ifndef HEATSTREAM_WATCH_PALETTE_H
#define HEATSTREAM_WATCH_PALETTE_H

#include <stdint.h>

enum { PALETTE_STEPS = 256 };

/* sRGB, from cold to hot, in steps that are even for the eye. */
struct palette {
    uint8_t rgb[PALETTE_STEPS][3];
};

void palette_make(struct palette *palette);

/* The nearest of the 240 fixed colours of a terminal with 256: 16 .. 255. */
int palette_nearest(const uint8_t rgb[3]);

#endif
