#include "kafka_token.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/secret_file.h"

enum { UNKNOWN_LIFE_MS = 300000, LEAST_LIFE_MS = 5000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The claims of a JSON Web Token, the second of three parts; NULL for any other token. */
static json_t *read_claims(const char *text)
{
    const char *begin = strchr(text, '.'), *end = begin ? strchr(begin + 1, '.') : NULL;
    struct buffer claims = {0};
    if (!end || strchr(end + 1, '.') ||
        !base64url_append(&claims, begin + 1, (size_t)(end - begin - 1))) {
        buffer_release(&claims);
        return NULL;
    }
    json_t *read = json_loadb((const char *)claims.data, claims.size, 0, NULL);
    buffer_release(&claims);
    return read;
}

static void describe(struct kafka_token *token)
{
    json_t *claims = read_claims(token->text);
    const json_t *expires = json_object_get(claims, "exp");
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    double expires_s = json_number_value(expires);
    bool known = json_is_number(expires) && expires_s > 0 && expires_s < 1e12;
    token->expires_ms = known ? (int64_t)(expires_s * 1000) : now_ms() + UNKNOWN_LIFE_MS;
    snprintf(token->principal, sizeof token->principal, "%s",
             subject && *subject ? subject : "of an unknown subject");
    json_decref(claims);
}

static enum status check(const struct kafka_token *token, const char *source, struct error *err)
{
    /* RFC 6750, section 2.1 */
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-._~+/=";
    if (token->text[strspn(token->text, good)] != '\0')
        return error_set(err, STATUS_REFUSED, "%s gives more, or else, than a token", source);
    int64_t left_ms = token->expires_ms - now_ms();
    if (left_ms < 0)
        return error_set(err, STATUS_REFUSED,
                         "%s gives a token of %s that expired %lld s ago: put a new one there",
                         source, token->principal, (long long)-left_ms / 1000);
    if (left_ms < LEAST_LIFE_MS)
        return error_set(err, STATUS_REFUSED,
                         "%s gives a token of %s that expires in %lld ms, which is too soon to use",
                         source, token->principal, (long long)left_ms);
    return STATUS_OK;
}

enum status kafka_token_get(const struct kafka_token_source *source, const atomic_bool *abandon,
                            struct kafka_token *token, struct error *err)
{
    struct buffer text = {0};
    const char *name = source->file ? source->file : "stream.oauth_token_command";
    enum status status = source->file ? secret_file_read(source->file, &text, err)
                                      : kafka_token_command(source->command, abandon, &text, err);
    if (status != STATUS_OK) {
        buffer_release(&text);
        return error_set(err, STATUS_REFUSED, "%s", err->text);
    }
    struct kafka_token read = {.text = (char *)text.data};
    describe(&read);
    status = check(&read, name, err);
    if (status == STATUS_OK)
        *token = read;
    else
        kafka_token_release(&read);
    return status;
}

void kafka_token_release(struct kafka_token *token)
{
    free(token->text);
    token->text = NULL;
}
