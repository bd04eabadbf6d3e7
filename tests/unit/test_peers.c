/* How long a client of the page may take: by a clock that the test sets. */
#include "../../src/watch/peers.h"

#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

/* Whether the connection of a pair has been ended. */
static bool is_over(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void connections_that_take_too_long_are_ended_and_no_others(void)
{
    int asks[2], takes[2], hears[2];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, asks), 0);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, takes), 0);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, hears), 0);
    struct peers peers = {0};
    struct peer *asking = peers_add(&peers, asks[0], 100.0);
    struct peer *taking = peers_add(&peers, takes[0], 100.0);
    struct peer *hearing = peers_add(&peers, hears[0], 100.0);
    taking->state = hearing->state = PEER_ANSWERED;
    hearing->stream = hearing->asleep = true;
    peers.streams = 1;
    peers_end_slow(&peers, 109.9);
    CU_ASSERT(!is_over(asks[1]) && !is_over(takes[1]) && !is_over(hears[1]));
    peers_end_slow(&peers, 110.1);
    CU_ASSERT(is_over(asks[1]) && !is_over(takes[1]) && !is_over(hears[1]));
    peers_end_slow(&peers, 130.1);
    CU_ASSERT(is_over(takes[1]) && !is_over(hears[1]));
    peers_end_slow(&peers, 1e9); /* who waits for news may wait for ever */
    CU_ASSERT_FALSE(is_over(hears[1]));
    hearing->asleep = false; /* who does not take them may not */
    hearing->since_s = 1e9;
    peers_end_slow(&peers, 1e9 + 10.1);
    CU_ASSERT(is_over(hears[1]));
    peers_remove(&peers, taking);
    peers_remove(&peers, asking);
    peers_remove(&peers, hearing);
    CU_ASSERT_PTR_NULL(peers.first);
    CU_ASSERT_EQUAL(peers.streams, 0);
    for (int i = 0; i < 2; i++) {
        close(asks[i]);
        close(takes[i]);
        close(hears[i]);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(connections_that_take_too_long_are_ended_and_no_others),
    };
    return unit_run("peers", tests, UNIT_COUNT(tests));
}
