/* Time that only moves forward, whatever is done to the clock on the wall: for durations, deadlines
 * and waits. */
#ifndef HEATSTREAM_BASE_MONOTONIC_H
#define HEATSTREAM_BASE_MONOTONIC_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Since some moment that stays the same while the machine is up. */
double monotonic_s(void);
int64_t monotonic_ms(void);

/* The moment in so many nanoseconds from now, not negative, as the deadline of
 * pthread_cond_timedwait() on a condition of the kind below. */
struct timespec monotonic_after_ns(int64_t ns);
struct timespec monotonic_after_ms(int64_t ms);

/* A condition whose timed waits go by this clock. To be destroyed by the caller. */
void monotonic_condition(pthread_cond_t *condition);

#endif
