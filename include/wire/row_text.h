/* Rows as events on the wire: the texts of the file wherever the form has texts, so that no digit
 * is lost. */
#ifndef HEATSTREAM_WIRE_ROW_TEXT_H
#define HEATSTREAM_WIRE_ROW_TEXT_H

#include "base/buffer.h"
#include "wire/decoder.h"
#include "wire/rows.h"

struct row_text;

/* `decoding`: format (json, binary or csv), names, unit of times, columns; strings are copied.
 * `shift_ms` is added to every time. */
struct row_text *row_text_create(const struct decoder_config *decoding, int64_t shift_ms);
void row_text_destroy(struct row_text *text); /* accepts NULL */

int64_t row_text_shift_ms(const struct row_text *text);

/* Appends value and, of the binary form, key. False when the form does not hold the row's time,
 * shifted; then the buffers hold nothing of use. */
bool row_text_put(const struct row_text *text, const struct row *row, struct buffer *key,
                  struct buffer *value);

#endif
