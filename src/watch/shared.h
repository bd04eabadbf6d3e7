/* Bytes that several answers send at once, so that a picture for a hundred clients is there once.
 * For one thread. */
#ifndef HEATSTREAM_WATCH_SHARED_H
#define HEATSTREAM_WATCH_SHARED_H

#include "base/buffer.h"

/* `users` and `answers` are of this module and of reply.c. */
struct shared {
    uint8_t *data;
    size_t size;
    long users;   /* who still needs them */
    long answers; /* on their way, among these */
};

/* Takes the bytes over, and no more memory than they need. The caller is the first user. */
struct shared *shared_create(struct buffer *bytes);
struct shared *shared_use(struct shared *shared);
void shared_release(struct shared *shared); /* the last one frees it; accepts NULL */

#endif
