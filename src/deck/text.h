/* Strings of a deck: ${NAME} and UTF-8. Internal to deck/. */
#ifndef HEATSTREAM_DECK_TEXT_H
#define HEATSTREAM_DECK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends `text` and a final 0, with ${NAME} replaced from the environment and $${ by ${. On
 * failure returns false and puts what is wrong, which never holds a value, into `reason`. */
bool text_expand(const char *text, struct buffer *expanded, char *reason, size_t reason_size);

/* Decodes one UTF-8 character that is valid in YAML text or an escape; 0 when it is not UTF-8. */
int text_decode(const char *text, uint32_t *code);
bool text_is_utf8(const char *text);

#endif
