#include "base/mdoc.h"

#include <stdbool.h>

static void put(char c, struct buffer *text)
{
    if (c == '\\')
        buffer_printf(text, "\\e");
    else if (c == '-')
        buffer_printf(text, "\\-");
    else if (c == '"')
        buffer_printf(text, "\\(dq");
    else
        buffer_put_u8(text, (uint8_t)c);
}

/* A full stop in front of the space, and behind it what may begin a sentence. */
static bool ends_sentence(const char *space, const char *words)
{
    return space > words && space[-1] == '.' &&
           (space[1] == '`' || (space[1] >= 'A' && space[1] <= 'Z'));
}

void mdoc_text(const char *words, struct buffer *text)
{
    bool literal = false, line_begins = true;
    for (const char *c = words; *c; c++) {
        if (line_begins && (*c == '.' || *c == '\''))
            buffer_printf(text, "\\&");
        line_begins = *c == ' ' && ends_sentence(c, words);
        if (line_begins)
            buffer_printf(text, "\n");
        else if (*c == '`')
            buffer_printf(text, "%s", (literal = !literal) ? "\\fB" : "\\fR");
        else
            put(*c, text);
    }
    buffer_printf(text, "\n");
}

void mdoc_argument(const char *words, struct buffer *text)
{
    buffer_put_u8(text, '"');
    for (; *words; words++)
        put(*words, text);
    buffer_put_u8(text, '"');
}
