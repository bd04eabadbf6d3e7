/* A wait that another thread can end. */
#ifndef HEATSTREAM_INGEST_WAKER_H
#define HEATSTREAM_INGEST_WAKER_H

#include <pthread.h>
#include <stdbool.h>

struct waker {
    pthread_mutex_t mutex;
    pthread_cond_t raised;
    bool is_raised;
};

void waker_init(struct waker *waker);
void waker_release(struct waker *waker);

/* Returns when raised since the last wait, or after timeout_ms. */
void waker_wait(struct waker *waker, int timeout_ms);
void waker_raise(struct waker *waker);

#endif
