/* Answers of the server, with the headers that keep a browser from doing more with them. */
#ifndef HEATSTREAM_WATCH_REPLY_H
#define HEATSTREAM_WATCH_REPLY_H

#include <microhttpd.h>

#include "watch/guard.h"
#include "watch/http.h"

/* Bytes of answers that have not been taken yet; those that several send count once. */
struct outbox {
    size_t waiting;
};

void reply_headers(struct MHD_Response *response, const char *type);

/* Takes what the answer owns. `headers`: names and values in turn, up to a NULL; or NULL. */
enum MHD_Result reply(struct outbox *outbox, struct MHD_Connection *connection,
                      struct http_answer *answer, const char *const headers[4]);

/* What a verdict other than GUARD_PASS comes to. */
enum MHD_Result reply_refusal(struct outbox *outbox, struct MHD_Connection *connection,
                              enum guard_verdict verdict, const char *token);

#endif
