#include "peers.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"

static const double REQUEST_S = 10.0, ANSWER_S = 30.0, EVENT_S = 10.0;

struct peer *peers_add(struct peers *peers, int fd, double now_s)
{
    struct peer *peer = memory_zeroed(1, sizeof *peer);
    peer->fd = fd;
    peer->since_s = now_s;
    peer->next = peers->first;
    if (peers->first)
        peers->first->before = peer;
    peers->first = peer;
    return peer;
}

void peers_remove(struct peers *peers, struct peer *peer)
{
    if (peer->before)
        peer->before->next = peer->next;
    else
        peers->first = peer->next;
    if (peer->next)
        peer->next->before = peer->before;
    peers->streams -= peer->stream;
    buffer_release(&peer->event);
    free(peer);
}

static double limit_of(const struct peer *peer)
{
    if (peer->stream)
        return EVENT_S;
    return peer->state == PEER_SENDS ? REQUEST_S : ANSWER_S;
}

/* libmicrohttpd notices by itself that the connection has ended, and removes it. */
static void end(struct peer *peer)
{
    peer->doomed = true;
    shutdown(peer->fd, SHUT_RDWR);
}

void peers_end_slow(struct peers *peers, double now_s)
{
    for (struct peer *peer = peers->first; peer; peer = peer->next)
        if (!peer->doomed && !peer->asleep && now_s - peer->since_s > limit_of(peer))
            end(peer);
}

void peers_end_all(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer; peer = peer->next)
        end(peer);
}
