#include "waker.h"

#include <time.h>

void waker_init(struct waker *waker)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waker->raised, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&waker->mutex, NULL);
    waker->is_raised = false;
}

void waker_release(struct waker *waker)
{
    pthread_cond_destroy(&waker->raised);
    pthread_mutex_destroy(&waker->mutex);
}

static struct timespec after_ms(int timeout_ms)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += timeout_ms / 1000;
    when.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (when.tv_nsec >= 1000000000L) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000L;
    }
    return when;
}

void waker_wait(struct waker *waker, int timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    pthread_mutex_lock(&waker->mutex);
    while (!waker->is_raised)
        if (pthread_cond_timedwait(&waker->raised, &waker->mutex, &until) != 0)
            break;
    waker->is_raised = false;
    pthread_mutex_unlock(&waker->mutex);
}

void waker_raise(struct waker *waker)
{
    pthread_mutex_lock(&waker->mutex);
    waker->is_raised = true;
    pthread_cond_signal(&waker->raised);
    pthread_mutex_unlock(&waker->mutex);
}
