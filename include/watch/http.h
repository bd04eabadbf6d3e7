/* A small read-only HTTP/1.1 server on libmicrohttpd: one thread, a bounded number of connections
 * with bounded memory and time each, whoever is at their other end.
 *
 *     connections at a time 256 · headers of a request 16 KiB · until they are complete 10 s
 *     until an answer is taken 30 s · until a push is taken 10 s · bodies of requests: none
 *     answers that wait to be taken 64 MiB, then large ones come to 503 for a while
 *
 * A connection that takes longer is closed; time that the server itself takes does not count. */
#ifndef HEATSTREAM_WATCH_HTTP_H
#define HEATSTREAM_WATCH_HTTP_H

#include "base/buffer.h"
#include "base/status.h"

struct http;
struct shared;

/* Valid while it is answered. */
struct http_request {
    const char *path; /* without parameters, %-escapes resolved */
    void *connection;
};

/* A parameter of the request, %-escapes resolved; NULL when it has none of that name. */
const char *http_parameter(const struct http_request *request, const char *name);

/* Filled by the handler; zeroed before. `body` is taken over, or `shared` in its place, which other
 * answers may send, too. */
struct http_answer {
    int code; /* 200, 404, … */
    const char *type;
    struct buffer body;
    struct shared *shared;
    bool stream; /* server-sent events: what http_push() gives, from the newest on */
};

struct http_config {
    const char *listen; /* HOST:PORT; port 0: any */
    const char *token;  /* NULL on the loopback interface */
    void (*answer)(void *context, const struct http_request *request, struct http_answer *answer);
    int (*tick)(void *context); /* after http_wake(), else after as many ms as it returns */
    void *context;
};

/* Starts the thread, which calls `answer` and `tick`. Strings are borrowed until http_close().
 * STATUS_CANNOT_CREATE: the address cannot be listened at. */
enum status http_open(const struct http_config *config, struct http **http,
                      struct error *err) MUST_CHECK;
void http_close(struct http *http); /* accepts NULL */

/* "http://127.0.0.1:8080/" */
const char *http_url(const struct http *http);

/* Any thread, without waiting: tick is to be called soon. */
void http_wake(struct http *http);

/* Within answer and tick: one event, text without its end, for every stream. One that is too slow
 * for it gets the next one in its place. */
void http_push(struct http *http, const char *event, size_t size);

/* Within answer and tick: the number of streams. */
int http_streams(const struct http *http);

#endif
