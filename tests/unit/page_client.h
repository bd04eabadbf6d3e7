/* A page of made-up frames, and a client of its server: cell (x, y) of row r is r + x / 1000 +
 * y / 1000000; row 3 is always just being written. */
#ifndef HEATSTREAM_TESTS_PAGE_CLIENT_H
#define HEATSTREAM_TESTS_PAGE_CLIENT_H

#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"
#include "watch/page.h"
#include "watch/view.h"

enum { NX = 700, NY = 500, ROWS = 9, PATIENCE_MS = 60000 };

static inline float made_up(int64_t row, int64_t x, int64_t y)
{
    return (float)((double)row + (double)x / 1e3 + (double)y / 1e6);
}

static enum status get_row(void *context, int64_t row, struct watch_row *out, struct error *err)
{
    (void)context;
    if (row < 0 || row >= ROWS)
        return error_set(err, STATUS_NO_INPUT, "no row %lld", (long long)row);
    if (row == 3)
        return STATUS_RETRY;
    *out = (struct watch_row){.window = row, .revision = row % 2, .t_max = NAN, .final = true};
    return STATUS_OK;
}

static enum status get_cells(void *context, int64_t row, const struct watch_box *box, float *cells,
                             struct error *err)
{
    struct watch_row ignored;
    TRY(get_row(context, row, &ignored, err));
    for (int64_t y = box->y0; y < box->y1; y++)
        for (int64_t x = box->x0; x < box->x1; x++)
            *cells++ = made_up(row, x, y);
    return STATUS_OK;
}

static enum status get_readings(void *context, int64_t row, int count,
                                struct page_reading *readings, struct error *err)
{
    (void)context, (void)err;
    for (int i = 0; i < count; i++)
        readings[i] = (struct page_reading){.min = (double)row, .mean = NAN, .max = i, .level = i};
    return STATUS_OK;
}

static const struct watch_rows rows = {
    .row = get_row, .cells = get_cells, .readings = get_readings};

static const int64_t mask[][3] = {{0, 0, 2}, {1, 1, 3}};
static const struct page_region regions[] = {{.name = "core", .box = {1, 2, 3, 4}},
                                             {"\"", {0, 0, NX, NY}, mask, 2}};
static const struct page_reading readings[] = {{.min = 1, .mean = 2, .max = 3, .level = 2},
                                               {.min = NAN, .mean = NAN, .max = NAN}};

static inline struct page_config config_of(const char *listen, const char *token)
{
    return (struct page_config){.listen = listen,
                                .token = token,
                                .run_id = "a \"run\"",
                                .title = "</script>",
                                .gnx = NX,
                                .gny = NY,
                                .dx = 1,
                                .dy = 1,
                                .window_ms = 100,
                                .frames_every = 1,
                                .live = true,
                                .regions = regions,
                                .region_count = 2,
                                .rows = &rows};
}

static inline struct page *open_configured(const struct page_config *config)
{
    struct error err;
    struct page *page = NULL;
    CU_ASSERT_EQUAL_FATAL(page_open(config, &page, &err), STATUS_OK);
    page_tell(page, &(struct page_state){
                        .rows = ROWS, .waits_for = -1, .remaining_s = NAN, .readings = readings});
    return page;
}

static inline int dial(const struct page *page)
{
    int port = 0;
    CU_ASSERT_EQUAL(sscanf(page_url(page), "http://127.0.0.1:%d/", &port), 1);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Until the other end closes, or `until` has been said. With a final 0. */
static inline void listen_to(int fd, const char *until, struct buffer *said)
{
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        CU_ASSERT_EQUAL_FATAL(poll(&poll_fd, 1, PATIENCE_MS), 1);
        ssize_t got = recv(fd, buffer_reserve(said, 65536), 65535, 0);
        if (got <= 0)
            break;
        said->size += (size_t)got;
        said->data[said->size] = '\0';
        if (until && strstr((const char *)said->data, until))
            return;
    }
    buffer_put_u8(said, '\0');
    said->size--;
}

/* The status code, 0 when nothing was said; the answer in `said`. */
static inline int ask_raw(const struct page *page, const char *request, size_t size,
                          struct buffer *said)
{
    int fd = dial(page), code = 0;
    buffer_clear(said);
    (void)!send(fd, request, size, MSG_NOSIGNAL);
    listen_to(fd, NULL, said);
    close(fd);
    sscanf((const char *)said->data, "HTTP/1.%*d %d", &code);
    return code;
}

static inline int ask(const struct page *page, const char *path, const char *headers,
                      struct buffer *said)
{
    struct buffer request = {0};
    buffer_printf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n",
                  path, headers);
    int code = ask_raw(page, (const char *)request.data, request.size, said);
    buffer_release(&request);
    return code;
}

static inline const char *body_of(const struct buffer *said)
{
    const char *end = strstr((const char *)said->data, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* Until the server has heard what was told. */
static inline void await_rows(const struct page *page, struct buffer *said)
{
    do {
        CU_ASSERT_EQUAL_FATAL(ask(page, "/api/state", "", said), 200);
    } while (!strstr((const char *)said->data, "\"rows\":9"));
}

#endif
