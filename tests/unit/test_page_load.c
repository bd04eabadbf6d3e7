/* Clients that ask for more than they take, many at a time: what the page keeps for them has a
 * bound, and others are served meanwhile. */
#include "base/monotonic.h"
#include "page_client.h"

enum { CLIENTS = 200, MOST_KEPT = 64, LARGE_PIXELS = 512, HEARD_WITHIN_S = 60 };

static struct page *open_page(void)
{
    struct page_config config = config_of("127.0.0.1:0", NULL);
    return open_configured(&config);
}

/* Asks for LARGE_PIXELS columns of a row, about a megabyte, and takes the beginning of the answer
 * only. */
static int ask_and_leave(const struct page *page, int row, int x0, struct buffer *said)
{
    int fd = dial(page);
    struct buffer request = {0};
    const int little = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    buffer_printf(&request,
                  "GET /api/picture?row=%d&x0=%d&x1=%d HTTP/1.1\r\nHost: localhost\r\n\r\n", row,
                  x0, x0 + LARGE_PIXELS);
    CU_ASSERT_EQUAL(send(fd, request.data, request.size, MSG_NOSIGNAL), (ssize_t)request.size);
    buffer_release(&request);
    buffer_clear(said);
    listen_to(fd, "\r\n\r\n", said);
    return fd;
}

static bool is_served(const struct buffer *said)
{
    return strncmp((const char *)said->data, "HTTP/1.1 200", 12) == 0;
}

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static void what_nobody_takes_has_a_bound_and_is_forgotten_with_its_client(void)
{
    struct page *page = open_page();
    struct buffer said = {0};
    int fds[CLIENTS], served = 0;
    await_rows(page, &said);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = ask_and_leave(page, 4 + i % 4, i / 4, &said);
        served += is_served(&said);
    }
    CU_ASSERT(served > MOST_KEPT / 2 && served <= MOST_KEPT + 4);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=8&x0=100&x1=612", "", &said), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "ask again"));
    CU_ASSERT_EQUAL(ask(page, "/api/state", "", &said), 200);
    CU_ASSERT_EQUAL(ask(page, "/", "", &said), 200);
    close_all(fds, CLIENTS);
    double until_s = monotonic_s() + HEARD_WITHIN_S;
    while (ask(page, "/api/picture?row=8&x0=101&x1=613", "", &said) == 503 &&
           monotonic_s() < until_s)
        ; /* until the server has heard of it */
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)said.data, "HTTP/1.1 200"));
    buffer_release(&said);
    page_close(page);
}

static void one_picture_for_many_clients_is_there_once(void)
{
    struct page *page = open_page();
    struct buffer said = {0};
    int fds[CLIENTS], served = 0;
    await_rows(page, &said);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = ask_and_leave(page, 5, 7, &said);
        served += is_served(&said);
    }
    CU_ASSERT_EQUAL(served, CLIENTS);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=8&x0=100&x1=612", "", &said), 200);
    close_all(fds, CLIENTS);
    buffer_release(&said);
    page_close(page);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_nobody_takes_has_a_bound_and_is_forgotten_with_its_client),
        UNIT_TEST(one_picture_for_many_clients_is_there_once),
    };
    return unit_run("page_load", tests, UNIT_COUNT(tests));
}
