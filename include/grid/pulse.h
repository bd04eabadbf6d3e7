/* The sign that ranks still hear each other: each exchange between them that comes back is a beat.
 * A call into MPI over a network that is gone never does, nor fails; another thread can see that by
 * the beats that stay away (run/watchdog.h). */
#ifndef HEATSTREAM_GRID_PULSE_H
#define HEATSTREAM_GRID_PULSE_H

#include <stdatomic.h>
#include <stddef.h>

/* Written by the thread that calls MPI, read by any. */
struct pulse {
    atomic_ullong beats;
    _Atomic(const char *) waits_for; /* a literal, "the word of rank 0"; NULL: no exchange */
};

/* Around an exchange: what the other ranks are waited for, and that it came. */
static inline void pulse_wait(struct pulse *pulse, const char *what)
{
    atomic_store_explicit(&pulse->waits_for, what, memory_order_relaxed);
}

static inline void pulse_beat(struct pulse *pulse)
{
    unsigned long long beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    atomic_store_explicit(&pulse->beats, beats + 1, memory_order_relaxed);
    atomic_store_explicit(&pulse->waits_for, NULL, memory_order_relaxed);
}

#endif
