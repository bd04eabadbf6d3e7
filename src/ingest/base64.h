/* Base64 with padding (RFC 4648, section 4). */
#ifndef HEATSTREAM_INGEST_BASE64_H
#define HEATSTREAM_INGEST_BASE64_H

#include "base/buffer.h"

void base64_append(struct buffer *text, const uint8_t *bytes, size_t size);

#endif
