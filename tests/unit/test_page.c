/* The page's server, asked over sockets by clients that are well behaved and by others. */
#include "page_client.h"

static struct page *open_page(const char *token)
{
    struct page_config config = config_of("127.0.0.1:0", token);
    return open_configured(&config);
}

static void every_path_answers_with_what_it_is_for(void)
{
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    await_rows(page, &said);
    CU_ASSERT_EQUAL(ask(page, "/healthz", "", &said), 200);
    CU_ASSERT_STRING_EQUAL(body_of(&said), "ok\n");
    CU_ASSERT_EQUAL(ask(page, "/", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "<!doctype html>"));
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)said.data, "default-src 'none'"));
    CU_ASSERT_EQUAL(ask(page, "/api/run", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"run_id\":\"a \\\"run\\\"\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(body_of(&said), "\"name\":\"core\",\"x0\":1,\"y0\":2,\"x1\":3,\"y1\":4}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"y1\":500,\"runs\":[0,0,2,1,1,3]}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"other\":null"));
    CU_ASSERT_EQUAL(ask(page, "/api/state", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"mean\":2.0,\"max\":3.0,\"level\":2}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"mean\":null,\"max\":null,\"level\":0}"));
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=4", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"t_max\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        body_of(&said), "\"regions\":[{\"min\":4.0,\"mean\":null,\"max\":0.0,\"level\":0},"));
    CU_ASSERT_EQUAL(ask(page, "/api/difference?row=4", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?of=difference", "", &said), 400);
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=3", "", &said), 503);
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=9", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/series?from=0&points=1", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"row\":[8]"));
    CU_ASSERT_EQUAL(ask(page, "/api/series?from=0&points=9", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"row\":[0,1,2,4,5,6,7,8]"));
    CU_ASSERT_EQUAL(ask(page, "/api/series?from=0&points=6", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"row\":[0,2,4,6,8]"));
    CU_ASSERT_EQUAL(ask(page, "/api/series?from=9", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"row\":[]"));
    CU_ASSERT_EQUAL(ask(page, "/metrics", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/openapi.json", "", &said), 200);
    buffer_release(&said);
    page_close(page);
}

static void parameters_out_of_range_are_refused(void)
{
    static const char *const paths[] = {
        "/api/picture?row=x",     "/api/picture?x0=-1",      "/api/picture?x1=701",
        "/api/picture?x0=5&x1=5", "/api/picture?stat=sum",   "/api/picture?y1=99999999999999999999",
        "/api/series?points=0",   "/api/series?points=2001", "/api/series?from=-1",
        "/api/cell?x=700&y=0",    "/api/cell?x=0&y=-1",      "/api/row?row=",
        "/api/row?row=1%202",     "/api/picture?x0=%00",     "/api/row?row=%2B1",
        "/api/row?row=NaN",       "/api/row?row=1e3",        "/api/cell?to=-9223372036854775808",
    };
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    await_rows(page, &said);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CU_ASSERT_EQUAL(ask(page, paths[i], "", &said), 400);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=-5", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=9223372036854775807", "", &said), 404);
    buffer_release(&said);
    page_close(page);
}

static void no_path_leads_to_a_file(void)
{
    static const char *const paths[] = {
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/page.html",
        "/api",
        "/api/",
        "/page.css/..",
        "/.",
        "/api/row/../../x",
        "/\\..\\..\\etc",
        "*",
    };
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int code = ask(page, paths[i], "", &said);
        CU_ASSERT(code == 404 || code == 400);
    }
    buffer_release(&said);
    page_close(page);
}

static int32_t int32_at(const char *at)
{
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void a_picture_has_every_cell_or_the_mean_of_many(void)
{
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    await_rows(page, &said);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=5&x0=100&y0=200&x1=103&y1=202", "", &said), 200);
    const char *body = body_of(&said);
    CU_ASSERT_EQUAL(memcmp(body, "HSV1", 4), 0);
    CU_ASSERT_EQUAL(int32_at(body + 4), 3);
    CU_ASSERT_EQUAL(int32_at(body + 8), 2);
    CU_ASSERT_EQUAL(int32_at(body + 12), 1);
    for (int i = 0; i < 6; i++) {
        float value;
        memcpy(&value, body + VIEW_HEADER + 4 * i, sizeof value);
        float expected = made_up(5, 100 + i % 3, 200 + i / 3);
        CU_ASSERT_EQUAL(memcmp(&value, &expected, sizeof value), 0);
    }
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=5", "", &said), 200);
    body = body_of(&said);
    CU_ASSERT_EQUAL(int32_at(body + 4), 350);
    CU_ASSERT_EQUAL(int32_at(body + 8), 250);
    CU_ASSERT_EQUAL(int32_at(body + 12), 2);
    double sum = ((double)made_up(5, 698, 498) + (double)made_up(5, 699, 498)) +
                 (double)made_up(5, 698, 499) + (double)made_up(5, 699, 499);
    float expected = (float)(sum / 4), last;
    memcpy(&last, body + VIEW_HEADER + 4 * (350 * 250 - 1), sizeof last);
    CU_ASSERT_EQUAL(memcmp(&last, &expected, sizeof last), 0);
    buffer_release(&said);
    page_close(page);
}

static void the_newest_state_is_pushed_and_the_last_word_heard(void)
{
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    int fd = dial(page);
    static const char request[] = "GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    CU_ASSERT_EQUAL(send(fd, request, sizeof request - 1, 0), (ssize_t)sizeof request - 1);
    listen_to(fd, "\"rows\":9", &said);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)said.data, "text/event-stream"));
    page_tell(page, &(struct page_state){.rows = 10, .phase = PAGE_RUNNING, .corrections = 1});
    page_tell(page, &(struct page_state){.rows = 11, .phase = PAGE_STOPPING});
    page_close(page);
    listen_to(fd, NULL, &said);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)said.data, "\"rows\":11"));
    close(fd);
    buffer_release(&said);
}

static void headers_without_end_are_cut_off(void)
{
    struct page *page = open_page(NULL);
    struct buffer said = {0}, request = {0};
    buffer_printf(&request, "GET / HTTP/1.1\r\nHost: localhost\r\n");
    while (request.size < 1 << 18)
        buffer_printf(&request, "X-Header-%zu: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
                      request.size);
    int code = ask_raw(page, (const char *)request.data, request.size, &said);
    CU_ASSERT(code == 0 || code == 431 || code == 413 || code == 414);
    buffer_clear(&request);
    buffer_printf(&request, "GET /");
    while (request.size < 1 << 18)
        buffer_printf(&request, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    code = ask_raw(page, (const char *)request.data, request.size, &said);
    CU_ASSERT(code == 0 || code == 431 || code == 413 || code == 414);
    CU_ASSERT_EQUAL(ask(page, "/healthz", "", &said), 200);
    buffer_release(&said);
    buffer_release(&request);
    page_close(page);
}

static void garbage_is_refused_and_harms_nobody(void)
{
    static const char *const requests[] = {
        "\r\n\r\nGET\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        ("GET /api/run HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
         "Connection: close\r\n\r\n"),
    };
    struct page *page = open_page(NULL);
    struct buffer said = {0};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int fd = dial(page), code = 0;
        buffer_clear(&said);
        CU_ASSERT(send(fd, requests[i], strlen(requests[i]), MSG_NOSIGNAL) > 0);
        shutdown(fd, SHUT_WR);
        listen_to(fd, NULL, &said);
        close(fd);
        sscanf((const char *)said.data, "HTTP/1.%*d %d", &code);
        CU_ASSERT(code == 0 || code >= 400);
    }
    unsigned seed = 12345;
    for (int i = 0; i < 300; i++) {
        char noise[200];
        for (size_t at = 0; at < sizeof noise; at++)
            noise[at] = (char)((seed = seed * 1664525U + 1013904223U) >> 24);
        int fd = dial(page);
        (void)!send(fd, noise, sizeof noise, MSG_NOSIGNAL);
        close(fd);
    }
    CU_ASSERT_EQUAL(ask(page, "/healthz", "", &said), 200);
    buffer_release(&said);
    page_close(page);
}

static void a_page_elsewhere_answers_only_to_its_token(void)
{
    struct page *page = open_page("0123456789abcdef");
    struct buffer said = {0};
    CU_ASSERT_EQUAL(ask(page, "/api/run", "", &said), 401);
    CU_ASSERT_EQUAL(ask(page, "/", "", &said), 401);
    CU_ASSERT_EQUAL(ask(page, "/healthz", "", &said), 200);
    CU_ASSERT_EQUAL(ask(page, "/api/run", "Authorization: Bearer 0123456789abcdef\r\n", &said),
                    200);
    CU_ASSERT_EQUAL(ask(page, "/?token=0123456789abcdef", "", &said), 303);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)said.data,
                                  "Set-Cookie: heatstream=0123456789abcdef; Path=/; HttpOnly; "
                                  "SameSite=Strict\r\n"));
    CU_ASSERT_EQUAL(ask(page, "/api/run", "Cookie: heatstream=0123456789abcdef\r\n", &said), 200);
    buffer_release(&said);
    page_close(page);
}

static void addresses_and_tokens_that_will_not_do_are_refused(void)
{
    struct error err;
    struct page *page = NULL, *other = open_page(NULL);
    struct page_config config = config_of("0.0.0.0:0", NULL);
    CU_ASSERT_EQUAL(page_open(&config, &page, &err), STATUS_BAD_DECK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "watch.token_file"));
    config = config_of("127.0.0.1", NULL);
    CU_ASSERT_EQUAL(page_open(&config, &page, &err), STATUS_BAD_DECK);
    config = config_of("0.0.0.0:0", "short");
    CU_ASSERT_EQUAL(page_open(&config, &page, &err), STATUS_BAD_DECK);
    config = config_of("0.0.0.0:0", "0123456789abcdef; Path=/");
    CU_ASSERT_EQUAL(page_open(&config, &page, &err), STATUS_BAD_DECK);
    char taken[64];
    snprintf(taken, sizeof taken, "%s", page_url(other) + strlen("http://"));
    taken[strlen(taken) - 1] = '\0';
    config = config_of(taken, NULL);
    CU_ASSERT_EQUAL(page_open(&config, &page, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, taken));
    page_close(other);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_path_answers_with_what_it_is_for),
        UNIT_TEST(parameters_out_of_range_are_refused),
        UNIT_TEST(no_path_leads_to_a_file),
        UNIT_TEST(a_picture_has_every_cell_or_the_mean_of_many),
        UNIT_TEST(the_newest_state_is_pushed_and_the_last_word_heard),
        UNIT_TEST(headers_without_end_are_cut_off),
        UNIT_TEST(garbage_is_refused_and_harms_nobody),
        UNIT_TEST(a_page_elsewhere_answers_only_to_its_token),
        UNIT_TEST(addresses_and_tokens_that_will_not_do_are_refused),
    };
    return unit_run("page", tests, UNIT_COUNT(tests));
}
