/* Text for manual pages: mdoc(7) gives characters a meaning that ordinary text does not. */
#ifndef HEATSTREAM_BASE_MDOC_H
#define HEATSTREAM_BASE_MDOC_H

#include "base/buffer.h"

/* Appends words as running text, `…` as a literal, a sentence a line, and ends the line. */
void mdoc_text(const char *words, struct buffer *text);

/* Appends words as one argument of a macro, in quotation marks. */
void mdoc_argument(const char *words, struct buffer *text);

#endif
