/* Who may ask the page for what. Pure: decides by the headers of a request alone.
 *
 * A page on the loopback interface may be asked by every program of the machine, and so by any
 * site that its browsers show; what keeps those out is that they must name themselves. A page
 * elsewhere needs the token. Nothing can be changed through either. */
#ifndef HEATSTREAM_WATCH_GUARD_H
#define HEATSTREAM_WATCH_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Strings are borrowed; `token` is NULL where the page listens on the loopback interface only. */
struct guard {
    const char *token;
};

/* Headers as they came; NULL: absent. */
struct guard_request {
    const char *method, *path, *host, *origin, *fetch_site, *authorization, *cookie;
    const char *token; /* the parameter ?token= */
};

enum guard_verdict {
    GUARD_PASS,
    GUARD_SET_COOKIE, /* the token came as a parameter: to be kept as a cookie, and out of sight */
    GUARD_BAD_METHOD, /* 405: neither GET nor HEAD */
    GUARD_BAD_HOST,   /* 421: a name of another site that leads here */
    GUARD_FOREIGN,    /* 403: asked for by a page of another site */
    GUARD_NO_TOKEN    /* 401 */
};

/* GET and HEAD. */
bool guard_may_read(const char *method);

/* /healthz needs no token: it says nothing but that somebody is there. */
enum guard_verdict guard_judge(const struct guard *guard, const struct guard_request *request);

/* HOST:PORT or [HOST]:PORT, the port from 0 to 65535, into its parts; false: it is not that. */
bool guard_split_address(const char *address, char *host, size_t size, int *port);

/* True for 127.x.x.x, ::1 and localhost. */
bool guard_is_loopback(const char *host);

#endif
