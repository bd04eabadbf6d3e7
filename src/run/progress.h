/* Counters behind the progress line. */
#ifndef HEATSTREAM_RUN_PROGRESS_H
#define HEATSTREAM_RUN_PROGRESS_H

#include <stdint.h>

struct progress {
    double said_s, began_s;        /* stop_clock_s() of the last line and of the first step */
    int64_t windows, last_windows; /* stepped in this process: in all, and at the last line */
};

#endif
