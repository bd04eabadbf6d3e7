#include "waker.h"

#include "base/monotonic.h"

void waker_init(struct waker *waker)
{
    monotonic_condition(&waker->raised);
    pthread_mutex_init(&waker->mutex, NULL);
    waker->is_raised = false;
}

void waker_release(struct waker *waker)
{
    pthread_cond_destroy(&waker->raised);
    pthread_mutex_destroy(&waker->mutex);
}

void waker_wait(struct waker *waker, int timeout_ms)
{
    struct timespec until = monotonic_after_ms(timeout_ms);
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
