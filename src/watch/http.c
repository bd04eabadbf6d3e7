#include "watch/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "peers.h"
#include "reply.h"
#include "watch/guard.h"

enum { CONNECTIONS = 256, REQUEST_BYTES = 16384, NICE = 10, EVENT_CHUNK = 4096 };

/* What the kernel keeps of an answer: without a bound megabytes, in which events grow old. */
enum { SOCKET_BYTES = 64 << 10 };

/* A round of the server counts as so much at most for those that wait for it. */
static const double ROUND_S = 0.5;

/* A quiet stream says the same again now and then, so that proxies keep it and a browser that has
 * gone is noticed. */
static const double QUIET_S = 15.0;

/* How long the end of the server waits until it is known. */
static const double LAST_WORD_S = 0.5;

struct http {
    struct http_config config;
    struct guard guard;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    int wake_fd, epoll_fd;
    char url[300];
    struct peers peers;
    struct outbox outbox;
    double clock_s;      /* by which peers are slow */
    struct buffer event; /* the newest, as it goes over the wire */
    long event_number;   /* 0: none yet */
    double pushed_s;
};

const char *http_url(const struct http *http)
{
    return http->url;
}

int http_streams(const struct http *http)
{
    return http->peers.streams;
}

const char *http_parameter(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

void http_wake(struct http *http)
{
    uint64_t one = 1;
    (void)!write(http->wake_fd, &one, sizeof one);
}

static void wake_streams(struct http *http)
{
    for (struct peer *peer = http->peers.first; peer; peer = peer->next) {
        if (!peer->stream || !peer->asleep)
            continue;
        peer->asleep = false;
        peer->since_s = http->clock_s;
        MHD_resume_connection(peer->connection);
    }
}

static void announce_event(struct http *http)
{
    http->event_number++;
    http->pushed_s = monotonic_s();
    wake_streams(http);
}

void http_push(struct http *http, const char *event, size_t size)
{
    buffer_clear(&http->event);
    buffer_printf(&http->event, "data: ");
    buffer_append(&http->event, event, size);
    buffer_append(&http->event, "\n\n", 2);
    announce_event(http);
}

/* MHD asks for more of a stream: the rest of the event at hand, else the newest. */
static ssize_t more_of_stream(void *context, uint64_t position, char *out, size_t most)
{
    (void)position;
    struct peer *peer = ((void **)context)[0];
    struct http *http = ((void **)context)[1];
    if (peer->sent == peer->event.size) {
        if (peer->number == http->event_number) {
            peer->asleep = true;
            MHD_suspend_connection(peer->connection);
            return 0;
        }
        buffer_clear(&peer->event);
        buffer_append(&peer->event, http->event.data, http->event.size);
        peer->number = http->event_number;
        peer->sent = 0;
        peer->since_s = http->clock_s;
    }
    size_t left = peer->event.size - peer->sent, count = left < most ? left : most;
    memcpy(out, peer->event.data + peer->sent, count);
    peer->sent += count;
    return (ssize_t)count;
}

static enum MHD_Result answer_stream(struct http *http, struct MHD_Connection *connection,
                                     struct peer *peer)
{
    void **context = memory_block(2 * sizeof *context);
    context[0] = peer;
    context[1] = http;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, EVENT_CHUNK, more_of_stream, context, free);
    if (!response)
        return MHD_NO;
    http->peers.streams += !peer->stream;
    peer->stream = true;
    peer->connection = connection;
    peer->number = 0;
    reply_headers(response, "text/event-stream; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Called when the headers of a request are complete, then once more: what is answered at once would
 * cost the connection. A body is not read. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_size, void **state)
{
    (void)version, (void)body;
    struct http *http = context;
    struct peer *peer = peer_of(connection);
    if (!peer || *body_size > 0)
        return MHD_NO;
    if (!*state && guard_may_read(method)) {
        *state = peer;
        return MHD_YES;
    }
    peer->state = PEER_ANSWERED;
    peer->since_s = http->clock_s;
    struct guard_request asked = {
        .method = method,
        .path = path,
        .host = header_of(connection, "Host"),
        .origin = header_of(connection, "Origin"),
        .fetch_site = header_of(connection, "Sec-Fetch-Site"),
        .authorization = header_of(connection, "Authorization"),
        .cookie = header_of(connection, "Cookie"),
        .token = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "token"),
    };
    enum guard_verdict verdict = guard_judge(&http->guard, &asked);
    if (verdict != GUARD_PASS)
        return reply_refusal(&http->outbox, connection, verdict, http->config.token);
    struct http_request request = {.path = path, .connection = connection};
    struct http_answer answer = {.code = 404, .type = "text/plain; charset=utf-8"};
    http->config.answer(http->config.context, &request, &answer);
    if (answer.stream && strcmp(method, "HEAD") != 0)
        return answer_stream(http, connection, peer);
    return reply(&http->outbox, connection, &answer, NULL);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **peer,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const int room = SOCKET_BYTES;
        setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        *peer = peers_add(&http->peers, info->connect_fd, http->clock_s);
    } else {
        peers_remove(&http->peers, *peer);
        *peer = NULL;
    }
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)state, (void)code;
    struct http *http = context;
    struct peer *peer = peer_of(connection);
    if (!peer)
        return;
    http->peers.streams -= peer->stream;
    peer->stream = peer->asleep = false;
    peer->state = PEER_SENDS;
    peer->since_s = http->clock_s;
}

/* Nobody's complaint is worth a line of the run's log. */
static void ignore_log(void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void ignore_log(void *context, const char *format, va_list arguments)
{
    (void)context, (void)format, (void)arguments;
}

static void keep_streams_alive(struct http *http)
{
    if (http->event_number > 0 && monotonic_s() - http->pushed_s > QUIET_S)
        announce_event(http);
}

/* Waits until somebody has something to say, or it is time for the next tick. */
static void await_work(struct http *http, int tick_ms)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    uint64_t woken;
    struct pollfd fds[2] = {{.fd = http->epoll_fd, .events = POLLIN},
                            {.fd = http->wake_fd, .events = POLLIN}};
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES ||
        wait_ms > (MHD_UNSIGNED_LONG_LONG)tick_ms)
        wait_ms = (MHD_UNSIGNED_LONG_LONG)tick_ms;
    poll(fds, 2, (int)wait_ms);
    (void)!read(http->wake_fd, &woken, sizeof woken);
}

static bool all_have_heard(const struct http *http)
{
    for (const struct peer *peer = http->peers.first; peer; peer = peer->next)
        if (peer->stream && !(peer->asleep && peer->number == http->event_number))
            return false;
    return true;
}

/* A stream may still be at the event before; one that takes nothing is not waited for long. */
static void say_last_word(struct http *http)
{
    double began_s = monotonic_s();
    http->config.tick(http->config.context);
    do {
        MHD_run(http->daemon);
        if (all_have_heard(http))
            return;
        await_work(http, 5);
    } while (monotonic_s() - began_s < LAST_WORD_S);
}

static void *serve(void *context)
{
    struct http *http = context;
    int tick_ms = 0;
    double began_s = monotonic_s();
    setpriority(PRIO_PROCESS, 0, NICE); /* of this thread alone, which gives way to the solver */
    while (!atomic_load(&http->stop)) {
        await_work(http, tick_ms);
        tick_ms = http->config.tick(http->config.context);
        keep_streams_alive(http);
        MHD_run(http->daemon);
        double now_s = monotonic_s();
        http->clock_s += now_s - began_s < ROUND_S ? now_s - began_s : ROUND_S;
        began_s = now_s;
        peers_end_slow(&http->peers, http->clock_s);
    }
    say_last_word(http);
    return NULL;
}

static void set_url(struct http *http, const char *host, int port)
{
    snprintf(http->url, sizeof http->url, strchr(host, ':') ? "http://[%s]:%d/" : "http://%s:%d/",
             host, port);
}

static enum status start_daemon(struct http *http, const struct addrinfo *at, struct error *err)
{
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                         (at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0U);
    errno = 0;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
        MHD_OPTION_SOCK_ADDR, at->ai_addr, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!http->daemon)
        return error_set(err, STATUS_CANNOT_CREATE, "listening at %s: %s", http->config.listen,
                         errno ? strerror(errno) : "libmicrohttpd cannot");
    http->epoll_fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return STATUS_OK;
}

static enum status listen_at(struct http *http, struct error *err)
{
    char host[256], service[16];
    int port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    if (!guard_split_address(http->config.listen, host, sizeof host, &port))
        return error_set(err, STATUS_BAD_DECK, "listening at %s: must be HOST:PORT",
                         http->config.listen);
    snprintf(service, sizeof service, "%d", port);
    int failed = getaddrinfo(host, service, &hints, &found);
    if (failed)
        return error_set(err, STATUS_CANNOT_CREATE, "listening at %s: %s", http->config.listen,
                         gai_strerror(failed));
    enum status status = start_daemon(http, found, err);
    freeaddrinfo(found);
    TRY(status);
    set_url(http, host, MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    return STATUS_OK;
}

enum status http_open(const struct http_config *config, struct http **out, struct error *err)
{
    struct http *http = memory_zeroed(1, sizeof *http);
    http->config = *config;
    http->guard.token = config->token;
    http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum status status = http->wake_fd >= 0
                             ? listen_at(http, err)
                             : error_set(err, STATUS_BUG, "eventfd: %s", strerror(errno));
    if (status == STATUS_OK) {
        int failed = thread_start(&http->thread, serve, http);
        http->started = failed == 0;
        if (failed)
            status = error_set(err, STATUS_BUG, "starting the page's thread: %s", strerror(failed));
    }
    if (status != STATUS_OK)
        http_close(http);
    else
        *out = http;
    return status;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    atomic_store(&http->stop, true);
    http_wake(http);
    if (http->started)
        pthread_join(http->thread, NULL);
    wake_streams(http);
    peers_end_all(&http->peers);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    if (http->wake_fd >= 0)
        close(http->wake_fd);
    buffer_release(&http->event);
    free(http);
}
