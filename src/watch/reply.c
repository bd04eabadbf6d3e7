#include "reply.h"

#include <stdio.h>
#include <string.h>

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

enum MHD_Result reply(struct MHD_Connection *connection, struct http_answer *answer,
                      const char *const headers[4])
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.size, answer->body.data, MHD_RESPMEM_MUST_COPY);
    buffer_release(&answer->body);
    if (!response)
        return MHD_NO;
    reply_headers(response, answer->type);
    for (int i = 0; headers && i < 4 && headers[i]; i += 2)
        MHD_add_response_header(response, headers[i], headers[i + 1]);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned int)answer->code, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_refusal(struct MHD_Connection *connection, enum guard_verdict verdict,
                              const char *token)
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
    return reply(connection, &answer, headers);
}
