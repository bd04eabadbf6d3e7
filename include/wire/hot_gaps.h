/* From one hot cell of a column to the next: below a small probability the gaps between them are
 * found, not each cell asked. The gap behind a cell has a geometric distribution and is a function
 * of that cell's key, so in a column each hot cell is found from the one before it, and columns do
 * not depend on each other: several are followed abreast. */
#ifndef HEATSTREAM_WIRE_HOT_GAPS_H
#define HEATSTREAM_WIRE_HOT_GAPS_H

#include <stdbool.h>
#include <stdint.h>

/* Vectors of eight twice over: one waits for itself at each step of a gap. */
enum { HOT_GAPS_ABREAST = 16 };

struct hot_gaps {
    uint64_t step_key;
    int64_t first; /* column */
    int64_t ny;
    double scale; /* 1 / log(1 - probability) */
};

/* Makes of y[i], a row of column first + i or -1, the next hot one, or ny when there is none or it
 * was ny before. True when some are below ny. */
typedef bool hot_gaps_follow(const struct hot_gaps *gaps, int64_t y[HOT_GAPS_ABREAST]);

/* The ways this processor knows, the widest first; NULL behind the last. All give the same rows. */
hot_gaps_follow *hot_gaps_way(int position);

#endif
