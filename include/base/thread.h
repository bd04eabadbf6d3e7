/* Threads that leave signals to the main thread, which alone acts on them. */
#ifndef HEATSTREAM_BASE_THREAD_H
#define HEATSTREAM_BASE_THREAD_H

#include <pthread.h>

/* Starts main(context) with all signals blocked; the caller's own mask stays. 0, or the errno of
 * pthread_create(). To be joined by the caller. */
int thread_start(pthread_t *thread, void *(*main)(void *), void *context);

/* What the calling thread has used of its processor, in seconds. */
double thread_spent_s(void);

#endif
