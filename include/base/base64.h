/* Base64 (RFC 4648). */
#ifndef HEATSTREAM_BASE_BASE64_H
#define HEATSTREAM_BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"

/* Appends the text with padding (section 4). */
void base64_append(struct buffer *text, const uint8_t *bytes, size_t size);

/* Appends the bytes of a text in the alphabet for URLs (section 5), without padding; false when it
 * is none. */
bool base64url_append(struct buffer *bytes, const char *text, size_t size);

#endif
