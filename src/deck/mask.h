/* Drawings of regions. Internal to deck/. */
#ifndef HEATSTREAM_DECK_MASK_H
#define HEATSTREAM_DECK_MASK_H

#include "base/buffer.h"
#include "base/status.h"

/* The cells that `mark` stands for in a drawing of nx x ny cells, as struct deck_run by x, then y.
 * A line may end with CR LF, the last one without. STATUS_BAD_DECK with what is wrong, by line. */
enum status mask_read(const char *path, char mark, int64_t nx, int64_t ny, struct buffer *runs,
                      struct error *err) MUST_CHECK;

#endif
