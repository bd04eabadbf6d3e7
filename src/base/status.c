#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
    char text[sizeof err->text]; /* an argument may point into err->text */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(err->text, text, sizeof text);
    return status;
}

enum status error_prefix(struct error *err, enum status status, const char *format, ...)
{
    char prefix[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    return error_set(err, status, "%s: %s", prefix, err->text);
}

int status_exit_code(enum status status)
{
    static const int code[STATUS_COUNT] = {
        [STATUS_OK] = 0,        [STATUS_RETRY] = 70,    [STATUS_USAGE] = 64,
        [STATUS_BAD_DATA] = 65, [STATUS_NO_INPUT] = 66, [STATUS_UNREACHABLE] = 69,
        [STATUS_BUG] = 70,      [STATUS_NUMERIC] = 71,  [STATUS_CANNOT_CREATE] = 73,
        [STATUS_IO] = 74,       [STATUS_STOPPED] = 75,  [STATUS_LOST] = 76,
        [STATUS_REFUSED] = 77,  [STATUS_BAD_DECK] = 78,
    };
    assert(status >= 0 && status < STATUS_COUNT);
    return code[status];
}
