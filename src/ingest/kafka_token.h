/* Bearer tokens for SASL OAUTHBEARER (RFC 7628), from a file or a command. */
#ifndef HEATSTREAM_INGEST_KAFKA_TOKEN_H
#define HEATSTREAM_INGEST_KAFKA_TOKEN_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

struct kafka_token {
    char *text;
    int64_t expires_ms;  /* since 1970 */
    char principal[160]; /* the claim `sub`; "of an unknown subject" where there is none */
};

/* Where tokens come from: one of the two is NULL. */
struct kafka_token_source {
    char *file, *command;
};

/* The next token. A JSON Web Token (RFC 7519) says itself until when it is good; any other is taken
 * to be good for five minutes. STATUS_REFUSED with a text that never holds the token. `abandon`
 * ends the wait for a command early. From any thread. */
enum status kafka_token_get(const struct kafka_token_source *source, const atomic_bool *abandon,
                            struct kafka_token *token, struct error *err) MUST_CHECK;
void kafka_token_release(struct kafka_token *token);

/* Runs `command` with /bin/sh and appends what it writes to its standard output, as
 * secret_file_read() does. STATUS_REFUSED when it fails, or has not ended within 20 s: then it is
 * killed with all that it has started. */
enum status kafka_token_command(const char *command, const atomic_bool *abandon,
                                struct buffer *output, struct error *err) MUST_CHECK;

#endif
