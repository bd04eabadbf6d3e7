#include "secrets.h"

#include <stdio.h>
#include <string.h>

#include "base/secret_file.h"
#include "deck/options.h"

static const char reference[] = "${file:";

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && !strcmp(text + length - tail, ending);
}

/* Wider than the names librdkafka has today: one misspelt, or new, is not shown either. */
bool deck_name_is_secret(const char *name)
{
    return strstr(name, "pass") || strstr(name, "secret") || !strncmp(name, "ssl.key.", 8) ||
           strstr(name, "private.key") || strstr(name, "credential") || ends_with(name, ".token") ||
           !strcmp(name, "sasl.oauthbearer.config");
}

/* scheme://user:password@host, and a token in the place of the user. */
static bool has_userinfo(const char *value)
{
    for (const char *at; (at = strstr(value, "://")); value = at + 3)
        if (at[3 + strcspn(at + 3, "@/?# ,")] == '@')
            return true;
    return false;
}

bool deck_value_is_secret(const char *value)
{
    return strstr(value, "PRIVATE KEY-----") || has_userinfo(value);
}

bool secret_is_file(const char *text)
{
    return !strncmp(text, reference, sizeof reference - 1);
}

static bool find_path(const char *text, const char *deck_path, char *path, size_t size)
{
    const char *name = text + sizeof reference - 1, *slash = strrchr(deck_path, '/');
    size_t length = strlen(name);
    if (length < 2 || name[length - 1] != '}')
        return false;
    int folder = slash && *name != '/' ? (int)(slash - deck_path) + 1 : 0;
    int written = snprintf(path, size, "%.*s%.*s", folder, deck_path, (int)(length - 1), name);
    return written > 0 && (size_t)written < size;
}

bool secret_read_file(const char *text, const char *deck_path, struct buffer *secret, char *reason)
{
    char path[4096];
    struct error err;
    if (!find_path(text, deck_path, path, sizeof path)) {
        snprintf(reason, SECRET_REASON_SIZE, "`${file:` without a path and `}` behind it");
        return false;
    }
    if (secret_file_read(path, secret, &err) != STATUS_OK) {
        snprintf(reason, SECRET_REASON_SIZE, "%.600s", err.text);
        return false;
    }
    return true;
}

/* librdkafka puts these into a line for the shell. */
static bool is_plain(const char *value)
{
    return value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "/@._-:")] == '\0';
}

bool secret_property_is_harmless(const char *name, const char *value)
{
    static const char loads[] = "plugin.library.paths|ssl.engine.location|ssl.engine.id|"
                                "ssl.providers|sasl.kerberos.kinit.cmd";
    static const char shell[] = "sasl.kerberos.principal|sasl.kerberos.keytab|"
                                "sasl.kerberos.service.name";
    if (deck_names_find(loads, name) >= 0 || !strncmp(name, "ut_", 3))
        return false;
    return deck_names_find(shell, name) < 0 || is_plain(value);
}
