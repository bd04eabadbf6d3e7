#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of NAME in "${NAME}", 0 when there is none. */
static size_t name_length(const char *reference)
{
    const char *name = reference + 2;
    size_t length = 0;
    while (isalnum((unsigned char)name[length]) || name[length] == '_')
        length++;
    bool good = length > 0 && length < 256 && !isdigit((unsigned char)name[0]);
    return good && name[length] == '}' ? length : 0;
}

/* Appends the value of one "${NAME}"; *length is that of the reference. */
static bool expand_reference(const char *reference, size_t *length, struct buffer *expanded,
                             char *reason, size_t reason_size)
{
    size_t digits = name_length(reference);
    if (digits == 0) {
        snprintf(reason, reason_size,
                 "`${` without a name and `}`; a literal `${` is written `$${`");
        return false;
    }
    char name[256];
    memcpy(name, reference + 2, digits);
    name[digits] = '\0';
    const char *value = getenv(name);
    if (!value) {
        snprintf(reason, reason_size, "the environment variable %s is not set", name);
        return false;
    }
    buffer_append(expanded, value, strlen(value));
    *length = digits + 3;
    return true;
}

bool text_expand(const char *text, struct buffer *expanded, char *reason, size_t reason_size)
{
    while (*text) {
        size_t length = 1;
        if (!strncmp(text, "$${", 3)) {
            buffer_append(expanded, "${", 2);
            length = 3;
        } else if (strncmp(text, "${", 2)) {
            buffer_append(expanded, text, 1);
        } else if (!expand_reference(text, &length, expanded, reason, reason_size)) {
            return false;
        }
        text += length;
    }
    buffer_append(expanded, "", 1);
    return true;
}

static int sequence_length(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

int text_decode(const char *text, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    int length = sequence_length(byte[0]);
    uint32_t value = length == 1 ? byte[0] : byte[0] & (0x7fU >> length);
    for (int i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (byte[i] & 0x3fU);
    }
    bool surrogate = value >= 0xd800 && value < 0xe000;
    if (length == 0 || value < least[length] || surrogate || value > 0x10ffff)
        return 0;
    *code = value;
    return length;
}

bool text_is_utf8(const char *text)
{
    while (*text) {
        uint32_t code;
        int length = text_decode(text, &code);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}
