/* Documents generated from the option table. */
#ifndef HEATSTREAM_DECK_REFERENCE_H
#define HEATSTREAM_DECK_REFERENCE_H

#include "base/buffer.h"

/* The deck reference of the README: one Markdown table a section. */
void deck_reference_markdown(struct buffer *text);

/* A JSON schema (draft 2020-12) that editors check decks against. */
void deck_reference_schema(struct buffer *text);

#endif
