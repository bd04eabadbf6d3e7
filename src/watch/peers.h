/* The connections of the server, and how long each has been at what it does. On its thread only. */
#ifndef HEATSTREAM_WATCH_PEERS_H
#define HEATSTREAM_WATCH_PEERS_H

#include <stdbool.h>

#include "base/buffer.h"

enum peer_state {
    PEER_SENDS,   /* a request, or nothing yet */
    PEER_ANSWERED /* takes an answer */
};

/* One connection; `stream` parts mean something while it is one. */
struct peer {
    struct peer *next, *before;
    int fd;
    enum peer_state state;
    double since_s; /* in this state; of a stream: since the event at hand was begun */
    bool stream, asleep, doomed;
    void *connection;
    struct buffer event; /* being sent, from `sent` on */
    size_t sent;
    long number; /* of the event sent last */
};

struct peers {
    struct peer *first;
    int streams;
};

struct peer *peers_add(struct peers *peers, int fd, double now_s);
void peers_remove(struct peers *peers, struct peer *peer);

/* Ends the connections that have been at it for too long. */
void peers_end_slow(struct peers *peers, double now_s);

/* The same of all, for the end of the server. */
void peers_end_all(struct peers *peers);

#endif
