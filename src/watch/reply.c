#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "shared.h"

enum { OUTBOX_BYTES = 64 << 20, SMALL_BYTES = 64 << 10 };

void reply_headers(struct MHD_Response *response, const char *type)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

/* An answer on its way. */
struct sent {
    struct shared *shared;
    struct outbox *outbox;
};

static struct sent *send_off(struct shared *shared, struct outbox *outbox)
{
    struct sent *sent = memory_zeroed(1, sizeof *sent);
    *sent = (struct sent){shared, outbox};
    if (shared->answers++ == 0)
        outbox->waiting += shared->size;
    return sent;
}

static void on_taken(void *context)
{
    struct sent *sent = context;
    if (--sent->shared->answers == 0)
        sent->outbox->waiting -= sent->shared->size;
    shared_release(sent->shared);
    free(sent);
}

/* The bytes of an answer, or a word about them where too many wait. */
static struct shared *bytes_of(struct http_answer *answer, const struct outbox *outbox)
{
    static const char busy[] = "too much waits to be taken by others: ask again\n";
    struct shared *shared = answer->shared ? answer->shared : shared_create(&answer->body);
    bool large = shared->answers == 0 && shared->size > SMALL_BYTES;
    if (!large || outbox->waiting + shared->size <= OUTBOX_BYTES)
        return shared;
    shared_release(shared);
    buffer_append(&answer->body, busy, sizeof busy - 1);
    answer->code = MHD_HTTP_SERVICE_UNAVAILABLE;
    answer->type = "text/plain; charset=utf-8";
    return shared_create(&answer->body);
}

enum MHD_Result reply(struct outbox *outbox, struct MHD_Connection *connection,
                      struct http_answer *answer, const char *const headers[4])
{
    struct shared *bytes = bytes_of(answer, outbox);
    struct sent *sent = send_off(bytes, outbox);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        bytes->size, bytes->data, on_taken, sent);
    if (!response) {
        on_taken(sent);
        return MHD_NO;
    }
    reply_headers(response, answer->type);
    for (int i = 0; headers && i < 4 && headers[i]; i += 2)
        MHD_add_response_header(response, headers[i], headers[i + 1]);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned int)answer->code, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_refusal(struct outbox *outbox, struct MHD_Connection *connection,
                              enum guard_verdict verdict, const char *token)
{
    static const struct {
        int code;
        const char *text, *header, *value;
    } refusals[] = {
        [GUARD_SET_COOKIE] = {303, "", "Location", "/"},
        [GUARD_BAD_METHOD] = {405, "only GET and HEAD: nothing can be changed here\n", "Allow",
                              "GET, HEAD"},
        [GUARD_BAD_HOST] = {421, "this page answers to localhost only\n", NULL, NULL},
        [GUARD_FOREIGN] = {403, "not for pages of other sites\n", NULL, NULL},
        [GUARD_NO_TOKEN] = {401, "open /?token=TOKEN, or send Authorization: Bearer TOKEN\n",
                            "WWW-Authenticate", "Bearer"},
    };
    char cookie[400];
    const char *headers[4] = {refusals[verdict].header, refusals[verdict].value};
    struct http_answer answer = {.code = refusals[verdict].code,
                                 .type = "text/plain; charset=utf-8"};
    buffer_append(&answer.body, refusals[verdict].text, strlen(refusals[verdict].text));
    if (verdict == GUARD_SET_COOKIE) {
        snprintf(cookie, sizeof cookie, "heatstream=%s; Path=/; HttpOnly; SameSite=Strict", token);
        headers[2] = "Set-Cookie";
        headers[3] = cookie;
    }
    return reply(outbox, connection, &answer, headers);
}
