/* When records leave: an absolute schedule at n times real time, so that no delay adds up. */
#ifndef HEATSTREAM_INGEST_PACE_H
#define HEATSTREAM_INGEST_PACE_H

#include <stdint.h>

#include "base/status.h"
#include "ingest/sink.h"

/* A clock that only moves forward, and a wait for a moment of it. */
struct pace_clock {
    int64_t (*now_ns)(void *self);
    void (*wait_until_ns)(void *self, int64_t moment_ns); /* returns then or later */
    void *self;
};

/* The machine's. */
struct pace_clock pace_clock_monotonic(void);

struct pace {
    struct pace_clock clock;
    double times;      /* real time; 0: as fast as possible */
    int64_t begin_ns;  /* written by pace_begin(), as is the next */
    double reached_ms; /* what is due up to here has been waited for */
};

struct pace pace_begin(struct pace_clock clock, double times);

/* How long from now on until what comes `elapsed_ms` of event time after the start is due; 0: it
 * is. */
double pace_delay_s(const struct pace *pace, double elapsed_ms);

/* Waits until then; what has been put into the sink is pushed before. What comes before something
 * that has been waited for is due at once. */
enum status pace_wait(struct pace *pace, double elapsed_ms, struct sink *sink,
                      struct error *err) MUST_CHECK;

double pace_spent_s(const struct pace *pace); /* since the start, by the clock */

#endif
