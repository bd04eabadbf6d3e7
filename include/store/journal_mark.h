/* How far a journal had come, and what it said: a checkpoint counts on the decisions that were
 * journaled before it was taken, and a journal that has lost some of them, or says others, would
 * lead on to other bits. */
#ifndef HEATSTREAM_STORE_JOURNAL_MARK_H
#define HEATSTREAM_STORE_JOURNAL_MARK_H

#include <stdint.h>

#include "base/status.h"

struct journal_mark {
    int64_t lines;
    int64_t crc; /* CRC-32 over these lines, each with its final 0 */
};

/* Of the first lines of the file, `most` at most; a torn last line is none. The file may be
 * appended to meanwhile. STATUS_BAD_DATA: a damaged line. */
enum status journal_mark_of(const char *path, int64_t most, struct journal_mark *mark,
                            struct error *err) MUST_CHECK;

#endif
