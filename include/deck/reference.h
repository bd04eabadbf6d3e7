/* Documents generated from the option table. */
#ifndef HEATSTREAM_DECK_REFERENCE_H
#define HEATSTREAM_DECK_REFERENCE_H

#include "base/buffer.h"
#include "deck/options.h"

/* The deck reference of the README: one Markdown table a section. */
void deck_reference_markdown(struct buffer *text);

/* The same as manual page heatstream-deck(5). */
void deck_reference_manual(struct buffer *text);

/* What an option takes, in words: "1 to 100", "`auto` or at least 0". */
void deck_reference_values(const struct deck_option *option, struct buffer *text);

/* How documents call the field of an item: `regions[].box`. */
enum { DECK_FIELD_NAME = 64 };
void deck_reference_field(const struct deck_item *kind, int field, char name[DECK_FIELD_NAME]);

/* A JSON schema (draft 2020-12) that editors check decks against. */
void deck_reference_schema(struct buffer *text);

#endif
