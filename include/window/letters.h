/* Refused records waiting for the close of the open window. */
#ifndef HEATSTREAM_WINDOW_LETTERS_H
#define HEATSTREAM_WINDOW_LETTERS_H

#include "base/buffer.h"
#include "base/status.h"
#include "window/event.h"

/* Zero-initialised is empty. `list` and `bytes` are owned; written by this module. */
struct letters {
    struct dead_letter *list;
    int64_t count, capacity;
    struct buffer bytes; /* the raw keys and values of the list */
};

void letters_release(struct letters *letters);
void letters_clear(struct letters *letters); /* keeps the memory */

/* Copies the record's raw bytes, cut at DEAD_LETTER_BYTES each. */
void letters_add(struct letters *letters, const struct record *record, enum fate reason);

/* By (partition, offset). */
void letters_sort(struct letters *letters);

/* `letters` are sorted first, so that equal contents give equal bytes. */
void letters_save(struct letters *letters, struct buffer *state);
enum status letters_load(struct letters *letters, struct buffer_reader *state, int partitions,
                         struct error *err) MUST_CHECK;

#endif
