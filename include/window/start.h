/* Where event time begins when the deck does not say (time.t0: auto). */
#ifndef HEATSTREAM_WINDOW_START_H
#define HEATSTREAM_WINDOW_START_H

#include <stdint.h>

enum { START_SAMPLE = 101 };

/* The lower median of `count` (1..START_SAMPLE) times of the first good records of one partition,
 * minus the disorder bound, rounded down to a multiple of the window length. Sorts `times_ms` in
 * place. */
int64_t start_of_windows(int64_t *times_ms, int count, int64_t disorder_ms, int64_t window_ms);

#endif
