#include "durations.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool whole_parse(const char *text, int64_t *value)
{
    size_t sign = *text == '-' || *text == '+';
    if (!isdigit((unsigned char)text[sign]) || text[sign + strspn(text + sign, "0123456789")])
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

/* Takes digits up to `end`, at most 6 of them, and steps over `end`. */
static bool take_part(const char **text, char end, int64_t *value)
{
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 6 || (*text)[digits] != end)
        return false;
    *value = strtoll(*text, NULL, 10);
    *text += digits + (end != '\0');
    return true;
}

bool duration_parse(const char *text, int64_t *seconds)
{
    int64_t days = 0, hours = 0, minutes, rest;
    bool has_days = strchr(text, '-') != NULL;
    bool has_hours = strchr(text, ':') != strrchr(text, ':');
    if (!strcmp(text, "UNLIMITED")) {
        *seconds = -1;
        return true;
    }
    if ((has_days && !take_part(&text, '-', &days)) ||
        (has_hours && !take_part(&text, ':', &hours)) || (has_days && !has_hours) ||
        !take_part(&text, ':', &minutes) || !take_part(&text, '\0', &rest))
        return false;
    if ((has_days && hours > 23) || (has_hours && minutes > 59) || rest > 59)
        return false;
    *seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest;
    return true;
}

bool offset_is_valid(const char *text)
{
    int64_t value;
    if (!strcmp(text, "beginning") || !strcmp(text, "end"))
        return true;
    if (!strncmp(text, "s@", 2))
        return isdigit((unsigned char)text[2]) && whole_parse(text + 2, &value);
    return *text != '+' && whole_parse(text, &value);
}
