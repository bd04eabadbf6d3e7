#include "watch/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool guard_split_address(const char *address, char *host, size_t size, int *port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address)
        return false;
    size_t length = (size_t)(colon - address);
    bool bracketed = address[0] == '[' && colon[-1] == ']';
    if (!bracketed && strcspn(address, ":[]") != length)
        return false;
    if (bracketed) {
        address++;
        length -= 2;
    }
    size_t digits = strspn(colon + 1, "0123456789");
    if (length == 0 || length >= size || digits == 0 || digits > 5 || colon[1 + digits])
        return false;
    int number = atoi(colon + 1);
    if (number > 65535)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    *port = number;
    return true;
}

bool guard_is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return memcmp(&six, &in6addr_loopback, sizeof six) == 0;
    return strcasecmp(host, "localhost") == 0;
}

/* A browser that was led here by a foreign name says that name. */
static bool host_is_loopback(const char *header)
{
    char host[256], with_port[300];
    int port;
    if (!header)
        return false;
    if (guard_split_address(header, host, sizeof host, &port))
        return guard_is_loopback(host);
    if (strlen(header) > 255)
        return false;
    snprintf(with_port, sizeof with_port, "%s:0", header);
    return guard_split_address(with_port, host, sizeof host, &port) && guard_is_loopback(host);
}

/* The Origin that a page of ours has. */
static bool is_own_origin(const struct guard_request *request)
{
    const char *name = strstr(request->origin, "://");
    return name && request->host && strcasecmp(name + 3, request->host) == 0;
}

/* A link that somebody follows may lead to the page itself, and to nothing else. */
static bool is_foreign(const struct guard_request *request)
{
    const char *site = request->fetch_site;
    bool visits = strcmp(request->path, "/") == 0;
    if (request->origin && !is_own_origin(request))
        return true;
    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 && !visits;
}

/* In a time that does not depend on where they differ. */
static bool equal_in_constant_time(const char *given, size_t length, const char *token)
{
    unsigned char difference = length == strlen(token) ? 0 : 1;
    size_t wanted = strlen(token);
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(given[i] ^ token[wanted > 0 ? i % wanted : 0]);
    return difference == 0;
}

/* `name=value` among those of a Cookie header. */
static bool cookie_has(const char *cookies, const char *token)
{
    static const char name[] = "heatstream=";
    while (cookies && *cookies) {
        cookies += strspn(cookies, "; ");
        size_t length = strcspn(cookies, ";");
        size_t skip = sizeof name - 1;
        if (length > skip && strncmp(cookies, name, skip) == 0 &&
            equal_in_constant_time(cookies + skip, length - skip, token))
            return true;
        cookies += length;
    }
    return false;
}

static bool bearer_is(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    size_t skip = sizeof scheme - 1;
    return authorization && strncasecmp(authorization, scheme, skip) == 0 &&
           equal_in_constant_time(authorization + skip, strlen(authorization + skip), token);
}

static enum guard_verdict judge_token(const struct guard *guard,
                                      const struct guard_request *request)
{
    if (!guard->token || strcmp(request->path, "/healthz") == 0)
        return GUARD_PASS;
    if (bearer_is(request->authorization, guard->token) ||
        cookie_has(request->cookie, guard->token))
        return GUARD_PASS;
    bool given = request->token &&
                 equal_in_constant_time(request->token, strlen(request->token), guard->token);
    return given && strcmp(request->path, "/") == 0 ? GUARD_SET_COOKIE : GUARD_NO_TOKEN;
}

bool guard_may_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

enum guard_verdict guard_judge(const struct guard *guard, const struct guard_request *request)
{
    if (!guard_may_read(request->method))
        return GUARD_BAD_METHOD;
    if (!guard->token && !host_is_loopback(request->host))
        return GUARD_BAD_HOST;
    if (is_foreign(request))
        return GUARD_FOREIGN;
    return judge_token(guard, request);
}
