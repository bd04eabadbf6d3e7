/* What must hold of a request to the page, whatever it is: "METHOD /path?a=1&b=2", then a header a
 * line. */
#ifndef HEATSTREAM_TESTS_FUZZ_PAGE_CHECKS_H
#define HEATSTREAM_TESTS_FUZZ_PAGE_CHECKS_H

#include <stdio.h>
#include <strings.h>

#include "../../src/watch/query.h"
#include "checks.h"
#include "watch/guard.h"

enum { CHECK_FIELDS = 32 };

struct check_field {
    const char *name, *value;
};

struct check_request {
    struct check_field parameters[CHECK_FIELDS], headers[CHECK_FIELDS];
    int parameter_count, header_count;
    const char *method, *path;
};

/* Cuts the text at the first of these letters; what follows it, or the end. */
static inline char *check_cut(char *text, const char *letters)
{
    char *end = text + strcspn(text, letters);
    if (*end)
        *end++ = '\0';
    return end;
}

static inline void check_add(struct check_field *fields, int *count, char *text,
                             const char *between)
{
    const char *value = check_cut(text, between);
    if (*count < CHECK_FIELDS)
        fields[(*count)++] = (struct check_field){text, value};
}

static inline struct check_request check_split(char *text)
{
    struct check_request request = {.method = text};
    char *line = check_cut(text, "\n");
    char *path = check_cut(text, " "), *parameter = check_cut(path, "?");
    request.path = path;
    while (*parameter) {
        char *next = check_cut(parameter, "&");
        check_add(request.parameters, &request.parameter_count, parameter, "=");
        parameter = next;
    }
    while (*line) {
        char *next = check_cut(line, "\n");
        check_add(request.headers, &request.header_count, line, ":");
        line = next;
    }
    return request;
}

static inline const char *check_parameter(const void *context, const char *name)
{
    const struct check_request *request = context;
    for (int i = 0; i < request->parameter_count; i++)
        if (strcmp(request->parameters[i].name, name) == 0)
            return request->parameters[i].value;
    return NULL;
}

static inline const char *check_header(const struct check_request *request, const char *name)
{
    for (int i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value + strspn(request->headers[i].value, " ");
    return NULL;
}

/* What is asked of the frames: rows that there are, each once, rising. */
struct check_asked {
    int64_t rows, last, count;
};

static inline enum status check_row(void *context, int64_t row, struct watch_row *out,
                                    struct error *err)
{
    struct check_asked *asked = context;
    (void)err;
    check_that(row > asked->last && row < asked->rows);
    asked->last = row;
    asked->count++;
    *out = (struct watch_row){.window = row};
    return STATUS_OK;
}

static inline enum status check_cells(void *context, int64_t row, const struct watch_box *box,
                                      float *cells, struct error *err)
{
    struct watch_row ignored;
    check_that(box->x1 == box->x0 + 1 && box->y1 == box->y0 + 1);
    *cells = 0;
    return check_row(context, row, &ignored, err);
}

static inline void check_range(const struct query *query)
{
    struct tell_range range;
    struct buffer json = {0};
    int64_t x, y;
    if (!query_range(query, &range) || !query_cell(query, &x, &y))
        return;
    check_that(query->first_row <= range.first && range.last < query->rows && range.points > 0 &&
               range.points <= QUERY_MOST_POINTS);
    check_that(0 <= x && x < query->gnx && 0 <= y && y < query->gny);
    struct check_asked asked = {.rows = query->rows, .last = -1};
    const struct watch_rows rows = {.context = &asked, .row = check_row, .cells = check_cells};
    tell_cell(&rows, &range, x, y, &json);
    check_that(asked.count <= range.points);
    check_that(range.first > range.last ? asked.count == 0 : asked.last == range.last);
    buffer_release(&json);
}

static inline void check_query(const struct check_request *request, int64_t gnx, int64_t gny,
                               int64_t first_row, int64_t rows)
{
    struct view view;
    struct query query = {.parameter = check_parameter,
                          .context = request,
                          .gnx = gnx,
                          .gny = gny,
                          .first_row = first_row,
                          .rows = rows};
    if (query_view(&query, &view)) {
        const struct watch_box *box = &view.box;
        int64_t scale = view_scale(box);
        check_that(0 <= box->x0 && box->x0 < box->x1 && box->x1 <= gnx);
        check_that(0 <= box->y0 && box->y0 < box->y1 && box->y1 <= gny);
        check_that((box->x1 - box->x0 + scale - 1) / scale <= VIEW_PIXELS);
        check_that((box->y1 - box->y0 + scale - 1) / scale <= VIEW_PIXELS);
        check_that(view.stat >= VIEW_MEAN && view.stat <= VIEW_MAX);
    }
    check_range(&query);
}

static inline bool check_says(const char *text, const char *token)
{
    return text && strstr(text, token);
}

/* Nobody passes but who reads and says where it is, or the token. */
static inline void check_guard(const struct check_request *request, const char *token)
{
    const struct guard guard = {token};
    const struct guard_request asked = {.method = request->method,
                                        .path = request->path,
                                        .host = check_header(request, "Host"),
                                        .origin = check_header(request, "Origin"),
                                        .fetch_site = check_header(request, "Sec-Fetch-Site"),
                                        .authorization = check_header(request, "Authorization"),
                                        .cookie = check_header(request, "Cookie"),
                                        .token = check_parameter(request, "token")};
    enum guard_verdict verdict = guard_judge(&guard, &asked);
    check_that(verdict <= GUARD_NO_TOKEN);
    if (verdict == GUARD_PASS || verdict == GUARD_SET_COOKIE)
        check_that(strcmp(asked.method, "GET") == 0 || strcmp(asked.method, "HEAD") == 0);
    if (verdict == GUARD_PASS && !token)
        check_that(check_says(asked.host, "127.") || check_says(asked.host, "::1") ||
                   check_says(asked.host, "0:1") ||
                   (asked.host && strncasecmp(asked.host, "localhost", 9) == 0));
    if (verdict == GUARD_PASS && token)
        check_that(strcmp(asked.path, "/healthz") == 0 || check_says(asked.authorization, token) ||
                   check_says(asked.cookie, token));
    if (verdict == GUARD_SET_COOKIE)
        check_that(token && strcmp(asked.token, token) == 0 && strcmp(asked.path, "/") == 0);
}

static inline void check_page(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    check_that(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    struct check_request request = check_split(text);
    check_query(&request, 1, 1, 0, 0);
    check_query(&request, 700, 500, 3, 9);
    check_query(&request, INT64_C(1) << 40, INT64_C(1) << 40, 0, INT64_MAX);
    check_guard(&request, NULL);
    check_guard(&request, "0123456789abcdef");
    free(text);
}

#endif
